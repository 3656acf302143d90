//! What the catalogue says that a model refuses is not sent to it: by data, for every model that is flagged.

use std::sync::Arc;

use llm_core::{
    BuildCx, Capabilities, ChatRequest, ErrorKind, KnownModels, Message, OnUnsupported, Provider, ProviderPlugin,
    Request, Support, Tool, ToolChoice,
};
use llm_testkit::{Exchange, ScriptedTransport};
use loquat::catalog::Catalog;
use serde_json::{Map, Value, json};

struct Known(Catalog);

impl KnownModels for Known {
    fn capabilities(&self, plugin: &str, model: &str) -> Arc<Capabilities> {
        Arc::new(self.0.capabilities(plugin, model))
    }
}

/// A rule: who is flagged, what is asked of them, and which field they cannot take.
struct Rule {
    flagged: fn(&Capabilities) -> bool,
    ask: fn(&mut ChatRequest),
    field: &'static str,
    /// Fewest models that it is about, so that it is about some.
    least: usize,
}

const RULES: &[Rule] = &[
    Rule {
        flagged: |known| known.sampling == Support::No,
        ask: |request| request.sampling.temperature = Some(0.5),
        field: "sampling",
        least: 50,
    },
    Rule {
        flagged: |known| known.forced_tool == Support::No && known.tools.may(),
        ask: |request| {
            request.tools = vec![Arc::new(Tool::function("look_up", "it", json!({"type": "object"})))];
            request.tool_choice = ToolChoice::Required;
        },
        field: "tool_choice",
        least: 5,
    },
    Rule {
        flagged: |known| known.assistant_prefill == Support::No,
        ask: |request| request.messages.push(Arc::new(Message::assistant("It is"))),
        field: "messages",
        least: 10,
    },
];

fn provider(plugin: &ProviderPlugin, known: &Arc<Known>) -> Arc<dyn Provider> {
    let setting = |key: &str| match key {
        "base_url" | "endpoint" | "host" | "url" => Value::from("https://vendor.test"),
        _ => Value::from("something"),
    };
    let keys = ["api_key", "access_token"];
    let wanted = plugin.settings.iter().filter(|setting| setting.required || keys.contains(&setting.key));
    let config: Map<String, Value> = wanted.map(|wanted| (wanted.key.to_owned(), setting(wanted.key))).collect();
    let cx = BuildCx::new(plugin.id).with_models(known.clone());
    plugin.build(config, &cx).unwrap_or_else(|error| panic!("{}: {error}", plugin.id))
}

#[tokio::test]
async fn what_the_catalogue_says_that_a_model_refuses_is_not_sent() {
    let known = Arc::new(Known(Catalog::embedded()));
    let registry = loquat::registry().unwrap();
    let mut findings = Vec::new();
    for rule in RULES {
        let mut about = 0;
        for plugin in registry.plugins() {
            let models = known.0.models(plugin.id);
            let flagged = |model: &&&str| (rule.flagged)(&known.0.capabilities(plugin.id, model));
            for model in models.iter().filter(flagged) {
                about += 1;
                let mut request = ChatRequest::new(*model).with_user("What is it?");
                request.on_unsupported = OnUnsupported::Error;
                (rule.ask)(&mut request);
                let transport = ScriptedTransport::always(Exchange::json(200, &json!({})));
                let answer = provider(plugin, &known).call(&transport.cx(), Request::Chat(Arc::new(request))).await;
                let refused = answer.as_ref().err().filter(|error| error.kind() == ErrorKind::Unsupported);
                let field = refused.and_then(|error| error.param()).unwrap_or_default();
                if !field.starts_with(rule.field) || !transport.requests().is_empty() {
                    findings.push(format!("{}/{model} is sent {}: {answer:?}", plugin.id, rule.field));
                }
            }
        }
        assert!(about >= rule.least, "{} is refused by {about} models only", rule.field);
    }
    assert!(findings.is_empty(), "{} findings\n{}", findings.len(), findings.join("\n"));
}
