//! The usual form of a request: what is written in several ways and means one thing, written in one.

use serde_json::{Map, Value, json};

/// One thing that two requests may differ in and still mean the same.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The rule as a sentence, for the reference pages.
    pub says: &'static str,
    /// Brings the fields of a body into the usual form.
    pub(super) apply: fn(&mut Map<String, Value>),
}

/// What holds for the bodies of every API.
const EVERY: &[Rule] = &[
    Rule { says: "Null, an empty list and an empty object are nothing.", apply: without_nothing },
    Rule { says: "`stream: false` is the default.", apply: |fields| remove(fields, "stream", |value| value == false) },
    Rule {
        says: "`tool_choice` with `auto` is the default.",
        apply: |fields| {
            remove(fields, "tool_choice", |value| value == "auto" || *value == json!({"type": "auto"}));
        },
    },
];

/// APIs by the wire they belong to, and the rules of that wire.
const WIRES: &[(&str, &[&str], &[Rule])] = &[
    ("anthropic", &["anthropic-messages", "anthropic-count-tokens"], super::anthropic::RULES),
    ("bedrock", &["bedrock-converse", "bedrock-invoke", "bedrock-count-tokens"], super::bedrock::RULES),
    ("cohere", &["cohere-v2-chat", "cohere-v1-embed", "cohere-v2-embed", "cohere-rerank"], super::cohere::RULES),
    ("gemini", &["gemini", "gemini-count-tokens", "gemini-embed", "vertex-predict-embed"], super::gemini::RULES),
    ("ollama", &["ollama-chat", "ollama-embed", "ollama-generate"], super::ollama::RULES),
    (
        "openai",
        &[
            "openai-chat",
            "openai-completions",
            "openai-embeddings",
            "openai-images",
            "openai-moderations",
            "openai-transcription",
            "hf-feature-extraction",
            "rerank",
            "voyage-rerank",
            "mistral-chat",
            "mistral-agents",
            "mistral-fim",
            "mistral-embeddings",
            "mistral-moderations",
        ],
        super::openai::RULES,
    ),
    ("mistral", &["mistral-chat", "mistral-agents"], super::openai::MISTRAL),
    ("responses", &["openai-responses", "openai-responses-input-tokens"], super::responses::RULES),
];

/// All rules: `every` first, then by wire.
pub fn rules() -> impl Iterator<Item = (&'static str, &'static [Rule])> {
    std::iter::once(("every", EVERY)).chain(WIRES.iter().map(|(wire, _, rules)| (*wire, *rules)))
}

/// Brings a body of an API into its usual form.
pub(super) fn usual(body: &mut Value, api: &str) {
    let Some(fields) = body.as_object_mut() else { return };
    let own = WIRES.iter().filter(|(_, apis, _)| apis.contains(&api)).flat_map(|(_, _, rules)| *rules);
    for rule in EVERY.iter().chain(own) {
        (rule.apply)(fields);
    }
}

/// Content as a list of one text, if it is a text.
pub(super) fn list(message: &mut Value, field: &str, part: impl FnOnce(Value) -> Value) {
    if let Some(words) = message.get_mut(field).filter(|content| content.is_string()) {
        *words = json!([part(words.take())]);
    }
}

/// The objects of a list, if it is there.
pub(super) fn each<'a>(fields: &'a mut Map<String, Value>, name: &str) -> impl Iterator<Item = &'a mut Value> {
    fields.get_mut(name).and_then(Value::as_array_mut).into_iter().flatten()
}

/// Takes a field out when its value says nothing.
pub(super) fn remove(fields: &mut Map<String, Value>, name: &str, when: impl Fn(&Value) -> bool) {
    if fields.get(name).is_some_and(when) {
        fields.remove(name);
    }
}

/// Two names of one field.
pub(super) fn rename(fields: &mut Map<String, Value>, from: &str, to: &str) {
    if let Some(value) = fields.remove(from) {
        fields.entry(to).or_insert(value);
    }
}

/// Takes out null, empty lists and empty objects, from the inside out.
fn without_nothing(fields: &mut Map<String, Value>) {
    fn within(value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(within),
            Value::Object(fields) => without_nothing(fields),
            _ => {}
        }
    }
    fields.values_mut().for_each(within);
    fields.retain(|_, value| match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        _ => true,
    });
}
