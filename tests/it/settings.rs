//! What an operator writes for a provider means the same at every plugin.

use std::sync::{Arc, Mutex};

use http::{HeaderMap, StatusCode};
use llm_core::{Cx, Error, HttpRequest, HttpResponse, Transport, async_trait};
use loquat::core::{BuildCx, ProviderPlugin, Setting};
use loquat::{Client, Config, Environment, ErrorKind, Result};
use serde_json::{Map, Value, json};

/// Keeps what is sent and refuses it.
#[derive(Default)]
struct Sink(Mutex<Vec<HttpRequest>>);

#[async_trait]
impl Transport for Sink {
    async fn send(&self, _cx: &Cx, request: HttpRequest) -> Result<HttpResponse, Error> {
        self.0.lock().unwrap().push(request);
        Ok(HttpResponse::full(StatusCode::UNPROCESSABLE_ENTITY, HeaderMap::new(), "{}"))
    }
}

fn client(text: &str, variables: &[(&str, &str)], sink: &Arc<Sink>) -> Result<Client> {
    let config = Config::from_toml(text)?;
    let environment: Environment = variables.iter().copied().collect();
    Client::builder().config(config).environment(environment).transport(sink.clone()).build()
}

/// Plugins that have a vendor behind them.
fn vendors() -> impl Iterator<Item = &'static ProviderPlugin> {
    loquat::registry().unwrap().plugins().filter(|plugin| !plugin.fake).collect::<Vec<_>>().into_iter()
}

/// A setting that can be filled with any text.
fn is_filled(setting: &Setting) -> bool {
    (setting.required || ["api_key", "project", "access_token"].contains(&setting.key))
        && !["base_url", "credentials_file"].contains(&setting.key)
}

#[tokio::test(start_paused = true)]
async fn every_vendor_is_sent_the_operators_headers_and_its_key_once() {
    let mut tried = 0;
    for plugin in vendors() {
        let filled = plugin.settings.iter().filter(|setting| is_filled(setting));
        let filled: Vec<String> = filled.map(|setting| format!("{} = \"key-of-a-test-1\"\n", setting.key)).collect();
        let filled = filled.concat();
        let token = if plugin.id == "watsonx" { "token = \"t-0123456789\"\n" } else { "" };
        let text = format!(
            "[[provider]]\nid = \"{}\"\nbase_url = \"https://vendor.test/v1\"\n{filled}{token}\
             headers = {{ \"x-Team\" = \"env:TEAM\", authorization = \"Bearer mine\", \"x-api-key\" = \"mine\" }}\n",
            plugin.id
        );
        let sink = Arc::new(Sink::default());
        let client = client(&text, &[("TEAM", "canary-0123456789")], &sink).unwrap();
        let error = client.chat("hi").model(format!("{}/m", plugin.id)).await.unwrap_err();
        if error.kind() == ErrorKind::Unsupported {
            // It has vectors only.
            continue;
        }
        tried += 1;
        let requests = sink.0.lock().unwrap();
        let Some(request) = requests.first() else { panic!("{}: nothing was sent: {error}", plugin.id) };
        assert_eq!(request.headers["x-team"], "canary-0123456789", "{}", plugin.id);
        assert!(
            request.headers["x-team"].is_sensitive() && !format!("{request:?}").contains("canary"),
            "{}",
            plugin.id
        );
        for name in ["authorization", "x-api-key", "x-team"] {
            assert!(request.headers.get_all(name).iter().count() <= 1, "{}: {name} is sent twice", plugin.id);
        }
        if plugin.id == "openai" {
            assert_eq!(request.headers["authorization"], "Bearer key-of-a-test-1");
        }
        if plugin.id == "anthropic" {
            assert_eq!(request.headers["x-api-key"], "key-of-a-test-1");
        }
    }
    assert!(tried > 30, "only {tried} vendors were asked");
}

#[test]
fn a_wrong_setting_is_named_in_one_way() {
    for plugin in vendors() {
        let build = |key: &str, value: Value| {
            let config = Map::from_iter([(key.to_owned(), value)]);
            plugin.build(config, &BuildCx::new("mine")).err().unwrap().message().to_owned()
        };
        let unknown = build("base_ulr", "canary-0123456789".into());
        let expected =
            "reading base_ulr of the provider \"mine\": there is no such setting, did you mean base_url?: there are ";
        assert!(unknown.starts_with(expected) && !unknown.contains("canary"), "{}: {unknown}", plugin.id);
        let wrong = build("base_url", 5.into());
        assert!(wrong.starts_with("reading base_url of the provider \"mine\": "), "{}: {wrong}", plugin.id);
        let wrong = build("headers", json!({"content-length": "5"}));
        assert!(wrong.starts_with("reading headers of the provider \"mine\": "), "{}: {wrong}", plugin.id);
    }
}

#[test]
fn every_plugin_reads_the_settings_of_its_table_and_no_others() {
    for plugin in loquat::registry().unwrap().plugins() {
        // The plugin's own reader, without the check of the table before it.
        let config = Map::from_iter([("no-such-setting".to_owned(), Value::Null)]);
        let error = (plugin.build)(config, &BuildCx::new(plugin.id)).err().unwrap().message().to_owned();
        let Some((_, known)) = error.split_once("expected ") else { continue };
        let mut known: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
        let mut table: Vec<&str> = plugin.settings.iter().map(|setting| setting.key).collect();
        known.sort_unstable();
        table.sort_unstable();
        assert_eq!(known, table, "{}", plugin.id);
    }
}

#[test]
fn one_idea_has_one_name_and_older_ones_are_taken() {
    for plugin in vendors() {
        let has = |key: &str| plugin.settings.iter().any(|setting| setting.key == key);
        assert!(!has("version") && !has("project_id") && !has("chat_api"), "{}", plugin.id);
    }
    for (id, key, own) in
        [("bedrock", "chat_api", "api"), ("watsonx", "project_id", "project"), ("anthropic", "version", "api_version")]
    {
        let plugin = loquat::registry().unwrap().plugin(id).unwrap();
        let settled = plugin.settle(id, Map::from_iter([(key.to_owned(), "x".into())])).unwrap();
        assert_eq!(settled.keys().collect::<Vec<_>>(), [own]);
        let both = Map::from_iter([(key.to_owned(), "x".into()), (own.to_owned(), "y".into())]);
        assert!(plugin.settle(id, both).unwrap_err().message().contains("it is set twice"));
    }
}

async fn asked(text: &str, variables: &[(&str, &str)], model: &str) -> (String, Option<String>) {
    let sink = Arc::new(Sink::default());
    let client = client(text, variables, &sink).unwrap();
    client.chat("hi").model(model).await.unwrap_err();
    let requests = sink.0.lock().unwrap();
    let key = requests[0].headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
    (requests[0].url.clone(), key)
}

#[tokio::test(start_paused = true)]
async fn a_presets_name_is_an_account_of_its_own() {
    let two = "[[provider]]\nid = \"vllm\"\n[[provider]]\nid = \"lmstudio\"\nbase_url = \"http://box:1234/v1\"\n";
    let variables = [("OPENAI_COMPATIBLE_API_KEY", "of-another"), ("VLLM_API_KEY", "of-vllm")];
    let vllm = asked(two, &variables, "vllm/llama").await;
    assert_eq!(vllm, ("http://127.0.0.1:8000/v1/chat/completions".to_owned(), Some("Bearer of-vllm".to_owned())));
    let lmstudio = asked(two, &variables, "lmstudio/llama").await;
    assert_eq!(lmstudio, ("http://box:1234/v1/chat/completions".to_owned(), None), "it takes nobody else's key");

    let named = "[defaults]\nmodel = \"venice/llama\"\n";
    let venice = asked(named, &[("VENICE_API_KEY", "of-venice")], "venice/llama").await;
    assert_eq!(
        venice,
        ("https://api.venice.ai/api/v1/chat/completions".to_owned(), Some("Bearer of-venice".to_owned()))
    );
    let sink = Arc::new(Sink::default());
    let error = client(named, &[], &sink).unwrap().chat("hi").await.unwrap_err();
    assert!(error.to_string().contains("set VENICE_API_KEY or api_key of the provider \"venice\""), "{error}");
    let kind = "[[provider]]\nid = \"box\"\nkind = \"vllm\"\n";
    assert_eq!(asked(kind, &[], "box/llama").await.0, "http://127.0.0.1:8000/v1/chat/completions");
}

#[test]
fn names_that_are_no_provider_are_told_how_to_be_one() {
    let sink = Arc::new(Sink::default());
    let built = |text: &str| client(text, &[], &sink).map(|_| ()).unwrap_err().message().to_owned();
    let bare = built("[defaults]\nmodel = \"gpt-5.4\"");
    assert!(bare.contains("write provider/model, as in openai/gpt-5.4"), "{bare}");
    let misspelt = built("[defaults]\nmodel = \"opnai/gpt-5.4\"");
    assert!(misspelt.contains("no provider \"opnai\" is linked into this binary; did you mean \"openai\"? (linked: "));
    let twice = built("[[provider]]\nid = \"claude\"\n[[provider]]\nid = \"anthropic\"");
    assert!(twice.contains("\"claude\" and \"anthropic\" are names of the same provider, \"anthropic\""), "{twice}");
    let plural = built("[[providers]]\nid = \"openai\"");
    assert!(plural.contains("did you mean [[provider]]?"), "{plural}");
}

#[tokio::test]
async fn a_request_for_a_provider_that_nobody_configured_is_told_what_to_set() {
    let sink = Arc::new(Sink::default());
    let client = client("[[provider]]\nid = \"openai\"\napi_key = \"k\"", &[], &sink).unwrap();
    let error = client.chat("hi").model("groq/llama").await.unwrap_err();
    let words = "the provider \"groq\" is not configured: set GROQ_API_KEY or api_key of the provider \"groq\"";
    assert!(error.message().contains(words), "{error}");
}
