//! Several keys of one provider, and keys that change, from the configuration to the bytes.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use loquat::core::{
    Adapter, BuildCx, ChatRequest as Request, ChatResponse, Cx, Error, Finish, FinishReason, HttpRequest, HttpResponse,
    Message, Origin, Progress, Provider, ProviderPlugin, Secret, Setting, Transport, Usage, async_trait,
};
use loquat::{Client, Config, Environment, ErrorKind};
use serde_json::{Map, Value};
use tokio::time::advance;

/// A vendor behind a transport: what it answers to which key.
#[derive(Clone, Default)]
struct Vendor(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// The status of a key's answers, and how many seconds it asks to wait; 200 unless it is here.
    refused: HashMap<String, (u16, Option<u64>)>,
    /// The keys of the calls so far.
    calls: Vec<String>,
}

impl Vendor {
    fn refuse(&self, key: &str, status: u16, wait: Option<u64>) {
        self.0.lock().unwrap().refused.insert(key.to_owned(), (status, wait));
    }

    fn take(&self, key: &str) {
        self.0.lock().unwrap().refused.remove(key);
    }

    /// The keys of the calls since the last look.
    fn calls(&self) -> String {
        std::mem::take(&mut self.0.lock().unwrap().calls).join(" ")
    }
}

#[async_trait]
impl Transport for Vendor {
    async fn send(&self, _cx: &Cx, request: HttpRequest) -> Result<HttpResponse, Error> {
        let key = request.headers["authorization"].to_str().unwrap().to_owned();
        let mut state = self.0.lock().unwrap();
        state.calls.push(key.clone());
        let (status, wait) = state.refused.get(&key).copied().unwrap_or((200, None));
        let body = wait.map_or(String::new(), |wait| wait.to_string());
        Ok(HttpResponse::full(status.try_into().unwrap(), HttpRequest::get("").headers, body))
    }
}

/// The plugin's provider: sends its key, or that of the call, and says with which it was answered.
struct Acme {
    id: Arc<str>,
    key: Option<Secret>,
}

#[async_trait]
impl Adapter for Acme {
    fn id(&self) -> &str {
        &self.id
    }

    fn api(&self) -> &'static str {
        "acme"
    }

    async fn chat(&self, cx: &Cx, request: &Request) -> Result<ChatResponse, Error> {
        let key = cx.credential.as_ref().or(self.key.as_ref());
        let Some(key) = key else {
            return Err(Error::new(ErrorKind::Auth, "api key missing").with_progress(Progress::NotSent));
        };
        let mut http = HttpRequest::get("http://acme.test");
        http.headers.insert("authorization", key.expose().parse().unwrap());
        let response = cx.transport.send(cx, http).await?;
        let status = response.status.as_u16();
        if status >= 400 {
            let body = response.body.collect(100).await?;
            let wait = std::str::from_utf8(&body).unwrap().parse().ok().map(Duration::from_secs);
            let error = Error::new(ErrorKind::of_status(status), "acme says no").with_status(status);
            return Err(error.with_retry_after(wait));
        }
        let origin = Arc::new(Origin::new("acme", self.id.clone(), request.model.as_str()));
        let finish = Finish::new(FinishReason::Stop, "stop");
        let mut response = ChatResponse::new(origin, Message::assistant(key.expose()), finish);
        response.usage = Usage::new(2, 3);
        Ok(response)
    }
}

#[allow(clippy::unnecessary_wraps, reason = "the signature is the plugin interface's")]
fn build(config: Map<String, Value>, cx: &BuildCx) -> Result<Arc<dyn Provider>, Error> {
    let key = config.into_iter().find(|(key, _)| key == "api_key");
    let key = key.and_then(|(_, key)| key.as_str().map(Secret::from));
    Ok(Arc::new(Acme { id: cx.id.clone(), key }))
}

static ACME: ProviderPlugin = ProviderPlugin::new("acme", "Acme", build, "acme", "0")
    .with_settings(&[Setting::key("api_key", "the key").with_env(&["ACME_API_KEY"])])
    .with_default_model("m");

fn client(vendor: &Vendor, config: &str) -> Result<Client, Error> {
    let environment: Environment = [("KEY_A", "key-a"), ("KEY_B", "key-b")].into_iter().collect();
    let transport = Arc::new(vendor.clone());
    Client::builder()
        .plugin(&ACME)
        .config(Config::from_toml(config)?)
        .environment(environment)
        .transport(transport)
        .build()
}

/// A file of this test's own.
fn file(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("key-{name}"));
    std::fs::write(&path, text).unwrap();
    path
}

const TWO: &str = "
    [[provider]]
    id = \"acme\"
    api_key = [\"env:KEY_A\", \"env:KEY_B\"]
";

/// Files are read on other threads, which a paused clock does not wait for: it stands still only meanwhile.
async fn a_second_passes() {
    tokio::time::pause();
    advance(Duration::from_secs(1)).await;
    tokio::time::resume();
}

/// Waits for what another thread does, five seconds at most.
async fn until(is: impl AsyncFn() -> bool) {
    for _ in 0..5000 {
        if is().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("it never came");
}

async fn answered_with(client: &Client) -> String {
    client.chat("hi").await.unwrap().text()
}

#[tokio::test(start_paused = true)]
async fn a_revoked_key_of_two_is_noticed_by_nobody_and_tried_again_after_its_time() {
    let vendor = Vendor::default();
    let client = client(&vendor, TWO).unwrap();
    vendor.refuse("key-a", 401, None);
    for _ in 0..20 {
        let reply = client.chat("hi").await.unwrap();
        assert_eq!((reply.text().as_str(), reply.attempts().len()), ("key-b", 1));
    }
    assert_eq!(vendor.calls().matches("key-a").count(), 1);
    let gates = client.targets();
    let gate = gates[0].gate.as_ref().unwrap();
    assert!(gate.breaker.as_str() == "closed" && client.state().gates.cool_downs().is_empty(), "{gate:?}");

    let keys = client.keys();
    assert_eq!((keys.len(), keys[0].ready, keys[1].ready), (2, false, true));
    assert_eq!((keys[0].source.as_str(), keys[0].cooling[0].reason), ("env:KEY_A", ErrorKind::Auth));
    let shown = serde_json::to_string(&keys).unwrap() + &format!("{keys:?} {client:?}");
    assert!(!shown.contains("key-a") && !shown.contains("key-b"), "{shown}");

    vendor.take("key-a");
    advance(Duration::from_secs(300)).await;
    for _ in 0..2 {
        client.chat("hi").await.unwrap();
    }
    let calls = vendor.calls();
    assert!(calls == "key-a key-b" || calls == "key-b key-a", "{calls}");
    assert!(client.keys()[0].ready);
}

#[tokio::test(start_paused = true)]
async fn when_all_keys_are_limited_the_fallback_answers_until_the_first_is_back() {
    let vendor = Vendor::default();
    let config = format!("{TWO}\n[defaults]\nmodel = \"acme/m\"\nfallback = [\"local/echo\"]");
    let client = client(&vendor, &config).unwrap();
    vendor.refuse("key-a", 429, Some(60));
    vendor.refuse("key-b", 429, Some(20));
    assert_eq!(client.chat("hi").await.unwrap().target(), "local/echo");
    assert_eq!(vendor.calls(), "key-a key-b");
    assert_eq!(client.chat("hi").await.unwrap().target(), "local/echo");
    assert_eq!(vendor.calls(), "");
    vendor.take("key-b");
    advance(Duration::from_secs(20)).await;
    assert_eq!(answered_with(&client).await, "key-b");
}

#[tokio::test(start_paused = true)]
async fn a_callers_own_key_is_used_alone_and_leaves_the_pool_as_it_was() {
    let vendor = Vendor::default();
    let client = client(&vendor, TWO).unwrap();
    vendor.refuse("own", 401, None);
    let mut cx = client.cx(None);
    cx.credential = Some("own".into());
    for _ in 0..2 {
        let error = client.send(&cx, Request::new("acme/m").with_user("hi")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Auth);
    }
    assert!(!vendor.calls().contains("key"));
    assert_eq!(answered_with(&client).await, "key-a");
    assert!(client.keys().iter().all(|key| key.cooling.is_empty()));
}

#[tokio::test]
async fn a_key_in_a_file_is_another_one_without_a_restart() {
    let vendor = Vendor::default();
    let path = file("followed", "key-1\n");
    let config = format!("[[provider]]\nid = \"acme\"\napi_key = 'file:{}'", path.display());
    let client = client(&vendor, &config).unwrap();
    assert_eq!(answered_with(&client).await, "key-1");
    // The old one is revoked when the new one is there: the very next call has it.
    std::fs::write(&path, "key-2\n").unwrap();
    vendor.refuse("key-1", 401, None);
    assert_eq!(answered_with(&client).await, "key-2");
    assert_eq!(vendor.calls(), "key-1 key-1 key-2");
    assert_eq!(client.keys()[0].source, format!("file:{}", path.display()));

    // A file that is gone for a while changes nothing.
    std::fs::remove_file(&path).unwrap();
    a_second_passes().await;
    assert_eq!(answered_with(&client).await, "key-2");
    until(async || client.keys()[0].error.as_ref().is_some_and(|error| error.contains("No such file"))).await;
    assert_eq!(answered_with(&client).await, "key-2");
    std::fs::write(&path, "key-3\n").unwrap();
    a_second_passes().await;
    // A look found it, beside a call and without a refusal.
    until(async || answered_with(&client).await == "key-3").await;
    assert!(client.keys()[0].error.is_none());
}

#[cfg(unix)]
#[tokio::test]
async fn a_program_prints_the_key_and_is_run_again_when_that_is_refused() {
    let vendor = Vendor::default();
    let path = file("printed", "key-1\n");
    let allowed = "[credentials]\ncommands = true\n";
    let provider = format!("[[provider]]\nid = \"acme\"\napi_key = 'cmd:cat \"{}\"'", path.display());
    let refused = client(&vendor, &provider).map(|_| ()).unwrap_err();
    assert!(refused.message().contains("credentials.commands = true"), "{refused}");

    let client = client(&vendor, &format!("{allowed}{provider}")).unwrap();
    assert_eq!(client.keys()[0].credential, None, "nothing is run before a call needs it");
    let answers = futures_util::future::join_all((0..10).map(|_| async { answered_with(&client).await })).await;
    assert!(answers.iter().all(|key| key == "key-1"));
    std::fs::write(&path, "key-2\n").unwrap();
    assert_eq!(answered_with(&client).await, "key-1", "it is not run for every call");
    vendor.refuse("key-1", 401, None);
    assert_eq!(answered_with(&client).await, "key-2");
    assert_eq!(client.keys()[0].source, "cmd:cat");

    // A program that fails says so, and its key stays.
    std::fs::remove_file(&path).unwrap();
    vendor.refuse("key-2", 401, None);
    let error = client.chat("hi").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert!(client.keys()[0].error.as_ref().unwrap().contains("the program cat: it failed"), "{:?}", client.keys());
}

#[test]
fn what_is_wrong_with_keys_is_said_with_what_to_do() {
    let (empty, two) = (file("empty", " \n"), file("two", "key-1\nkey-2\n"));
    let cases = [
        ("[]".to_owned(), "the list has no key"),
        ("[7]".to_owned(), "each key of the list must be a text"),
        ("['env:NO_SUCH']".to_owned(), "the environment variable NO_SUCH is not set"),
        ("'file:/no/such/file'".to_owned(), "the file /no/such/file: No such file"),
        (format!("'file:{}'", empty.display()), "it is empty: put the key into it"),
        (format!("'file:{}'", two.display()), "it holds more than a key"),
        ("['sk-pasted with blanks']".to_owned(), "it holds more than a key"),
        ("'cmd:op read'".to_owned(), "credentials.commands = true"),
    ];
    for (value, expected) in cases {
        let config = format!("[[provider]]\nid = \"acme\"\napi_key = {value}");
        let error = client(&Vendor::default(), &config).map(|_| ()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.message().contains("reading api_key of the provider \"acme\": "), "{error}");
        assert!(error.message().contains(expected) && !error.message().contains("pasted"), "{value}: {error}");
    }
    let elsewhere = "[[provider]]\nid = \"acme\"\napi_key = \"k\"\nheaders = { x-team = \"cmd:echo x\" }";
    let error = client(&Vendor::default(), elsewhere).map(|_| ()).unwrap_err();
    assert!(error.message().contains("a program may print a provider's api_key and nothing else"), "{error}");
}

#[tokio::test]
async fn one_plain_key_is_the_plugins_own_and_no_pool() {
    for key in ["\"env:KEY_A\"", "\"key-a\""] {
        let vendor = Vendor::default();
        let client = client(&vendor, &format!("[[provider]]\nid = \"acme\"\napi_key = {key}")).unwrap();
        assert_eq!(answered_with(&client).await, "key-a");
        assert!(client.keys().is_empty());
    }
}

#[cfg(feature = "budget")]
#[tokio::test(start_paused = true)]
async fn budgets_pay_for_the_key_that_answered_and_for_no_other() {
    let vendor = Vendor::default();
    let money = "
        [[prices.model]]
        provider = \"acme\"
        model = \"*\"
        price = { input = 10000, output = 10000 }
        [[budget]]
        name = \"day\"
        limit = \"100\"
        window = \"1d\"
    ";
    let client = client(&vendor, &format!("{TWO}{money}")).unwrap();
    let ask = async || {
        let mut request = Request::new("acme/m").with_user("hi");
        request.sampling.max_output_tokens = Some(10);
        client.request(request).await
    };
    let left = async || {
        let utilisation = client.budgets().await.unwrap();
        (utilisation[0].spent.to_string(), utilisation[0].reserved.to_string())
    };
    // Two tokens in and three out, at a cent each.
    vendor.refuse("key-a", 401, None);
    ask().await.unwrap();
    assert_eq!((vendor.calls().as_str(), left().await), ("key-a key-b", ("0.05".to_owned(), "0".to_owned())));
    ask().await.unwrap();
    assert_eq!(left().await.0, "0.1");
    vendor.refuse("key-b", 429, Some(60));
    ask().await.unwrap_err();
    assert_eq!(left().await, ("0.1".to_owned(), "0".to_owned()), "nobody answered, and nothing is set aside");
}
