//! Access keys that somebody else gives, and the endpoint that speaks OpenAI's protocols.

use std::sync::Arc;

use llm_core::BuildCx;
use llm_core::{Capabilities, ChatRequest, ErrorKind, KnownModels, Request, Response, Support};
use llm_provider_bedrock::PLUGIN;
use llm_testkit::{Exchange, ScriptedTransport};
use serde_json::{Value, json};

use super::{CHAT, chat, container_answer, request, sent, signing};

#[tokio::test]
async fn a_machines_key_is_asked_for_in_a_session() {
    let config = json!({"metadata": true, "region": "eu-central-1"});
    let transport = ScriptedTransport::new([
        Exchange::new(200, "session-of-the-machine"),
        Exchange::new(200, "role one\n"),
        container_answer("ASIAMACHINE", "2015-08-30T18:00:00Z"),
        Exchange::new(200, CHAT),
        Exchange::new(200, CHAT),
    ]);
    let provider = signing(&config);
    for _ in 0..2 {
        chat(&provider, &transport.cx(), request()).await.unwrap();
    }
    let asked = transport.requests();
    assert_eq!((asked[0].method.as_str(), &*asked[0].url), ("PUT", "http://169.254.169.254/latest/api/token"));
    assert_eq!(asked[0].header("x-aws-ec2-metadata-token-ttl-seconds"), Some("60"));
    let roles = "http://169.254.169.254/latest/meta-data/iam/security-credentials/";
    assert_eq!((&*asked[1].url, &*asked[2].url), (roles, &*format!("{roles}role%20one")));
    for one in &asked[1..3] {
        assert_eq!(one.header("x-aws-ec2-metadata-token"), Some("session-of-the-machine"));
        assert!(one.headers["x-aws-ec2-metadata-token"].is_sensitive());
    }
    assert!(asked[4].header("authorization").unwrap().contains("ASIAMACHINE"));
    assert_eq!(asked[4].header("x-amz-security-token"), Some("container-token"));

    let transport = ScriptedTransport::new([Exchange::new(200, "s"), Exchange::new(404, "no role")]);
    let error = chat(&signing(&config), &transport.cx(), request()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert_eq!(transport.requests().len(), 2);
}

#[tokio::test]
async fn a_role_trusts_the_token_in_a_file() {
    let file = std::env::temp_dir().join(format!("loquat-bedrock-web-{}.jwt", std::process::id()));
    let config =
        json!({"web_identity_token_file": file, "role_arn": "arn:aws:iam::1:role/r", "region": "eu-central-1"});
    let answer = |id: &str, end: &str| {
        let key = format!("<AccessKeyId>{id}</AccessKeyId><SecretAccessKey>web-secret</SecretAccessKey>");
        let rest = format!("<SessionToken>web+token==</SessionToken><Expiration>{end}</Expiration>");
        Exchange::new(200, format!("<AssumeRoleWithWebIdentityResponse><Credentials>{key}{rest}</Credentials></x>"))
    };
    let transport = ScriptedTransport::new([
        answer("ASIAFIRST", "2015-08-30T12:37:00Z"),
        Exchange::new(200, CHAT),
        answer("ASIASECOND", "2015-08-30T13:36:00Z"),
        Exchange::new(200, CHAT),
        Exchange::new(200, CHAT),
    ]);
    let provider = signing(&config);
    for text in ["first", "second\n", "third"] {
        std::fs::write(&file, text).unwrap();
        chat(&provider, &transport.cx(), request()).await.unwrap();
    }
    let asked = transport.requests();
    assert_eq!(asked[0].url, "https://sts.eu-central-1.amazonaws.com/");
    let form = "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&\
        RoleSessionName=loquat&WebIdentityToken=";
    assert_eq!((asked[0].text(), asked[2].text()), (format!("{form}first"), format!("{form}second")));
    assert_eq!(asked[4].header("x-amz-security-token"), Some("web+token=="));
    assert!(asked[4].header("authorization").unwrap().contains("ASIASECOND"));

    let denied =
        "<ErrorResponse><Error><Code>ExpiredTokenException</Code><Message>third</Message></Error></ErrorResponse>";
    let transport = ScriptedTransport::always(Exchange::new(400, denied));
    let error = chat(&signing(&config), &transport.cx(), request()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert!(error.message().contains("ExpiredTokenException") && !error.message().contains("third"), "{error}");
    std::fs::remove_file(&file).unwrap();
}

/// Knows of models that have the Responses API only.
struct Newer;

impl KnownModels for Newer {
    fn capabilities(&self, _: &str, _: &str) -> Arc<Capabilities> {
        let mut capabilities = Capabilities::default();
        capabilities.responses_only = Support::Yes;
        Arc::new(capabilities)
    }
}

fn answered() -> Value {
    let message = json!({"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hi"}]});
    json!({"id": "resp_1", "object": "response", "status": "completed", "model": "m", "output": [message]})
}

#[tokio::test]
async fn mantle_speaks_the_responses_api_where_it_is_told_or_must() {
    let config = json!({"access_key_id": "AKIDEXAMPLE", "secret_access_key": "secret-of-the-test",
        "api": "mantle-responses", "region": "us-west-2"});
    let request = ChatRequest::new("openai.gpt-oss-20b").with_user("hi");
    let asked = sent(&signing(&config), request, &answered().to_string()).await;
    assert_eq!(asked.url, "https://bedrock-mantle.us-west-2.api.aws/v1/responses");
    let authorization = asked.header("authorization").unwrap();
    assert!(authorization.contains("/us-west-2/bedrock-mantle/aws4_request"), "{authorization}");

    let config = json!({"api_key": "bearer-of-the-test", "api": "mantle"});
    let cx = BuildCx::new("aws").with_models(Arc::new(Newer));
    let provider = PLUGIN.build(config.as_object().unwrap().clone(), &cx).unwrap();
    let transport = ScriptedTransport::always(Exchange::json(200, &answered()));
    let asked = Request::Chat(Arc::new(ChatRequest::new("openai.gpt-5.6-luna").with_user("hi")));
    let Response::Chat(answer) = provider.call(&transport.cx(), asked).await.unwrap() else { panic!() };
    assert_eq!((answer.text().as_str(), &*answer.origin.api), ("Hi", "openai-responses"));
    let asked = transport.last_request().unwrap();
    assert_eq!(asked.url, "https://bedrock-mantle.us-east-1.api.aws/openai/v1/responses");
    assert_eq!(asked.header("authorization"), Some("Bearer bearer-of-the-test"));
}

#[tokio::test]
async fn mantle_takes_a_key_and_an_address_of_the_call() {
    let config =
        json!({"access_key_id": "AKIDEXAMPLE", "secret_access_key": "secret-of-the-test", "api": "mantle-chat"});
    let answer =
        json!({"choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hi"}}]});
    let transport = ScriptedTransport::always(Exchange::json(200, &answer));
    let ask = async |credential: Option<&str>| {
        let mut cx = transport.cx();
        (cx.credential, cx.endpoint) = (credential.map(Into::into), Some("https://proxy.test/v1".into()));
        chat(&signing(&config), &cx, ChatRequest::new("m").with_user("hi")).await.unwrap();
        transport.last_request().unwrap()
    };
    let asked = ask(Some("AKIAOFCALL:secret-of-the-call")).await;
    assert_eq!(asked.url, "https://proxy.test/v1/chat/completions");
    assert!(asked.header("authorization").unwrap().contains("Credential=AKIAOFCALL/"));
    let asked = ask(Some("bearer-of-the-call")).await;
    assert_eq!(asked.header("authorization"), Some("Bearer bearer-of-the-call"));
    let asked = ask(None).await;
    assert_eq!(asked.url, "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions");
    assert!(asked.header("authorization").unwrap().contains("Credential=AKIDEXAMPLE/"));
}
