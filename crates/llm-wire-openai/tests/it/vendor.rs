//! A vendor as data becomes a plugin: its table of settings, its address, its headers, and what it says of settings
//! that are wrong.

use std::sync::Arc;

use llm_core::{
    BuildCx, ChatRequest, Error, ErrorKind, HttpRequest, HttpResponse, ModelCard, Provider, Request, Setting, Tool,
    ToolChoice,
};
use llm_core::{Cx, Secret, Support, Transport, async_trait, model_card};
use llm_wire_openai::vendor::{Own, Place, Preset};
use llm_wire_openai::{Dialect, Vendor};
use serde_json::{Value, json};

llm_wire_openai::plugin! {
    VENDOR,
    models: [
        ModelCard::new("acme", "acme-1").with_limits(1000, 100),
        ModelCard::new("acme", "acme-2").with_sampling(Support::No),
        ModelCard::new("acme", "acme-3").with_forced_tool(Support::No),
    ],
}

const VENDOR: Vendor = Vendor {
    id: "acme",
    name: "Acme",
    aliases: &["acme-ai"],
    base_url: "https://{host}/accounts/{account}/v1",
    base_url_env: &["ACME_BASE_URL"],
    key_env: &["ACME_API_KEY", "ACME_KEY"],
    own: &[
        Own::address(Setting::optional("account", "The account").with_env(&["ACME_ACCOUNT"])),
        Own::address(Setting::optional("host", "The host")),
        Own::header(Setting::optional("team", "Who pays"), "x-acme-team"),
        Own { setting: Setting::optional("preset", "The server"), place: Place::Preset(&[LOCAL]) },
    ],
    default_model: Some("acme-1"),
    ..Vendor::UNNAMED
};

const LOCAL: Preset = Preset {
    name: "local",
    base_url: "http://127.0.0.1:8000/v1",
    dialect: Dialect { max_tokens: "most", ..Dialect::COMPATIBLE },
};

/// Keeps the request and answers nothing.
#[derive(Debug)]
struct Sink(std::sync::Mutex<Option<HttpRequest>>);

#[async_trait]
impl Transport for Sink {
    async fn send(&self, _cx: &Cx, request: HttpRequest) -> Result<HttpResponse, Error> {
        *self.0.lock().unwrap() = Some(request);
        Err(Error::new(ErrorKind::Network, "no network here"))
    }
}

fn build(config: &Value) -> Result<Arc<dyn Provider>, Error> {
    PLUGIN.build(config.as_object().unwrap().clone(), &BuildCx::new("acme-eu"))
}

fn sent(config: &Value) -> HttpRequest {
    let mut request = ChatRequest::new("m").with_user("hi");
    request.sampling.max_output_tokens = Some(5);
    sent_as(config, request)
}

fn sent_as(config: &Value, request: ChatRequest) -> HttpRequest {
    let sink = Arc::new(Sink(std::sync::Mutex::default()));
    let call = build(config).unwrap();
    let cx = Cx::new(sink.clone());
    let mut call = Box::pin(async move { call.call(&cx, Request::Chat(Arc::new(request))).await });
    let polled = call.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
    assert!(polled.is_ready());
    sink.0.lock().unwrap().take().unwrap()
}

#[test]
fn the_table_of_settings_has_key_address_and_the_vendors_own() {
    let keys: Vec<_> = PLUGIN.settings.iter().map(|setting| setting.key).collect();
    assert_eq!(keys, ["api_key", "base_url", "account", "host", "team", "preset"]);
    assert_eq!(PLUGIN.settings[0].env, ["ACME_API_KEY", "ACME_KEY"]);
    assert!(PLUGIN.settings[0].secret && PLUGIN.settings[0].required && !PLUGIN.settings[1].required);
    assert_eq!(PLUGIN.settings[1].default, Some(VENDOR.base_url));
    assert!(PLUGIN.settings[2].required, "there is no address without it");
    assert_eq!((PLUGIN.id, PLUGIN.aliases, PLUGIN.default_model), ("acme", &["acme-ai"][..], Some("acme-1")));
    assert_eq!(model_card("acme", "acme-1").unwrap().max_output, Some(100));
    assert_eq!(model_card("acme", "acme-2").unwrap().sampling, Support::No);
}

#[test]
fn settings_go_to_their_places() {
    let config = json!({"api_key": " k1 ", "account": "a-1", "host": "https://eu.acme.test/", "team": "t1", "headers": {"x-more": "m1"}});
    let request = sent(&config);
    assert_eq!(request.url, "https://eu.acme.test/accounts/a-1/v1/chat/completions");
    let header = |name: &str| request.headers[name].to_str().unwrap().to_owned();
    assert_eq!([header("authorization"), header("x-acme-team"), header("x-more")], ["Bearer k1", "t1", "m1"]);
    assert!(request.headers["x-more"].is_sensitive());
    // An address of one's own needs no parts.
    let request = sent(&json!({"api_key": "k1", "base_url": "http://proxy.test/acme/", "account": null, "team": " "}));
    assert_eq!(request.url, "http://proxy.test/acme/chat/completions");
    assert!(request.headers.get("x-acme-team").is_none());
}

#[test]
fn a_preset_brings_its_address_and_its_dialect() {
    let request = sent(&json!({"preset": "local"}));
    assert_eq!(request.url, "http://127.0.0.1:8000/v1/chat/completions");
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!((&body["most"], body.get("max_tokens")), (&json!(5), None));
    let elsewhere = sent(&json!({"preset": "local", "base_url": "http://gpu.test/v1"}));
    assert_eq!(elsewhere.url, "http://gpu.test/v1/chat/completions");
}

#[test]
fn a_model_that_cannot_be_forced_to_call_a_tool_is_not() {
    let choice = |model: &str, choice: ToolChoice| {
        let mut request = ChatRequest::new(model).with_user("hi");
        request.tools = ["now", "then"].map(|name| Tool::function(name, "", json!({"type": "object"})).into()).to_vec();
        request.tool_choice = choice;
        let request = sent_as(&json!({"preset": "local"}), request);
        serde_json::from_slice::<Value>(&request.body).unwrap().get("tool_choice").cloned()
    };
    let named = || ToolChoice::Named("now".into());
    assert_eq!(choice("acme-1", ToolChoice::Required), Some(json!("required")));
    assert_eq!(choice("acme-1", named()), Some(json!({"type": "function", "function": {"name": "now"}})));
    assert_eq!(choice("acme-3", ToolChoice::Required), None);
    assert_eq!(choice("acme-3", named()), None);
    assert_eq!(choice("acme-3", ToolChoice::None), Some(json!("none")));
}

#[test]
fn what_is_wrong_is_said_without_repeating_it() {
    let check = |config: Value, expected: &str| {
        let error = build(&config).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Config, "{config}");
        assert_eq!(error.message(), expected, "{config}");
    };
    check(json!({"host": "h"}), "account missing: set account of the provider \"acme-eu\"");
    check(json!({"account": "a"}), "host missing: set host of the provider \"acme-eu\"");
    check(
        json!({"api_kye": "sk-1"}),
        "reading api_kye of the provider \"acme-eu\": there is no such setting, did you mean api_key?: \
         there are api_key, base_url, account, host, team, preset, headers",
    );
    check(json!({"api_key": 7}), "reading api_key of the provider \"acme-eu\": it must be a text");
    check(
        json!({"preset": "sk-1"}),
        "reading preset of the provider \"acme-eu\": there is no such preset: there are local",
    );
    check(
        json!({"headers": {"sk 1": "v"}}),
        "reading headers of the provider \"acme-eu\": a name has characters that no header has",
    );
    check(json!({"headers": {"x-a": 1}}), "reading headers of the provider \"acme-eu\": each value must be a text");
    check(
        json!({"headers": "x"}),
        "reading headers of the provider \"acme-eu\": it must be a table of header names and their values",
    );
    for account in ["a/../b", "a?b", "a@b", "/"] {
        check(
            json!({"host": "h", "account": account}),
            "reading account of the provider \"acme-eu\": it has characters that cannot stand in this place of an address",
        );
    }
    assert!(build(&json!({"base_url": "acme.test"})).is_err());
    let key: Secret = "a\nb".into();
    assert!(build(&json!({"base_url": "http://h", "api_key": key.expose()})).is_err());
}
