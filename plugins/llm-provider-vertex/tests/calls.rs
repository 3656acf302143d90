//! What the plugin adds to the wire formats: addresses, tokens that renew themselves, two publishers.
#![cfg(test)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests say what they expect")]

use std::sync::Arc;

use llm_core::{
    BuildCx, Capabilities, ChatRequest, EmbedRequest, Error, ErrorKind, KnownModels, Provider, Request, Response,
};
use llm_provider_vertex::PLUGIN;
use llm_testkit::{Exchange, ScriptedTransport};
use serde_json::{Value, json};

fn provider(config: &Value) -> Result<Arc<dyn Provider>, Error> {
    PLUGIN.build(config.as_object().unwrap().clone(), &BuildCx::new("vertex-eu"))
}

/// The account that takes the variables: the one of the plugin's own id.
fn own(config: &Value) -> Result<Arc<dyn Provider>, Error> {
    PLUGIN.build(config.as_object().unwrap().clone(), &BuildCx::new(PLUGIN.id))
}

fn gemini() -> Exchange {
    let part = json!({"content": {"role": "model", "parts": [{"text": "Hi"}]}, "finishReason": "STOP"});
    Exchange::json(200, &json!({"candidates": [part]}))
}

fn chat(model: &str) -> Request {
    Request::Chat(Arc::new(ChatRequest::new(model).with_user("hi")))
}

#[tokio::test]
async fn a_machines_token_is_asked_for_once() {
    let token = json!({"access_token": "token-of-the-machine", "expires_in": 3599, "token_type": "Bearer"});
    let transport = ScriptedTransport::new([Exchange::json(200, &token), gemini(), gemini()]);
    let provider = provider(&json!({"metadata": true, "project": "p", "location": "europe-west4"})).unwrap();
    for _ in 0..2 {
        provider.call(&transport.cx(), chat("gemini-3.5-flash")).await.unwrap();
    }
    let requests = transport.requests();
    assert_eq!(requests.len(), 3);
    assert_eq!(requests[0].header("metadata-flavor"), Some("Google"));
    assert_eq!(
        requests[2].url,
        "https://europe-west4-aiplatform.googleapis.com/v1/projects/p/locations/europe-west4/publishers/google/models/\
         gemini-3.5-flash:generateContent"
    );
    assert_eq!(requests[2].header("authorization"), Some("Bearer token-of-the-machine"));
    assert!(requests[2].headers["authorization"].is_sensitive());
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_within_the_call() {
    let token = |name: &str| Exchange::json(200, &json!({"access_token": name, "expires_in": 3599}));
    let refused = || Exchange::json(401, &json!({"error": {"code": 401, "status": "UNAUTHENTICATED"}}));
    let answers = [token("token-one"), refused(), token("token-two"), gemini(), refused()];
    let transport = ScriptedTransport::new(answers);
    let provider = provider(&json!({"metadata": true, "project": "p"})).unwrap();
    provider.call(&transport.cx(), chat("gemini-3.5-flash")).await.unwrap();
    let error = provider.call(&transport.cx(), chat("gemini-3.5-flash")).await.unwrap_err();
    assert_eq!((error.kind(), error.status(), transport.remaining()), (ErrorKind::Auth, Some(401), 0));
    let with: Vec<_> =
        transport.requests().iter().map(|sent| sent.header("authorization").map(str::to_owned)).collect();
    let bearer = |name: &str| Some(format!("Bearer {name}"));
    assert_eq!(with, [None, bearer("token-one"), None, bearer("token-two"), bearer("token-two")]);
}

#[tokio::test]
async fn a_users_refresh_token_becomes_a_token() {
    let file = std::env::temp_dir().join(format!("loquat-vertex-{}.json", std::process::id()));
    let credentials =
        json!({"type": "authorized_user", "client_id": "id", "client_secret": "s+1", "refresh_token": "1//r"});
    std::fs::write(&file, credentials.to_string()).unwrap();
    let provider = provider(&json!({"credentials_file": file, "project": "p"})).unwrap();
    let transport =
        ScriptedTransport::new([Exchange::json(200, &json!({"access_token": "t", "expires_in": 10})), gemini()]);
    provider.call(&transport.cx(), chat("gemini-3.5-flash")).await.unwrap();
    let asked = &transport.requests()[0];
    assert_eq!(asked.url, "https://oauth2.googleapis.com/token");
    assert_eq!(asked.text(), "grant_type=refresh_token&client_id=id&client_secret=s%2B1&refresh_token=1%2F%2Fr");
    let transport = ScriptedTransport::always(Exchange::new(400, r#"{"error": "invalid_grant", "hint": "1//r"}"#));
    let error = self::provider(&json!({"credentials_file": file, "project": "p"}))
        .unwrap()
        .call(&transport.cx(), chat("gemini-3.5-flash"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert!(!error.message().contains("1//r"), "{error}");
    std::fs::remove_file(file).unwrap();
}

#[tokio::test]
async fn an_external_accounts_token_becomes_a_service_accounts() {
    let path = |name: &str| std::env::temp_dir().join(format!("loquat-vertex-{name}-{}", std::process::id()));
    let (file, subject) = (path("external"), path("subject"));
    let credentials = json!({"type": "external_account", "audience": "//iam/pool", "token_url": "https://sts.test/v1/token",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "credential_source": {"file": subject, "format": {"type": "json", "subject_token_field_name": "jwt"}},
        "service_account_impersonation_url": "https://iam.test/robot:generateAccessToken"});
    std::fs::write(&file, credentials.to_string()).unwrap();
    std::fs::write(&subject, r#"{"jwt": "somebody+elses"}"#).unwrap();
    let federated = json!({"access_token": "federated", "expires_in": 3600, "token_type": "Bearer"});
    let robot = json!({"accessToken": "robots", "expireTime": "2999-01-01T00:00:00Z"});
    let transport =
        ScriptedTransport::new([Exchange::json(200, &federated), Exchange::json(200, &robot), gemini(), gemini()]);
    let provider = provider(&json!({"credentials_file": file, "project": "p"})).unwrap();
    for _ in 0..2 {
        provider.call(&transport.cx(), chat("gemini-3.5-flash")).await.unwrap();
    }
    let asked = transport.requests();
    assert_eq!(asked[0].url, "https://sts.test/v1/token");
    assert!(asked[0].text().starts_with("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&"));
    assert!(asked[0].text().ends_with("&subject_token=somebody%2Belses"), "{}", asked[0].text());
    assert_eq!(asked[1].header("authorization"), Some("Bearer federated"));
    assert_eq!(asked[1].json(), json!({"scope": ["https://www.googleapis.com/auth/cloud-platform"]}));
    assert_eq!(asked[3].header("authorization"), Some("Bearer robots"));
    for file in [file, subject] {
        std::fs::remove_file(file).unwrap();
    }
}

#[tokio::test]
async fn claude_is_asked_as_its_publisher_wants() {
    let answer = json!({"type": "message", "role": "assistant", "content": [{"type": "text", "text": "Hi"}],
        "stop_reason": "end_turn", "usage": {"input_tokens": 1, "output_tokens": 1}});
    let transport = ScriptedTransport::always(Exchange::json(200, &answer));
    let provider = provider(&json!({"access_token": "t", "project": "p"})).unwrap();
    let Response::Chat(response) =
        provider.call(&transport.cx(), chat("anthropic/claude-haiku-4-5@20251001")).await.unwrap()
    else {
        panic!()
    };
    assert_eq!((response.text().as_str(), &*response.origin.api), ("Hi", "anthropic"));
    let sent = transport.last_request().unwrap();
    assert!(sent.url.ends_with("/locations/global/publishers/anthropic/models/claude-haiku-4-5@20251001:rawPredict"));
    assert_eq!(sent.json()["anthropic_version"], "vertex-2023-10-16");
    assert!(sent.json().get("model").is_none());
    let transport = ScriptedTransport::always(Exchange::json(200, &json!({"input_tokens": 61})));
    let request = ChatRequest::new("anthropic/claude-haiku-4-5@20251001").with_user("hi");
    let Response::CountTokens(count) =
        provider.call(&transport.cx(), Request::CountTokens(Arc::new(request))).await.unwrap()
    else {
        panic!()
    };
    assert_eq!(count.input_tokens, 61);
    let sent = transport.last_request().unwrap();
    assert!(sent.url.ends_with("/publishers/anthropic/models/count-tokens:rawPredict"), "{}", sent.url);
    assert_eq!(sent.json()["model"], "claude-haiku-4-5@20251001");
}

#[tokio::test]
async fn open_models_are_asked_by_openais_protocol() {
    let answer = json!({"id": "c", "model": "meta/llama-x", "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"},
    ]});
    let transport = ScriptedTransport::always(Exchange::json(200, &answer));
    let provider = provider(&json!({"access_token": "t", "project": "p", "location": "us-central1"})).unwrap();
    for (name, path, model) in [
        ("meta/llama-x", "endpoints/openapi/chat/completions", "meta/llama-x"),
        ("publishers/qwen/models/q", "endpoints/openapi/chat/completions", "qwen/q"),
        ("mistralai/mistral-x@001", "publishers/mistralai/models/mistral-x@001:rawPredict", "mistral-x"),
    ] {
        let Response::Chat(response) = provider.call(&transport.cx(), chat(name)).await.unwrap() else { panic!() };
        assert_eq!(
            (response.text().as_str(), &*response.origin.api, &*response.origin.model),
            ("Hi", "openai-chat", name)
        );
        let sent = transport.last_request().unwrap();
        assert_eq!(
            sent.url,
            format!("https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/us-central1/{path}")
        );
        assert_eq!(sent.json()["model"], model);
    }
    let refused = json!([{"error": {"code": 429, "message": "Quota exceeded.", "status": "RESOURCE_EXHAUSTED"}}]);
    let transport = ScriptedTransport::always(Exchange::json(429, &refused));
    let error = provider.call(&transport.cx(), chat("meta/llama-x")).await.unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::RateLimited, "Quota exceeded."));
}

#[tokio::test]
async fn the_catalogue_knows_whose_a_model_is() {
    struct Known;
    impl KnownModels for Known {
        fn capabilities(&self, plugin: &str, model: &str) -> Arc<Capabilities> {
            let mut capabilities = Capabilities::default();
            capabilities.publisher = (plugin == "vertex" && model == "claude-x").then_some("anthropic".into());
            Arc::new(capabilities)
        }
    }
    let config = json!({"access_token": "t", "project": "p"});
    let cx = BuildCx::new("vertex-eu").with_models(Arc::new(Known));
    let provider = PLUGIN.build(config.as_object().unwrap().clone(), &cx).unwrap();
    let transport = ScriptedTransport::always(Exchange::new(404, ""));
    for (model, publisher) in [("claude-x", "anthropic"), ("claude-y", "google")] {
        provider.call(&transport.cx(), chat(model)).await.unwrap_err();
        let url = transport.last_request().unwrap().url;
        assert!(url.contains(&format!("/publishers/{publisher}/models/{model}:")), "{url}");
    }
}

#[tokio::test]
async fn models_of_all_publishers_are_listed_as_far_as_they_are_shown() {
    let page = |publisher: &str| json!({"publisherModels": [{"name": format!("publishers/{publisher}/models/m")}]});
    let mut exchanges = vec![Exchange::json(200, &page("google")), Exchange::json(200, &page("anthropic"))];
    exchanges.extend((0..5).map(|_| Exchange::new(404, "")));
    let transport = ScriptedTransport::new(exchanges);
    let provider = provider(&json!({"access_token": "t", "project": "p"})).unwrap();
    let Response::Models(models) = provider.call(&transport.cx(), Request::Models).await.unwrap() else { panic!() };
    assert_eq!(models.iter().map(|model| model.id.as_str()).collect::<Vec<_>>(), ["m", "anthropic/m"]);
    let first = &transport.requests()[0];
    assert!(first.url.contains("/v1beta1/publishers/google/models"), "{}", first.url);
    assert_eq!(first.header("x-goog-user-project"), Some("p"));
}

#[tokio::test]
async fn a_tier_is_a_header() {
    let transport = ScriptedTransport::always(gemini());
    let provider = provider(&json!({"access_token": "t", "project": "p"})).unwrap();
    let mut request = ChatRequest::new("gemini-3.5-flash").with_user("hi");
    request.service_tier = Some("flex".to_owned());
    provider.call(&transport.cx(), Request::Chat(Arc::new(request))).await.unwrap();
    let sent = transport.last_request().unwrap();
    assert_eq!(sent.header("x-vertex-ai-llm-shared-request-type"), Some("flex"));
    assert!(sent.json().get("serviceTier").is_none());
}

#[tokio::test]
async fn texts_become_vectors_by_predict() {
    let one = json!({"embeddings": {"values": [0.5, 1.0], "statistics": {"token_count": 3.0}}});
    let transport = ScriptedTransport::always(Exchange::json(200, &json!({"predictions": [one, one]})));
    let provider = provider(&json!({"access_token": "t", "project": "p"})).unwrap();
    let mut request = EmbedRequest::new("text-embedding-005", ["a", "b"]);
    request.task = Some("query".to_owned());
    request.dimensions = Some(2);
    let asked = Request::Embed(Arc::new(request));
    let Response::Embed(answer) = provider.call(&transport.cx(), asked).await.unwrap() else { panic!() };
    assert_eq!((answer.vectors, answer.usage.input), (vec![vec![0.5, 1.0]; 2], Some(6)));
    assert_eq!(
        transport.last_request().unwrap().json(),
        json!({"instances": [{"content": "a", "task_type": "RETRIEVAL_QUERY"}, {"content": "b", "task_type": "RETRIEVAL_QUERY"}],
            "parameters": {"outputDimensionality": 2}})
    );
}

#[tokio::test]
async fn what_is_missing_is_named_and_nothing_is_sent() {
    for (config, word) in [
        (json!({"project": "p"}), "GOOGLE_APPLICATION_CREDENTIALS"),
        (json!({"access_token": "t"}), "GOOGLE_CLOUD_PROJECT"),
        (json!({"project": "p", "credentials_file": "/nowhere/key.json"}), "/nowhere/key.json"),
    ] {
        let transport = ScriptedTransport::always(gemini());
        let error = own(&config).unwrap().call(&transport.cx(), chat("gemini-3.5-flash")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Auth);
        assert!(error.message().contains(word), "{error}");
        assert!(transport.requests().is_empty());
    }
}
