//! Access keys that are refused although they should hold: renewed once, within the call.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use llm_core::{Cx, Error, ErrorKind, HttpRequest, HttpResponse, Provider, Request, Response, Transport, async_trait};
use llm_testkit::{Exchange, ScriptedTransport};
use serde_json::{Value, json};

use super::{CHAT, chat, container_answer, request, signing};

fn refused(status: u16, name: &str, message: &str) -> Exchange {
    Exchange::json(status, &json!({ "message": message })).with_header("x-amzn-errortype", name)
}

fn expired() -> Exchange {
    refused(403, "ExpiredTokenException", "The security token included in the request is expired")
}

fn given(id: &str) -> Exchange {
    container_answer(id, "2015-08-30T18:00:00Z").with_wait(Duration::from_secs(1))
}

fn container() -> Value {
    json!({"container_credentials": "https://eks.test/v1/credentials"})
}

/// Which access keys the requests to Bedrock were signed with.
fn signed_with(transport: &ScriptedTransport) -> Vec<String> {
    let signed = transport.requests().into_iter().filter(|request| !request.url.contains("eks.test"));
    signed.map(|request| request.header("authorization").unwrap()[28..].split_once('/').unwrap().0.to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_refused_key_is_renewed_once_within_the_call() {
    for refusal in [
        expired(),
        refused(403, "", "The security token included in the request is invalid."),
        refused(401, "UnrecognizedClientException", "The security token included in the request is invalid."),
    ] {
        let answers = [given("ASIAFIRST"), refusal, given("ASIASECOND"), Exchange::new(200, CHAT), expired()];
        let transport = ScriptedTransport::new(answers);
        let provider = signing(&container());
        chat(&provider, &transport.cx(), request()).await.unwrap();
        assert_eq!(signed_with(&transport), ["ASIAFIRST", "ASIASECOND"]);
        let tokens = transport.requests()[3].header("x-amz-security-token").map(str::to_owned);
        assert_eq!(tokens.as_deref(), Some("container-token"));
        // One that is refused again so soon has another reason: it is no use to ask for a third.
        let error = chat(&provider, &transport.cx(), request()).await.unwrap_err();
        assert_eq!((error.kind(), transport.remaining()), (ErrorKind::Auth, 0));
        assert_eq!((error.provider(), error.model()), (Some("aws-eu"), Some("eu.amazon.nova-lite-v1:0")));
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_refused_before_it_begins_is_opened_with_another_key() {
    let stream = Exchange::new(200, "").with_header("content-type", "application/vnd.amazon.eventstream");
    let transport = ScriptedTransport::new([given("ASIAFIRST"), expired(), given("ASIASECOND"), stream]);
    let asked = Request::ChatStream(Arc::new(request()));
    let answer = signing(&container()).call(&transport.cx(), asked).await.unwrap();
    assert!(matches!(answer, Response::ChatStream(_)), "{answer:?}");
    assert_eq!(signed_with(&transport), ["ASIAFIRST", "ASIASECOND"]);
}

#[tokio::test(start_paused = true)]
async fn mantle_is_asked_again_with_another_key() {
    let answer =
        json!({"choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hi"}}]});
    let answers = [
        given("ASIAFIRST"),
        Exchange::json(401, &json!({"error": {"message": "expired"}})),
        given("ASIASECOND"),
        Exchange::json(200, &answer),
    ];
    let transport = ScriptedTransport::new(answers);
    let mut config = container();
    config["api"] = "mantle-chat".into();
    chat(&signing(&config), &transport.cx(), request()).await.unwrap();
    assert_eq!(signed_with(&transport), ["ASIAFIRST", "ASIASECOND"]);
}

#[tokio::test(start_paused = true)]
async fn what_no_other_key_would_help_is_not_asked_again() {
    // The key may not do this.
    let denied = refused(403, "AccessDeniedException", "User: x is not authorized to perform: bedrock:InvokeModel");
    let transport = ScriptedTransport::new([given("ASIAFIRST"), denied]);
    let error = chat(&signing(&container()), &transport.cx(), request()).await.unwrap_err();
    assert_eq!((error.kind(), transport.remaining()), (ErrorKind::Permission, 0));

    // Nobody gives another one.
    let fixed = json!({"access_key_id": "ASIAFIXED", "secret_access_key": "secret-of-the-test", "session_token": "t"});
    let transport = ScriptedTransport::new([expired()]);
    let error = chat(&signing(&fixed), &transport.cx(), request()).await.unwrap_err();
    assert_eq!((error.kind(), error.status(), transport.remaining()), (ErrorKind::Auth, Some(403), 0));

    // It is the call's own.
    let transport = ScriptedTransport::new([expired()]);
    let mut cx = transport.cx();
    cx.credential = Some("ASIACALL:secret-of-the-call:token-of-the-call".into());
    let error = chat(&signing(&container()), &cx, request()).await.unwrap_err();
    assert_eq!((error.kind(), transport.remaining()), (ErrorKind::Auth, 0));

    // Whoever gives keys fails: the refusal says more than that.
    let transport = ScriptedTransport::new([given("ASIAFIRST"), expired(), Exchange::new(500, "")]);
    let error = chat(&signing(&container()), &transport.cx(), request()).await.unwrap_err();
    assert_eq!((error.kind(), error.status(), transport.remaining()), (ErrorKind::Auth, Some(403), 0));
}

/// Writes another key into a file while the first request is under way, as programs for single sign-on do.
struct Meanwhile {
    inner: ScriptedTransport,
    file: PathBuf,
    written: AtomicBool,
}

fn keys(id: &str) -> String {
    format!("[default]\naws_access_key_id = {id}\naws_secret_access_key = secret-of-a-file\naws_session_token = t\n")
}

#[async_trait]
impl Transport for Meanwhile {
    async fn send(&self, cx: &Cx, request: HttpRequest) -> Result<HttpResponse, Error> {
        if !self.written.swap(true, Ordering::Relaxed) {
            std::fs::write(&self.file, keys("ASIASECOND")).unwrap();
            // The time of a file may be too coarse to tell the two apart.
            let later = std::time::UNIX_EPOCH + Duration::from_secs(1);
            std::fs::File::options().write(true).open(&self.file).unwrap().set_modified(later).unwrap();
        }
        self.inner.send(cx, request).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_that_another_program_renewed_meanwhile_is_taken_at_once() {
    let file = std::env::temp_dir().join(format!("loquat-bedrock-meanwhile-{}", std::process::id()));
    let config = json!({"credentials_file": file, "config_file": "/nowhere/config"});
    std::fs::write(&file, keys("ASIAFIRST")).unwrap();
    let inner = ScriptedTransport::new([expired(), Exchange::new(200, CHAT), expired()]);
    let cx = Cx::new(Arc::new(Meanwhile { inner: inner.clone(), file: file.clone(), written: AtomicBool::new(false) }));
    let provider = signing(&config);
    chat(&provider, &cx, request()).await.unwrap();
    assert_eq!(signed_with(&inner), ["ASIAFIRST", "ASIASECOND"]);
    // The same key is no other one.
    let error = chat(&provider, &cx, request()).await.unwrap_err();
    assert_eq!((error.kind(), inner.remaining()), (ErrorKind::Auth, 0));
    std::fs::remove_file(file).unwrap();
}
