//! What the plugin adds to the wire format: addresses, accounts, tokens, and bodies of its own.
#![cfg(test)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests say what they expect")]

use std::sync::Arc;

use llm_core::{
    BuildCx, Capabilities, ChatRequest, EmbedRequest, Error, ErrorKind, FinishReason, KnownModels, Provider, Request,
    RerankRequest, Response, Support, Tool, ToolChoice,
};
use llm_provider_watsonx::PLUGIN;
use llm_testkit::{Exchange, ScriptedTransport};
use serde_json::{Value, json};

const ANSWER: &str = include_str!("fixtures/chat.json");

fn provider(config: &Value) -> Result<Arc<dyn Provider>, Error> {
    PLUGIN.build(config.as_object().unwrap().clone(), &BuildCx::new("ibm-eu"))
}

/// The account that takes the variables: the one of the plugin's own id.
fn own(config: &Value) -> Result<Arc<dyn Provider>, Error> {
    PLUGIN.build(config.as_object().unwrap().clone(), &BuildCx::new(PLUGIN.id))
}

fn account() -> Value {
    json!({"token": "token-of-a-test", "project": "p-1", "region": "eu-de"})
}

fn chat(model: &str) -> Request {
    Request::Chat(Arc::new(ChatRequest::new(model).with_user("hi")))
}

fn token(token: &str, seconds: u64) -> Exchange {
    Exchange::json(200, &json!({"access_token": token, "expires_in": seconds, "token_type": "Bearer"}))
}

#[tokio::test]
async fn a_key_becomes_a_token_once() {
    let transport = ScriptedTransport::new([
        token("token-1", 3600),
        Exchange::new(200, ANSWER),
        Exchange::new(200, ANSWER),
        token("token-2", 3600),
        Exchange::new(200, ANSWER),
        Exchange::new(200, ANSWER),
    ]);
    let provider = provider(&json!({"api_key": "key+1", "space_id": "s-1"})).unwrap();
    let mut of_call = transport.cx();
    of_call.credential = Some("key-of-the-call".into());
    for cx in [transport.cx(), transport.cx(), of_call, transport.cx()] {
        provider.call(&cx, chat("ibm/granite-4-h-small")).await.unwrap();
    }
    let asked = transport.requests();
    let form = "grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Aapikey&apikey=";
    assert_eq!(
        (&*asked[0].url, asked[0].text()),
        ("https://iam.cloud.ibm.com/identity/token", format!("{form}key%2B1"))
    );
    assert_eq!(asked[1].url, "https://us-south.ml.cloud.ibm.com/ml/v1/text/chat?version=2024-03-13");
    let bearers: Vec<_> = [1, 2, 4, 5].map(|at: usize| asked[at].header("authorization").unwrap()).into();
    assert_eq!(bearers, ["Bearer token-1", "Bearer token-1", "Bearer token-2", "Bearer token-1"]);
    assert_eq!(asked[3].text(), format!("{form}key-of-the-call"));
    assert!(asked[1].headers["authorization"].is_sensitive());
    assert_eq!(
        (asked[1].json()["space_id"].as_str(), asked[1].json()["model_id"].as_str()),
        (Some("s-1"), Some("ibm/granite-4-h-small"))
    );
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let refused =
        json!({"errors": [{"code": "authentication_token_expired", "message": "Expired"}], "status_code": 401});
    let transport = ScriptedTransport::new([
        token("token-1", 3600),
        Exchange::json(401, &refused),
        token("token-2", 3600),
        Exchange::new(200, ANSWER),
    ]);
    let provider = provider(&json!({"api_key": "key", "project": "p"})).unwrap();
    provider.call(&transport.cx(), chat("m")).await.unwrap();
    assert_eq!(transport.last_request().unwrap().header("authorization"), Some("Bearer token-2"));
}

#[tokio::test]
async fn cloud_pak_for_data_has_keys_of_its_own() {
    let transport = ScriptedTransport::always(Exchange::new(200, ANSWER));
    let config = json!({"zen_api_key": "dXNlcjprZXk=", "base_url": "https://cpd.test/ml/v1/", "project": "p"});
    provider(&config).unwrap().call(&transport.cx(), chat("m")).await.unwrap();
    let asked = transport.last_request().unwrap();
    assert_eq!(asked.url, "https://cpd.test/ml/v1/text/chat?version=2024-03-13");
    assert_eq!(asked.header("authorization"), Some("ZenApiKey dXNlcjprZXk="));
}

#[tokio::test]
async fn a_deployment_has_its_own_account() {
    let transport = ScriptedTransport::always(Exchange::new(200, ANSWER));
    provider(&json!({"token": "t"})).unwrap().call(&transport.cx(), chat("deployment/my chat")).await.unwrap();
    let asked = transport.last_request().unwrap();
    assert!(asked.url.ends_with("/ml/v1/deployments/my%20chat/text/chat?version=2024-03-13"), "{}", asked.url);
    assert_eq!(asked.json(), json!({"messages": [{"role": "user", "content": "hi"}]}));
}

#[tokio::test]
async fn tools_and_choices_are_written_as_they_are_read_there() {
    let schema = json!({"type": "object", "additionalProperties": false,
        "properties": {"a": {"type": "object", "additionalProperties": false}}});
    let mut request = ChatRequest::new("m").with_user("hi").with_tool(Tool::function("f", "does", schema));
    let sent = async |request: &ChatRequest| {
        let transport = ScriptedTransport::always(Exchange::new(200, ANSWER));
        let asked = Request::Chat(Arc::new(request.clone()));
        provider(&account()).unwrap().call(&transport.cx(), asked).await.unwrap();
        transport.last_request().unwrap().json()
    };
    request.tool_choice = ToolChoice::Required;
    let body = sent(&request).await;
    assert_eq!(body["tool_choice_option"], "required");
    assert!(body.get("tool_choice").is_none() && !body.to_string().contains("additionalProperties"), "{body}");
    request.tool_choice = ToolChoice::Named("f".to_owned());
    let body = sent(&request).await;
    assert_eq!(body["tool_choice"], json!({"type": "function", "function": {"name": "f"}}));
}

#[tokio::test]
async fn texts_become_vectors_and_documents_come_in_order() {
    let vectors = json!({"model_id": "m", "results": [{"embedding": [0.5, 1.0]}, {"embedding": [1.0, 0.25]}], "input_token_count": 7});
    let transport = ScriptedTransport::always(Exchange::json(200, &vectors));
    let asked = Request::Embed(Arc::new(EmbedRequest::new("ibm/slate-125m-english-rtrvr-v2", ["a", "b"])));
    let Response::Embed(answer) = provider(&account()).unwrap().call(&transport.cx(), asked).await.unwrap() else {
        panic!()
    };
    assert_eq!((answer.vectors, answer.usage.input), (vec![vec![0.5, 1.0], vec![1.0, 0.25]], Some(7)));
    let sent = transport.last_request().unwrap();
    assert_eq!(sent.url, "https://eu-de.ml.cloud.ibm.com/ml/v1/text/embeddings?version=2024-03-13");
    let body = json!({"model_id": "ibm/slate-125m-english-rtrvr-v2", "inputs": ["a", "b"], "project_id": "p-1"});
    assert_eq!(sent.json(), body);

    let ranked = json!({"results": [{"index": 1, "score": 0.75, "input": {"text": "b"}}], "input_token_count": 9});
    let transport = ScriptedTransport::always(Exchange::json(200, &ranked));
    let mut request = RerankRequest::new("cross-encoder/ms-marco-minilm-l-12-v2", "which", ["a", "b"]);
    (request.top_n, request.return_documents) = (Some(1), Some(true));
    request.max_tokens_per_document = Some(100);
    let asked = Request::Rerank(Arc::new(request));
    let Response::Rerank(answer) = provider(&account()).unwrap().call(&transport.cx(), asked).await.unwrap() else {
        panic!()
    };
    let first = &answer.results[0];
    assert_eq!((first.index, first.score, first.document.as_deref()), (1, 0.75, Some("b")));
    let sent = transport.last_request().unwrap().json();
    assert_eq!(sent["inputs"], json!([{"text": "a"}, {"text": "b"}]));
    assert_eq!(
        sent["parameters"],
        json!({"truncate_input_tokens": 100, "return_options": {"top_n": 1, "inputs": true}})
    );
}

/// Knows of one kind of models only.
struct Continues;

impl KnownModels for Continues {
    fn capabilities(&self, _: &str, _: &str) -> Arc<Capabilities> {
        let mut capabilities = Capabilities::default();
        capabilities.completions_only = Support::Yes;
        Arc::new(capabilities)
    }
}

#[tokio::test]
async fn a_prompt_is_continued_where_a_model_knows_no_chats() {
    let cx = BuildCx::new("ibm").with_models(Arc::new(Continues));
    let provider = PLUGIN.build(account().as_object().unwrap().clone(), &cx).unwrap();
    let one = |text: &str, output: u64, input: u64, reason: &str| {
        json!({"model_id": "ibm/old", "results": [{"generated_text": text, "generated_token_count": output,
            "input_token_count": input, "stop_reason": reason}]})
    };
    let mut request = ChatRequest::new("ibm/old").with_user("1 + 1 =");
    request.sampling.max_output_tokens = Some(5);
    request.sampling.temperature = Some(0.5);
    let transport = ScriptedTransport::always(Exchange::json(200, &one("2", 2, 7, "eos_token")));
    let asked = Request::Chat(Arc::new(request.clone()));
    let Response::Chat(answer) = provider.call(&transport.cx(), asked).await.unwrap() else { panic!() };
    assert_eq!((answer.text().as_str(), answer.usage.input, answer.usage.output), ("2", Some(7), Some(2)));
    assert_eq!(answer.model.as_deref(), Some("ibm/old"));
    let sent = transport.last_request().unwrap();
    assert!(sent.url.ends_with("/ml/v1/text/generation?version=2024-03-13"), "{}", sent.url);
    let parameters = json!({"max_new_tokens": 5, "temperature": 0.5, "decoding_method": "sample"});
    let body = json!({"model_id": "ibm/old", "project_id": "p-1", "input": "1 + 1 =", "parameters": parameters});
    assert_eq!(sent.json(), body);

    let frames = [one("", 0, 7, "not_finished"), one("the", 1, 0, "not_finished"), one(" sun", 2, 0, "max_tokens")];
    let frame = |value: &Value| format!("id: 1\nevent: message\ndata: {value}\n\n");
    let text: String = frames.iter().map(frame).collect();
    let transport = ScriptedTransport::always(Exchange::new(200, text));
    let asked = Request::ChatStream(Arc::new(request));
    let Response::ChatStream(stream) = provider.call(&transport.cx(), asked).await.unwrap() else { panic!() };
    let answer = stream.collect().await.unwrap();
    assert_eq!((answer.text().as_str(), answer.usage.input, answer.usage.output), ("the sun", Some(7), Some(2)));
    assert_eq!(answer.finish.reason, FinishReason::Length);
    assert!(transport.last_request().unwrap().url.contains("/generation_stream?"));
}

#[tokio::test]
async fn models_are_listed_with_what_they_can_do() {
    let list = json!({"resources": [{"model_id": "ibm/a", "functions": [{"id": "text_chat"}],
        "model_limits": {"max_sequence_length": 131_072, "max_output_tokens": 8192}}, {"label": "no model"}]});
    let transport = ScriptedTransport::always(Exchange::json(200, &list));
    let Response::Models(models) = provider(&account()).unwrap().call(&transport.cx(), Request::Models).await.unwrap()
    else {
        panic!()
    };
    assert_eq!(models.len(), 1);
    let known = &models[0].capabilities;
    assert_eq!((known.chat, known.context_window, known.max_output), (Support::Yes, Some(131_072), Some(8192)));
}

#[tokio::test]
async fn what_is_missing_is_named_and_nothing_is_sent() {
    for (config, word) in [
        (json!({"project": "p"}), "WATSONX_APIKEY"),
        (json!({"project": "p", "api_key": " "}), "WATSONX_APIKEY"),
        (json!({"token": "t"}), "WATSONX_PROJECT_ID"),
    ] {
        let transport = ScriptedTransport::always(Exchange::new(200, ANSWER));
        let error = own(&config).unwrap().call(&transport.cx(), chat("m")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Auth);
        assert!(error.message().contains(word), "{error}");
        assert!(transport.requests().is_empty());
    }
    let Err(error) = provider(&json!({"region": "eu.evil.test/x"})) else { panic!() };
    assert!(error.kind() == ErrorKind::Config && !error.message().contains("evil"), "{error}");
}
