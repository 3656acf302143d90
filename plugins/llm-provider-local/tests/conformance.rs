//! What every plugin must do, as far as it makes sense without a vendor's bytes: the description is sound, a whole answer
//! and a stream say the same, and both say what the fixtures say.
#![cfg(test)]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use llm_core::{BuildCx, ChatRequest, ChatResponse, Error, Request, Response};
use llm_provider_local::PLUGIN;
use llm_testkit::ScriptedTransport;
use llm_testkit::conformance::{Check, Failure, Suite};
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Deserialize)]
struct Fixture {
    request: ChatRequest,
    expected: Value,
}

async fn ask(request: ChatRequest, streamed: bool) -> Result<ChatResponse, Error> {
    let provider = PLUGIN.build(Map::new(), &BuildCx::new("local"))?;
    let (cx, request) = (ScriptedTransport::new([]).cx(), Arc::new(request));
    let request = if streamed { Request::ChatStream(request) } else { Request::Chat(request) };
    match provider.call(&cx, request).await? {
        Response::Chat(response) => Ok(*response),
        Response::ChatStream(stream) => stream.collect().await,
        other => panic!("{other:?}"),
    }
}

fn said(answer: &Result<ChatResponse, Error>) -> Value {
    match answer {
        Ok(response) => json!({
            "text": response.text(),
            "reasoning": response.message.reasoning(),
            "tool_calls": response.message.tool_calls().map(|call| json!({
                "id": call.id,
                "name": call.name,
                "arguments": serde_json::from_str::<Value>(&call.arguments).unwrap(),
            })).collect::<Vec<_>>(),
            "finish_reason": response.finish.reason,
            "usage": response.usage,
        }),
        Err(error) => json!({ "error": {
            "kind": error.kind().as_str(),
            "status": error.status(),
            "message": error.message(),
            "retry_after_s": error.retry_after().map(|wait| wait.as_secs()),
            "text": error.partial().map(ChatResponse::text).unwrap_or_default(),
        } }),
    }
}

#[tokio::test]
async fn answers_and_streams_say_what_the_fixtures_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut seen = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let fixture: Fixture = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        for streamed in [false, true] {
            let answer = ask(fixture.request.clone(), streamed).await;
            assert_eq!(said(&answer), fixture.expected, "{} streamed: {streamed}", path.display());
            if let Ok(response) = answer {
                assert!(response.warnings.is_empty() && response.origin.is_target("local", &fixture.request.model));
            }
        }
        seen += 1;
    }
    assert!(seen >= 6, "fixtures are missing");
}

#[test]
fn the_plugin_describes_itself() -> Result<(), Failure> {
    Suite::new(&PLUGIN, &json!({}), "").run(Check::Plugin)
}
