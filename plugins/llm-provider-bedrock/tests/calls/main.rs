//! What the plugin adds to the wire formats: signatures, addresses, three ways to ask, batches of texts, lists of models.
#![cfg(test)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests say what they expect")]

mod elsewhere;
mod invoke;
mod renewed;

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use llm_core::{
    BuildCx, ChatRequest, Cx, EmbedRequest, Error, ErrorKind, Provider, Reasoning, Request, RerankRequest, Response,
    Secret, Support, Warning,
};
use llm_provider_bedrock::{Bedrock, Config, PLUGIN};
use llm_testkit::{Exchange, RecordedRequest, ScriptedTransport};
use serde_json::{Value, json};

const CHAT: &str = include_str!("../fixtures/chat.json");

fn provider(config: &Value) -> Result<Arc<dyn Provider>, Error> {
    PLUGIN.build(config.as_object().unwrap().clone(), &BuildCx::new("aws-eu"))
}

/// The account that takes the variables: the one of the plugin's own id.
fn own(config: &Value) -> Result<Arc<dyn Provider>, Error> {
    PLUGIN.build(config.as_object().unwrap().clone(), &BuildCx::new(PLUGIN.id))
}

/// A provider whose clock stands at the time of AWS's own test vectors.
fn signing(config: &Value) -> Bedrock {
    let config: Config = llm_core::read_config(config.as_object().unwrap().clone(), &BuildCx::new("bedrock")).unwrap();
    Bedrock::new(&BuildCx::new("aws-eu"), &config)
        .unwrap()
        .with_clock(|| UNIX_EPOCH + Duration::from_secs(1_440_938_160))
}

fn request() -> ChatRequest {
    ChatRequest::new("eu.amazon.nova-lite-v1:0").with_user("hi")
}

async fn chat(provider: &dyn Provider, cx: &Cx, request: ChatRequest) -> Result<Response, Error> {
    provider.call(cx, Request::Chat(Arc::new(request))).await
}

async fn sent(provider: &dyn Provider, request: ChatRequest, answer: &str) -> RecordedRequest {
    let transport = ScriptedTransport::always(Exchange::new(200, answer.to_owned()));
    let outcome = chat(provider, &transport.cx(), request).await;
    assert!(matches!(outcome, Ok(Response::Chat(_))), "{outcome:?}");
    transport.last_request().unwrap()
}

#[tokio::test]
async fn an_access_key_signs_and_travels_not_itself() {
    let config = json!({"access_key_id": "AKIDEXAMPLE", "region": "eu-central-1",
        "secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "session_token": "token/with+signs=="});
    let request = sent(&signing(&config), request(), CHAT).await;
    assert_eq!(
        request.url,
        "https://bedrock-runtime.eu-central-1.amazonaws.com/model/eu.amazon.nova-lite-v1%3A0/converse"
    );
    let authorization = request.header("authorization").unwrap();
    assert!(
        authorization.starts_with(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/eu-central-1/bedrock/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature="
        ),
        "{authorization}"
    );
    assert_eq!(request.header("x-amz-date"), Some("20150830T123600Z"));
    assert_eq!(request.header("x-amz-security-token"), Some("token/with+signs=="));
    for name in ["authorization", "x-amz-security-token"] {
        assert!(request.headers[name].is_sensitive(), "{name}");
    }
    let all = format!("{:?} {}", request.headers, request.text());
    assert!(!all.contains("wJalrXUtnFEMI"), "the secret is in the request");
}

#[tokio::test]
async fn the_same_request_has_the_same_signature_and_another_has_another() {
    let config = json!({"access_key_id": "AKIDEXAMPLE", "secret_access_key": "secret-of-the-test"});
    let signature = async |text: &str, config: &Value| {
        let request = ChatRequest::new("m").with_user(text);
        sent(&signing(config), request, CHAT).await.header("authorization").unwrap().to_owned()
    };
    let first = signature("one", &config).await;
    assert_eq!(first, signature("one", &config).await);
    assert_ne!(first, signature("two", &config).await);
    let other = json!({"access_key_id": "AKIDEXAMPLE", "secret_access_key": "another-secret"});
    assert_ne!(first, signature("one", &other).await);
}

#[tokio::test]
async fn a_bearer_key_goes_before_an_access_key() {
    let config = json!({"api_key": "bedrock-key", "access_key_id": "AKIDEXAMPLE", "secret_access_key": "secret"});
    let request = sent(&*provider(&config).unwrap(), request(), CHAT).await;
    assert_eq!(request.header("authorization"), Some("Bearer bedrock-key"));
    assert_eq!(request.header("x-amz-date"), None);
    assert!(request.url.starts_with("https://bedrock-runtime.us-east-1.amazonaws.com/"), "{}", request.url);
}

#[tokio::test]
async fn without_any_key_nothing_is_sent_and_the_error_says_what_to_set() {
    for (config, variable) in [
        (json!({}), "AWS_BEARER_TOKEN_BEDROCK"),
        (json!({"api_key": " ", "secret_access_key": "s"}), "AWS_ACCESS_KEY_ID"),
        (json!({"access_key_id": "AKIA1"}), "AWS_SECRET_ACCESS_KEY"),
        (
            json!({"profile": "nobody", "credentials_file": "/nowhere/credentials", "config_file": "/nowhere/c"}),
            "nobody",
        ),
    ] {
        let transport = ScriptedTransport::always(Exchange::new(200, CHAT));
        let provider = own(&config).unwrap();
        let error = chat(&*provider, &transport.cx(), request()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Auth, "{error}");
        assert!(error.message().contains(variable), "{error}");
        assert!(transport.requests().is_empty());
        let mut cx = transport.cx();
        cx.credential = Some(Secret::new("of-the-call"));
        assert!(chat(&*provider, &cx, request()).await.is_ok());
        assert_eq!(transport.last_request().unwrap().header("authorization"), Some("Bearer of-the-call"));
        cx.credential = Some(Secret::new("ASIACALL:secret-of-the-call:token-of-the-call"));
        cx.endpoint = Some("https://elsewhere.test/aws/".into());
        assert!(chat(&*provider, &cx, request()).await.is_ok());
        let signed = transport.last_request().unwrap();
        assert!(signed.url.starts_with("https://elsewhere.test/aws/model/"), "{}", signed.url);
        assert!(signed.header("authorization").unwrap().contains("Credential=ASIACALL/"));
        assert_eq!(signed.header("x-amz-security-token"), Some("token-of-the-call"));
    }
}

fn container_answer(id: &str, end: &str) -> Exchange {
    Exchange::json(
        200,
        &json!({"AccessKeyId": id, "SecretAccessKey": "container-secret", "Token": "container-token", "Expiration": end}),
    )
}

#[tokio::test]
async fn a_containers_key_is_asked_for_once_and_again_before_it_ends() {
    let config = json!({"container_credentials": "/v2/credentials/x", "container_token": "Basic abc"});
    // The clock of the provider stands at 12:36.
    let transport = ScriptedTransport::new([
        container_answer("ASIAFIRST", "2015-08-30T18:00:00Z"),
        Exchange::new(200, CHAT),
        Exchange::new(200, CHAT),
    ]);
    let provider = signing(&config);
    for _ in 0..2 {
        chat(&provider, &transport.cx(), request()).await.unwrap();
    }
    let requests = transport.requests();
    assert_eq!(requests[0].url, "http://169.254.170.2/v2/credentials/x");
    assert_eq!(requests[0].header("authorization"), Some("Basic abc"));
    assert!(requests[2].header("authorization").unwrap().contains("ASIAFIRST"));

    // Four minutes before its end it is renewed; should that fail, it still holds.
    let transport = ScriptedTransport::new([
        container_answer("ASIAFIRST", "2015-08-30T12:40:00Z"),
        Exchange::new(200, CHAT),
        container_answer("ASIASECOND", "2015-08-30T12:40:00Z"),
        Exchange::new(200, CHAT),
        Exchange::new(500, ""),
        Exchange::new(200, CHAT),
    ]);
    let provider = signing(&config);
    for _ in 0..3 {
        chat(&provider, &transport.cx(), request()).await.unwrap();
    }
    let ids: Vec<bool> =
        [1, 3, 5].map(|at| transport.requests()[at].header("authorization").unwrap().contains("ASIASECOND")).to_vec();
    assert_eq!(ids, [false, true, true]);

    let transport = ScriptedTransport::always(Exchange::new(404, "no such role container-secret"));
    let error = chat(&signing(&config), &transport.cx(), request()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert!(!error.message().contains("container-secret"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn all_who_wait_share_one_question_for_a_key() {
    let config = json!({"container_credentials": "https://eks.test/v1/credentials"});
    let provider = Arc::new(signing(&config));
    let transport = ScriptedTransport::new(
        std::iter::once(container_answer("ASIASHARED", "2015-08-30T18:00:00Z").with_wait(Duration::from_millis(5)))
            .chain(std::iter::repeat_n(Exchange::new(200, CHAT), 8)),
    );
    let calls = (0..8).map(|_| {
        let (provider, cx) = (Arc::clone(&provider), transport.cx());
        tokio::spawn(async move { chat(&*provider, &cx, request()).await.is_ok() })
    });
    for call in calls.collect::<Vec<_>>() {
        assert!(call.await.unwrap());
    }
    assert_eq!(transport.requests().iter().filter(|request| request.url.contains("eks.test")).count(), 1);
}

#[tokio::test]
async fn models_are_told_to_reason_in_their_own_way() {
    let body = async |model: &str, reasoning: Reasoning| {
        let mut request = ChatRequest::new(model).with_user("hi");
        request.reasoning = Some(reasoning);
        request.sampling.top_k = Some(40);
        sent(&*provider(&json!({"api_key": "k"})).unwrap(), request, CHAT).await.json()
    };
    let high = || Reasoning::Effort("high".into());
    let claude = body("us.anthropic.claude-sonnet-4-5-20250929-v1:0", high()).await;
    assert_eq!(claude["additionalModelRequestFields"]["thinking"], json!({"type": "enabled", "budget_tokens": 16_384}));
    let newer = body("us.anthropic.claude-opus-4-7", high()).await;
    assert_eq!(newer["additionalModelRequestFields"]["thinking"], json!({"type": "adaptive"}));
    assert_eq!(newer["outputConfig"]["effort"], "high");
    let nova = body("amazon.nova-2-lite-v1:0", Reasoning::Budget(2000)).await;
    assert_eq!(
        nova["additionalModelRequestFields"],
        json!({"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"}, "inferenceConfig": {"topK": 40}})
    );
    let oss = body("openai.gpt-oss-120b-1:0", high()).await;
    assert_eq!(oss["additionalModelRequestFields"], json!({"reasoning_effort": "high"}));
    let unknown = body("arn:aws:bedrock:us-east-1:1:application-inference-profile/x", high()).await;
    assert_eq!(unknown["outputConfig"]["effort"], "high");
}

#[tokio::test]
async fn mantle_speaks_openais_chat_and_is_signed_for_its_own_service() {
    let config = json!({"access_key_id": "AKIDEXAMPLE", "secret_access_key": "s3cr3t", "api": "mantle"});
    let answer = json!({"model": "openai.gpt-oss-20b", "choices": [{"index": 0, "finish_reason": "stop",
        "message": {"role": "assistant", "content": "Hi"}}]});
    let request =
        sent(&signing(&config), ChatRequest::new("openai.gpt-oss-20b").with_user("hi"), &answer.to_string()).await;
    assert_eq!(request.url, "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions");
    assert_eq!(request.json()["model"], "openai.gpt-oss-20b");
    assert!(request.header("authorization").unwrap().contains("/us-east-1/bedrock-mantle/aws4_request"));
}

#[tokio::test]
async fn texts_go_one_by_one_or_together_as_the_model_takes_them() {
    let provider = provider(&json!({"api_key": "k"})).unwrap();
    let vector = |first: f64| json!({"embedding": [first, 0.5], "inputTextTokenCount": 2}).to_string();
    let transport = ScriptedTransport::new((0..10).map(|number| Exchange::new(200, vector(f64::from(number)))));
    let texts: Vec<String> = (0..10).map(|number| format!("text {number}")).collect();
    let mut request = EmbedRequest::new("amazon.titan-embed-text-v2:0", texts.clone());
    request.dimensions = Some(256);
    let asked = Request::Embed(Arc::new(request));
    let Response::Embed(answer) = provider.call(&transport.cx(), asked).await.unwrap() else { panic!() };
    let firsts: Vec<f32> = answer.vectors.iter().map(|vector| vector[0]).collect();
    assert_eq!(firsts, (0..10u8).map(f32::from).collect::<Vec<_>>());
    assert_eq!(answer.usage.input, Some(20));
    let bodies: Vec<Value> = transport.requests().iter().map(RecordedRequest::json).collect();
    assert_eq!(bodies[3], json!({"inputText": "text 3", "dimensions": 256}));

    let both = json!({"embeddings": {"float": [[1.0], [2.0]]}});
    let transport =
        ScriptedTransport::always(Exchange::json(200, &both).with_header("x-amzn-bedrock-input-token-count", "7"));
    let mut request = EmbedRequest::new("cohere.embed-v4:0", texts[..2].to_vec());
    request.task = Some("query".to_owned());
    let asked = Request::Embed(Arc::new(request));
    let Response::Embed(answer) = provider.call(&transport.cx(), asked).await.unwrap() else { panic!() };
    assert_eq!((answer.vectors.len(), answer.usage.input), (2, Some(7)));
    assert_eq!(
        transport.last_request().unwrap().json(),
        json!({"texts": ["text 0", "text 1"], "input_type": "search_query"})
    );
}

#[tokio::test]
async fn documents_are_ranked_and_tokens_counted() {
    let provider = provider(&json!({"api_key": "k"})).unwrap();
    let ranked = json!({"results": [{"index": 1, "relevance_score": 0.9}, {"index": 0, "relevance_score": 0.1}]});
    let transport = ScriptedTransport::always(Exchange::json(200, &ranked));
    let mut request = RerankRequest::new("cohere.rerank-v3-5:0", "q", ["a", "b"]);
    request.top_n = Some(2);
    let asked = Request::Rerank(Arc::new(request));
    let Response::Rerank(answer) = provider.call(&transport.cx(), asked).await.unwrap() else { panic!() };
    assert_eq!(answer.results.iter().map(|one| one.index).collect::<Vec<_>>(), [1, 0]);
    assert_eq!(
        transport.last_request().unwrap().json(),
        json!({"query": "q", "documents": ["a", "b"], "top_n": 2, "api_version": 2})
    );

    let transport = ScriptedTransport::always(Exchange::json(200, &json!({"inputTokens": 11})));
    let mut asked = request_with_limit();
    asked.model = "anthropic.claude-sonnet-4-20250514-v1:0".to_owned();
    let asked = Request::CountTokens(Arc::new(asked));
    let Response::CountTokens(count) = provider.call(&transport.cx(), asked).await.unwrap() else { panic!() };
    assert_eq!(count.input_tokens, 11);
    let sent = transport.last_request().unwrap();
    assert!(sent.url.ends_with("/model/anthropic.claude-sonnet-4-20250514-v1%3A0/count-tokens"), "{}", sent.url);
    assert_eq!(
        sent.json(),
        json!({"input": {"converse": {"messages": [{"role": "user", "content": [{"text": "hi"}]}]}}}),
        "what does not count is refused there"
    );
}

fn request_with_limit() -> ChatRequest {
    let mut request = request();
    request.sampling.max_output_tokens = Some(100);
    request
}

#[tokio::test]
async fn models_and_all_pages_of_profiles_are_listed() {
    let foundation = json!({"modelSummaries": [{"modelId": "amazon.nova-lite-v1:0", "outputModalities": ["TEXT"],
        "inputModalities": ["TEXT", "IMAGE"], "responseStreamingSupported": true}]});
    let page = |id: &str, next: Option<&str>| {
        Exchange::json(200, &json!({"inferenceProfileSummaries": [{"inferenceProfileId": id}], "nextToken": next}))
    };
    let transport = ScriptedTransport::new([
        Exchange::json(200, &foundation),
        page("us.amazon.nova-lite-v1:0", Some("a/b=")),
        page("eu.amazon.nova-lite-v1:0", None),
    ]);
    let config = json!({"access_key_id": "AKIDEXAMPLE", "secret_access_key": "s3cr3t", "region": "eu-west-1"});
    let Response::Models(models) = signing(&config).call(&transport.cx(), Request::Models).await.unwrap() else {
        panic!()
    };
    let ids: Vec<&str> = models.iter().map(|model| model.id.as_str()).collect();
    assert_eq!(ids, ["amazon.nova-lite-v1:0", "us.amazon.nova-lite-v1:0", "eu.amazon.nova-lite-v1:0"]);
    assert_eq!((models[0].capabilities.chat, models[0].capabilities.streaming), (Support::Yes, Support::Yes));
    let requests = transport.requests();
    assert_eq!(requests[0].url, "https://bedrock.eu-west-1.amazonaws.com/foundation-models");
    assert!(requests[2].url.ends_with("/inference-profiles?maxResults=1000&nextToken=a%2Fb%3D"));
    assert!(
        requests
            .iter()
            .all(|request| request.header("authorization").unwrap().contains("SignedHeaders=host;x-amz-date"))
    );
}

#[tokio::test]
async fn settings_of_a_request_reach_converse() {
    let mut request = request();
    let guardrail = json!({"guardrailIdentifier": "g", "guardrailVersion": "1", "trace": "enabled"});
    request.ext.set("aws-eu", "guardrailConfig", guardrail.clone());
    request.ext.set("bedrock-converse", "performanceConfig", json!({"latency": "optimized"}));
    request.service_tier = Some("flex".to_owned());
    request.sampling.seed = Some(1);
    let stopped = json!({"output": {"message": {"role": "assistant", "content": [{"text": "I cannot."}]}},
        "stopReason": "guardrail_intervened", "usage": {"inputTokens": 1, "outputTokens": 2, "totalTokens": 3},
        "trace": {"guardrail": {"actionReason": "masked"}}});
    let exchange = Exchange::json(200, &stopped).with_header("x-amzn-requestid", "req-1");
    let transport = ScriptedTransport::always(exchange);
    let provider = provider(&json!({"api_key": "k"})).unwrap();
    let Response::Chat(response) = chat(&*provider, &transport.cx(), request).await.unwrap() else { panic!() };
    let body = transport.last_request().unwrap().json();
    assert_eq!(body["guardrailConfig"], guardrail);
    assert_eq!(body["performanceConfig"], json!({"latency": "optimized"}));
    assert_eq!(body["serviceTier"], json!({"type": "flex"}));
    assert_eq!(response.finish.reason.as_str(), "content_filter");
    assert_eq!(response.ext.value("bedrock-converse", "trace").unwrap()["guardrail"]["actionReason"], "masked");
    assert_eq!(response.request_id.as_deref(), Some("req-1"));
    assert!(matches!(&response.warnings[..], [Warning::Unsupported { field, .. }] if field == "sampling.seed"));
    assert_eq!((&*response.origin.provider, &*response.origin.api), ("aws-eu", "bedrock-converse"));
}

#[test]
fn wrong_settings_are_refused_at_the_build() {
    for config in [
        json!({"region": "no region"}),
        json!({"base_url": "not an address"}),
        json!({"api": "telepathy"}),
        json!({"invoke_form": "telepathy"}),
        json!({"api_kee": "k"}),
    ] {
        let error = provider(&config).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Config, "{config}");
    }
}
