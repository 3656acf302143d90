//! What the plugin adds to the wire format: addresses, versions, tokens, deployments.
#![cfg(test)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests say what they expect")]

use std::sync::Arc;

use futures_util::future::join_all;
use llm_core::{
    BuildCx, ChatRequest, EmbedRequest, Error, ErrorKind, Media, Part, Provider, Request, Response, Role, Support,
};
use llm_provider_azure_openai::PLUGIN;
use llm_testkit::{Exchange, RecordedRequest, ScriptedTransport};
use serde_json::{Value, json};

const ANSWER: &str = include_str!("fixtures/chat.json");
const HOST: &str = "https://name.openai.azure.com";
/// A token as Entra gives them: three parts, the first one of an object.
const TOKEN: &str = "eyJhbGciOiJub25lIn0.eyJhdWQiOiJ0ZXN0In0.signature-1";

fn provider(config: &Value) -> Result<Arc<dyn Provider>, Error> {
    PLUGIN.build(config.as_object().unwrap().clone(), &BuildCx::new("azure-eu"))
}

/// The account that takes the variables: the one of the plugin's own id.
fn own(config: &Value) -> Result<Arc<dyn Provider>, Error> {
    PLUGIN.build(config.as_object().unwrap().clone(), &BuildCx::new(PLUGIN.id))
}

fn request(model: &str) -> ChatRequest {
    let mut request = ChatRequest::new(model).with_user("hi");
    request.sampling.temperature = Some(0.5);
    request.sampling.max_output_tokens = Some(50);
    request
}

fn chat(model: &str) -> Request {
    Request::Chat(Arc::new(request(model)))
}

async fn sent(config: Value, request: Request) -> RecordedRequest {
    let transport = ScriptedTransport::always(Exchange::new(200, ANSWER));
    // Only the request counts here.
    let _ = provider(&config).unwrap().call(&transport.cx(), request).await;
    transport.last_request().unwrap()
}

fn token(seconds: u64) -> Exchange {
    Exchange::json(200, &json!({"token_type": "Bearer", "expires_in": seconds, "access_token": TOKEN}))
}

#[tokio::test]
async fn the_v1_api_has_the_deployment_in_the_body() {
    let config = || json!({"api_key": "k1", "base_url": HOST});
    let asked = sent(config(), chat("my-gpt")).await;
    assert_eq!(asked.url, format!("{HOST}/openai/v1/chat/completions"));
    assert_eq!((asked.header("api-key"), asked.header("authorization")), (Some("k1"), None));
    assert_eq!(asked.json()["model"], "my-gpt");
    assert_eq!(asked.json()["max_completion_tokens"], 50);
    let embed = Request::Embed(Arc::new(EmbedRequest::new("embed-3", ["hi"])));
    assert_eq!(sent(config(), embed).await.url, format!("{HOST}/openai/v1/embeddings"));
    let preview = json!({"api_key": "k1", "base_url": format!("{HOST}/openai/v1/"), "api_version": "preview"});
    assert_eq!(sent(preview, chat("m")).await.url, format!("{HOST}/openai/v1/chat/completions?api-version=preview"));
    let responses = json!({"api_key": "k1", "base_url": HOST, "api": "responses"});
    assert_eq!(sent(responses, chat("m")).await.url, format!("{HOST}/openai/v1/responses"));
}

#[tokio::test]
async fn a_dated_version_has_the_deployment_in_the_path() {
    let config = |version: &str| json!({"api_key": "k1", "base_url": HOST, "api_version": version});
    let asked = sent(config("2025-04-01-preview"), chat("my gpt/4")).await;
    let path = format!("{HOST}/openai/deployments/my%20gpt%2F4");
    assert_eq!(asked.url, format!("{path}/chat/completions?api-version=2025-04-01-preview"));
    assert_eq!(asked.json()["max_completion_tokens"], 50);
    let old = sent(config("2024-02-01"), Request::ChatStream(Arc::new(request("m")))).await;
    assert_eq!(old.json()["max_tokens"], 50);
    assert!(old.json().get("stream_options").is_none(), "{}", old.text());
    let mut config = config("2025-04-01-preview");
    config["api"] = "responses".into();
    let asked = sent(config, chat("my-gpt")).await;
    assert_eq!(asked.url, format!("{HOST}/openai/responses?api-version=2025-04-01-preview"));
    assert_eq!(asked.json()["model"], "my-gpt");
}

#[tokio::test]
async fn other_publishers_models_have_a_way_of_their_own() {
    let config = json!({"api_key": "k1", "base_url": "https://name.services.ai.azure.com/models"});
    let asked = sent(config, chat("grok")).await;
    let url = "https://name.services.ai.azure.com/models/chat/completions?api-version=2024-05-01-preview";
    assert_eq!(asked.url, url);
    assert_eq!((asked.json()["model"].as_str(), asked.json()["max_tokens"].as_u64()), (Some("grok"), Some(50)));
}

#[tokio::test]
async fn a_document_goes_where_documents_are_taken() {
    let document = Part::media(Media::inline("application/pdf", &b"%PDF-1.7"[..]));
    let request = ChatRequest::new("m").with_message(llm_core::Message::new(Role::User, vec![document]));
    let asked = sent(json!({"api_key": "k1", "base_url": HOST}), Request::Chat(Arc::new(request))).await;
    assert!(asked.url.ends_with("/openai/v1/responses"), "{}", asked.url);
    assert_eq!(asked.json()["input"][0]["content"][0]["type"], "input_file", "{}", asked.text());
}

#[tokio::test]
async fn what_is_known_of_a_model_is_known_of_its_deployment() {
    let config = json!({"api_key": "k1", "base_url": HOST, "deployments": {"ours": "gpt-5-mini", "theirs": "acme/x"}});
    let known = provider(&config).unwrap();
    assert_eq!(known.capabilities("ours").sampling, Support::No);
    assert_eq!(known.capabilities("theirs").sampling, Support::Unknown);
    let asked = sent(config, chat("ours")).await;
    assert_eq!((asked.json()["model"].as_str(), asked.json().get("temperature")), (Some("ours"), None));
}

#[tokio::test]
async fn an_application_gets_one_token_for_all_that_wait() {
    let transport = ScriptedTransport::new([token(3599), Exchange::new(200, ANSWER), Exchange::new(200, ANSWER)]);
    let config = json!({"base_url": HOST, "tenant_id": "t-1", "client_id": "c-1", "client_secret": "s+1"});
    let provider = provider(&config).unwrap();
    let cx = transport.cx();
    for answer in join_all([(); 2].map(|()| provider.call(&cx, chat("m")))).await {
        answer.unwrap();
    }
    let asked = transport.requests();
    assert_eq!(asked.len(), 3);
    assert_eq!(asked[0].url, "https://login.microsoftonline.com/t-1/oauth2/v2.0/token");
    let form = "grant_type=client_credentials&client_id=c-1&\
        scope=https%3A%2F%2Fcognitiveservices.azure.com%2F.default&client_secret=s%2B1";
    assert_eq!(asked[0].text(), form);
    for call in &asked[1..] {
        assert_eq!(call.header("authorization"), Some(&*format!("Bearer {TOKEN}")));
        assert!(call.headers["authorization"].is_sensitive() && call.header("api-key").is_none());
    }
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_within_the_call() {
    let other = format!("{TOKEN}-2");
    let renewed = Exchange::json(200, &json!({"expires_in": 3600, "access_token": other}));
    let refused = || Exchange::json(401, &json!({"error": {"code": "401", "message": "Unauthorized"}}));
    let transport = ScriptedTransport::new([token(3600), refused(), renewed, Exchange::new(200, ANSWER), refused()]);
    let provider = provider(&json!({"base_url": HOST, "managed_identity": true})).unwrap();
    provider.call(&transport.cx(), chat("m")).await.unwrap();
    let error = provider.call(&transport.cx(), chat("m")).await.unwrap_err();
    assert_eq!((error.kind(), transport.remaining()), (ErrorKind::Auth, 0));
    assert_eq!(transport.requests()[3].header("authorization"), Some(&*format!("Bearer {other}")));
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends() {
    let answers = [token(299), Exchange::new(200, ANSWER), token(3600), Exchange::new(200, ANSWER)];
    let transport = ScriptedTransport::new(answers);
    let provider = provider(&json!({"base_url": HOST, "managed_identity": true})).unwrap();
    for _ in 0..2 {
        provider.call(&transport.cx(), chat("m")).await.unwrap();
    }
    let asked = transport.requests();
    assert_eq!(asked.len(), 4);
    let machine = "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&\
        resource=https%3A%2F%2Fcognitiveservices.azure.com";
    assert_eq!((&*asked[2].url, asked[2].header("metadata")), (machine, Some("true")));
}

#[tokio::test]
async fn app_service_gives_the_token_of_one_of_several_identities() {
    let transport = ScriptedTransport::new([token(3600), Exchange::new(200, ANSWER)]);
    let config = json!({"base_url": HOST, "identity_endpoint": "http://127.0.0.1:41/msi", "identity_header": "h-1",
        "client_id": "c 1", "scope": "https://ai.azure.com/.default"});
    provider(&config).unwrap().call(&transport.cx(), chat("m")).await.unwrap();
    let asked = &transport.requests()[0];
    let url = "http://127.0.0.1:41/msi?api-version=2019-08-01&resource=https%3A%2F%2Fai.azure.com&client_id=c%201";
    assert_eq!((&*asked.url, asked.header("x-identity-header")), (url, Some("h-1")));
    assert!(asked.headers["x-identity-header"].is_sensitive());
}

#[tokio::test]
async fn a_federated_token_is_read_anew_each_time() {
    let file = std::env::temp_dir().join(format!("loquat-azure-{}.jwt", std::process::id()));
    let config = json!({"base_url": HOST, "tenant_id": "t", "client_id": "c", "federated_token_file": file,
        "authority_host": "https://login.microsoftonline.us/"});
    let provider = provider(&config).unwrap();
    let transport =
        ScriptedTransport::new([token(10), Exchange::new(200, ANSWER), token(10), Exchange::new(200, ANSWER)]);
    for text in ["first\n", "second\n"] {
        std::fs::write(&file, text).unwrap();
        provider.call(&transport.cx(), chat("m")).await.unwrap();
    }
    std::fs::remove_file(&file).unwrap();
    let asked = transport.requests();
    assert_eq!(asked[0].url, "https://login.microsoftonline.us/t/oauth2/v2.0/token");
    let kind = "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
    assert!(asked[0].text().ends_with(&format!("&{kind}&client_assertion=first")), "{}", asked[0].text());
    assert!(asked[2].text().ends_with("&client_assertion=second"), "{}", asked[2].text());
    let error = self::provider(&config).unwrap().call(&transport.cx(), chat("m")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert!(error.message().contains("loquat-azure-"), "{error}");
}

#[tokio::test]
async fn a_refused_application_is_an_auth_error_without_its_secret() {
    let body = r#"{"error":"invalid_client","error_description":"AADSTS7000215: secret 'the-secret' is wrong"}"#;
    let transport = ScriptedTransport::always(Exchange::new(401, body));
    let config = json!({"base_url": HOST, "tenant_id": "t", "client_id": "c", "client_secret": "the-secret"});
    let error = provider(&config).unwrap().call(&transport.cx(), chat("m")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert!(error.message().contains("invalid_client") && !error.message().contains("the-secret"), "{error}");
    assert_eq!(transport.requests().len(), 1);
}

#[tokio::test]
async fn a_credential_of_the_call_goes_first_and_an_address_only_with_it() {
    let config = json!({"base_url": HOST, "access_token": TOKEN});
    let transport = ScriptedTransport::always(Exchange::new(200, ANSWER));
    let ask = async |credential: Option<&str>| {
        let mut cx = transport.cx();
        cx.credential = credential.map(Into::into);
        cx.endpoint = Some("https://elsewhere.test/openai/v1".into());
        provider(&config).unwrap().call(&cx, chat("m")).await.unwrap();
        transport.last_request().unwrap()
    };
    let asked = ask(Some("key-of-the-call")).await;
    assert_eq!(asked.url, "https://elsewhere.test/openai/v1/chat/completions");
    assert_eq!((asked.header("api-key"), asked.header("authorization")), (Some("key-of-the-call"), None));
    let asked = ask(Some("eyJh.eyJi.another")).await;
    assert_eq!((asked.header("api-key"), asked.header("authorization")), (None, Some("Bearer eyJh.eyJi.another")));
    let asked = ask(None).await;
    assert_eq!(asked.url, format!("{HOST}/openai/v1/chat/completions"));
    assert_eq!(asked.header("authorization"), Some(&*format!("Bearer {TOKEN}")));
}

#[tokio::test]
async fn what_is_missing_is_named_and_nothing_is_sent() {
    for (config, word) in [
        (json!({"base_url": HOST}), "AZURE_OPENAI_KEY"),
        (json!({"base_url": HOST, "api_key": " "}), "AZURE_OPENAI_KEY"),
        (json!({"base_url": HOST, "client_secret": "s", "client_id": "c"}), "AZURE_TENANT_ID"),
    ] {
        let transport = ScriptedTransport::always(Exchange::new(200, ANSWER));
        let error = own(&config).unwrap().call(&transport.cx(), chat("m")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Auth);
        assert!(error.message().contains(word), "{error}");
        assert!(transport.requests().is_empty());
    }
    for (config, word) in
        [(json!({"api_key": "k"}), "AZURE_OPENAI_ENDPOINT"), (json!({"base_url": HOST, "api": "x"}), "api")]
    {
        let Err(error) = own(&config) else { panic!("{config} is taken") };
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.message().contains(word), "{error}");
    }
}

#[tokio::test]
async fn what_the_filters_say_is_kept() {
    let transport = ScriptedTransport::always(Exchange::new(200, ANSWER));
    let config = json!({"api_key": "k1", "base_url": HOST});
    let Response::Chat(response) = provider(&config).unwrap().call(&transport.cx(), chat("m")).await.unwrap() else {
        panic!()
    };
    let kept = serde_json::to_value(&response.ext).unwrap();
    assert_eq!(kept["openai-chat"]["prompt_filter_results"][0]["content_filter_results"]["hate"]["filtered"], false);
    assert!(kept.to_string().contains("protected_material_text"), "{kept}");
    assert_eq!(response.model.as_deref(), Some("gpt-5.4-mini-2026-03-17"));
}
