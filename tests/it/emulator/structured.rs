//! Answers by a schema, by each vendor's own mode, by a forced tool and by words: through a client, over real HTTP.

use llm_core::schema::{Schema, json_in};
use llm_core::{ChatResponse, FinishReason, JsonSchema, OutputFormat, Warning};
use llm_testkit::emulator::{Emulator, Step};
use loquat::{ChatRequest, Client, Config, Environment};

use super::{PROVIDERS, city};

/// A client of one provider, of whose models the operator says what they can do.
async fn client(id: &str, can: &str) -> (Emulator, Client) {
    let emulator = Emulator::start().await.unwrap();
    let url = if id.starts_with("openai") { emulator.openai_url() } else { emulator.base_url() };
    let config = format!(
        r#"
        [[provider]]
        id = "{id}"
        api_key = "sk-emulator-test-key"
        base_url = "{url}"
        [[prices.model]]
        provider = "{id}"
        model = "*"
        capabilities = {{ {can} }}
        "#
    );
    let config = Config::from_toml(&config).unwrap();
    (emulator, Client::builder().config(config).environment(Environment::empty()).build().unwrap())
}

fn question(id: &str, model: &str) -> ChatRequest {
    let mut request = ChatRequest::new(format!("{id}/{model}")).with_user("one two three four");
    request.sampling.max_output_tokens = Some(1000);
    let schema = JsonSchema { name: "weather".to_owned(), schema: city(), ..JsonSchema::default() };
    request.output = OutputFormat::JsonSchema(schema);
    request
}

/// The answer, whole and streamed.
async fn both(client: &Client, request: &ChatRequest) -> [ChatResponse; 2] {
    let cx = client.cx(None);
    let whole = client.send(&cx, request.clone()).await.unwrap();
    let streamed = client.send_stream(&cx, request.clone()).await.unwrap().collect().await.unwrap();
    [whole, streamed]
}

fn assert_follows(id: &str, response: &ChatResponse) {
    let text = response.text();
    let (_, value) = json_in(&text).unwrap_or_else(|| panic!("{id}: {text:?}"));
    assert_eq!(Schema::new(&city()).check(&value), Ok(()), "{id}: {text}");
    assert_eq!(response.finish.reason, FinishReason::Stop, "{id}");
    assert_eq!(response.message.tool_calls().count(), 0, "{id}");
}

fn way(response: &ChatResponse) -> &str {
    let said = response.warnings.iter().find_map(|warning| match warning {
        Warning::Adapted { field, details } if field == "output" => Some(details.as_str()),
        _ => None,
    });
    said.unwrap_or_default()
}

#[tokio::test]
async fn every_vendor_is_asked_in_the_best_way_it_has() {
    for id in PROVIDERS {
        for (can, model, expected) in [
            ("json_schema = \"yes\"", "json", ""),
            ("json_schema = \"no\", forced_tool = \"yes\"", "gpt-4.1", "a tool with the schema"),
        ] {
            // Ollama cannot be told which tool to call, whatever an operator says of its models.
            if id == "ollama" && can.contains("forced_tool") {
                continue;
            }
            let (emulator, client) = client(id, can).await;
            for response in both(&client, &question(id, model)).await {
                assert_follows(id, &response);
                assert!(way(&response).contains(expected), "{id}: {:?}", response.warnings);
                assert_eq!(way(&response).is_empty(), expected.is_empty(), "{id}");
            }
            assert!(emulator.requests().iter().all(|request| request.unknown_fields.is_empty()), "{id}");
        }
    }
}

#[tokio::test]
async fn a_model_without_tools_is_told_once_what_is_wrong() {
    for id in PROVIDERS {
        let (emulator, client) = client(id, "json_schema = \"no\", tools = \"no\"").await;
        let (bad, good) = ("It rains.", "```json\n{\"city\": \"Oslo\", \"days\": 2}\n```");
        emulator.script("gpt-4.1", [bad, good, bad, good].map(Step::text));
        for response in both(&client, &question(id, "gpt-4.1")).await {
            assert_follows(id, &response);
            assert!(way(&response).contains("asked again"), "{id}: {:?}", response.warnings);
        }
        assert_eq!(emulator.count("gpt-4.1"), 4, "{id}");
        assert!(emulator.requests().iter().all(|request| request.unknown_fields.is_empty()), "{id}");
    }
}
