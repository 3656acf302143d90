//! The usual form of a request: what is written in several ways and means one thing, written in one.

use serde_json::{Map, Value, json};

use super::super::case::Case;

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
    Rule {
        says: "Null is nothing, but for null in what is the user's own: schemas, arguments and results.",
        apply: |fields| without(fields, &Value::is_null),
    },
    Rule {
        says: "An empty list is nothing, with the same exception.",
        apply: |fields| without(fields, &|value| *value == json!([])),
    },
];

pub(super) const UNARY: Rule =
    Rule { says: "`stream: false` is the default.", apply: |fields| remove(fields, "stream", |value| value == false) };

pub(super) const AUTO: Rule = Rule {
    says: "`tool_choice` with `auto` is the default.",
    apply: |fields| remove(fields, "tool_choice", |value| value == "auto" || *value == json!({"type": "auto"})),
};

/// Rules that some bodies share.
struct Shared {
    /// Whose bodies, for the reference pages.
    by: &'static str,
    holds: fn(&Case) -> bool,
    rules: &'static [Rule],
}

const SHARED: &[Shared] = &[
    Shared { by: "Every body", holds: |_| true, rules: EVERY },
    Shared {
        by: "Anthropic's messages",
        holds: |case| case.api.starts_with("anthropic-"),
        rules: super::anthropic::RULES,
    },
    Shared {
        by: "Bedrock's `InvokeModel`, for Claude",
        holds: super::bedrock::is_claude,
        rules: super::bedrock::CLAUDE,
    },
    Shared { by: "Bedrock's Converse", holds: |case| case.api == "bedrock-converse", rules: super::bedrock::CONVERSE },
    Shared { by: "Cohere's chat", holds: |case| case.api == "cohere-v2-chat", rules: super::cohere::RULES },
    Shared { by: "Gemini", holds: |case| case.api.starts_with("gemini"), rules: super::gemini::RULES },
    Shared { by: "Ollama", holds: |case| case.api.starts_with("ollama-"), rules: super::ollama::RULES },
    Shared { by: "OpenAI's chat protocol and its dialects", holds: is_openai, rules: super::openai::RULES },
    Shared { by: "Azure", holds: super::super::azure::is_deployed, rules: super::openai::AZURE },
    Shared {
        by: "DeepSeek's chat",
        holds: |case| is_openai(case) && case.provider == "deepseek",
        rules: super::openai::DEEPSEEK,
    },
    Shared { by: "Mistral", holds: |case| case.api.starts_with("mistral-"), rules: super::openai::MISTRAL },
    Shared {
        by: "Ollama by OpenAI's protocol",
        holds: |case| is_openai(case) && case.provider == "ollama",
        rules: super::openai::OLLAMA,
    },
    Shared {
        by: "OpenRouter's chat",
        holds: |case| is_openai(case) && case.provider == "openrouter",
        rules: super::openai::OPENROUTER,
    },
    Shared { by: "Writer", holds: |case| case.provider == "writer", rules: super::openai::WRITER },
    Shared {
        by: "OpenAI's Responses",
        holds: |case| case.api.starts_with("openai-responses"),
        rules: super::responses::RULES,
    },
];

fn is_openai(case: &Case) -> bool {
    let api = case.api.as_str();
    (api.starts_with("openai-") && !api.starts_with("openai-responses"))
        || api.starts_with("mistral-")
        || ["hf-feature-extraction", "rerank", "voyage-rerank"].contains(&api)
}

/// All rules, and whose bodies they are about.
pub fn rules() -> impl Iterator<Item = (&'static str, &'static [Rule])> {
    SHARED.iter().map(|shared| (shared.by, shared.rules))
}

/// Brings the body of a case into its usual form.
pub(super) fn usual(body: &mut Value, case: &Case) {
    let Some(fields) = body.as_object_mut() else { return };
    let rules = SHARED.iter().filter(|shared| (shared.holds)(case)).flat_map(|shared| shared.rules);
    for rule in rules {
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

/// Gives every call an id and every result the id of its call, where they have none.
pub(super) fn identified(fields: &mut Map<String, Value>) {
    let (mut made_up, mut open) = (0, Vec::new());
    for message in each(fields, "messages").filter_map(Value::as_object_mut) {
        for call in each(message, "tool_calls").filter_map(Value::as_object_mut) {
            let id = call.entry("id").or_insert_with(|| {
                made_up += 1;
                format!("call_{}", made_up - 1).into()
            });
            open.push(id.clone());
        }
        if message.get("role").is_some_and(|role| role == "tool") && !open.is_empty() {
            let answered = message.entry("tool_call_id").or_insert_with(|| open[0].clone());
            open.retain(|id| id != answered);
        }
    }
}

/// Fields whose values are the user's own, not the vendor's.
pub(super) const OF_THE_USER: &[&str] = &[
    "args",
    "arguments",
    "format",
    "input",
    "input_schema",
    "inputSchema",
    "json",
    "labels",
    "metadata",
    "parameters",
    "parametersJsonSchema",
    "parameters_json_schema",
    "response",
    "responseJsonSchema",
    "responseSchema",
    "response_json_schema",
    "response_schema",
    "schema",
];

/// Takes out fields that say nothing, from the inside out.
fn without(fields: &mut Map<String, Value>, nothing: &dyn Fn(&Value) -> bool) {
    fn within(value: &mut Value, nothing: &dyn Fn(&Value) -> bool) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| within(item, nothing)),
            Value::Object(fields) => inside(fields, nothing),
            _ => {}
        }
    }
    fn inside(fields: &mut Map<String, Value>, nothing: &dyn Fn(&Value) -> bool) {
        let vendors = fields.iter_mut().filter(|(name, _)| !OF_THE_USER.contains(&name.as_str()));
        vendors.for_each(|(_, value)| within(value, nothing));
        fields.retain(|_, value| !nothing(value));
    }
    // What is asked; further inside it is the arguments of a call.
    if let Some(input) = fields.get_mut("input") {
        within(input, nothing);
    }
    inside(fields, nothing);
}
