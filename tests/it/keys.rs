//! Several keys of one provider, for every plugin whose key is `api_key`, in the bytes that go out.

use std::sync::{Arc, Mutex};

use http::{HeaderMap, StatusCode};
use llm_core::{Cx, Error, HttpRequest, HttpResponse, Transport, async_trait};
use loquat::{Client, Config, Environment, ErrorKind};

/// Refuses one key and has something else to say to others. Keeps the first key of each request.
struct Refusing {
    keys: [&'static str; 2],
    seen: Mutex<Vec<&'static str>>,
}

#[async_trait]
impl Transport for Refusing {
    async fn send(&self, _cx: &Cx, request: HttpRequest) -> Result<HttpResponse, Error> {
        // In a header, or in the form that asks for a token.
        let has =
            |key: &str| holds(&request.body, key) || request.headers.values().any(|value| holds(value.as_bytes(), key));
        let key = self.keys.into_iter().find(|key| has(key)).unwrap_or("another");
        self.seen.lock().unwrap().push(key);
        let status = if key == self.keys[0] { StatusCode::UNAUTHORIZED } else { StatusCode::UNPROCESSABLE_ENTITY };
        let body = r#"{"error": {"message": "no", "type": "invalid_request_error"}}"#;
        Ok(HttpResponse::full(status, HeaderMap::new(), body))
    }
}

fn holds(value: &[u8], key: &str) -> bool {
    value.windows(key.len()).any(|window| window == key.as_bytes())
}

#[tokio::test(start_paused = true)]
async fn every_plugin_with_an_api_key_rotates_several() {
    let registry = loquat::registry().unwrap();
    let mut tried = Vec::new();
    for plugin in registry.plugins() {
        if !plugin.settings.iter().any(|setting| setting.key == "api_key") {
            continue;
        }
        // What else an account needs, such as a project in its address.
        let more = plugin.settings.iter().filter(|setting| setting.required || setting.key == "project");
        let more = more.filter(|setting| !["api_key", "base_url"].contains(&setting.key));
        let more: Vec<String> = more.map(|setting| format!("{} = \"filled\"\n", setting.key)).collect();
        let more = more.concat();
        let base = if plugin.settings.iter().any(|setting| setting.key == "base_url") {
            "base_url = \"https://vendor.test/v1\"\n"
        } else {
            ""
        };
        let text = format!(
            "[[provider]]\nid = \"{}\"\n{more}{base}api_key = [\"key-the-first\", \"key-the-second\"]\n",
            plugin.id
        );
        let refusing = Arc::new(Refusing { keys: ["key-the-first", "key-the-second"], seen: Mutex::default() });
        let client = Client::builder()
            .config(Config::from_toml(&text).unwrap())
            .environment(Environment::empty())
            .transport(refusing.clone())
            .build()
            .unwrap_or_else(|error| panic!("{}: {error}", plugin.id));
        let model = format!("{}/some-model", plugin.id);
        let error = client.chat("hi").model(&model).max_retries(0).await.unwrap_err();
        if error.kind() == ErrorKind::Unsupported {
            continue;
        }
        let seen = refusing.seen.lock().unwrap().clone();
        assert_eq!(seen, ["key-the-first", "key-the-second"], "{}: {error}", plugin.id);
        assert_eq!(client.keys()[0].cooling[0].reason, ErrorKind::Auth, "{}", plugin.id);
        assert!(!format!("{error:?}").contains("key-the"), "{}: {error:?}", plugin.id);
        tried.push(plugin.id);
    }
    assert!(tried.len() >= 25 || !cfg!(feature = "all-providers"), "{tried:?}");
}
