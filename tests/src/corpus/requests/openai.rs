//! What may differ in requests of OpenAI's chat protocol, and of its dialects.

use serde_json::{Map, Value, json};

use super::usual::{AUTO, Rule, UNARY, each, identified, list, remove, rename};

pub(super) const RULES: &[Rule] = &[
    UNARY,
    AUTO,
    Rule {
        says: "`stream_options.include_usage` asks for usage, which Loquat does in every stream of a vendor that says none unasked.",
        apply: |fields| {
            if let Some(options) = fields.get_mut("stream_options").and_then(Value::as_object_mut) {
                options.remove("include_usage");
            }
            remove(fields, "stream_options", |options| *options == json!({}));
        },
    },
    Rule {
        says: "`user` is the former name of `safety_identifier`.",
        apply: |fields| rename(fields, "user", "safety_identifier"),
    },
    Rule {
        says: "`max_tokens` is the former name of `max_completion_tokens`: each vendor is sent one of them.",
        apply: |fields| rename(fields, "max_tokens", "max_completion_tokens"),
    },
    Rule {
        says: "`response_format` with `text` is the default.",
        apply: |fields| remove(fields, "response_format", |value| *value == json!({"type": "text"})),
    },
    Rule { says: "`n: 1` is the default.", apply: |fields| remove(fields, "n", |value| value == 1) },
    Rule {
        says: "`logprobs: false` is the default.",
        apply: |fields| remove(fields, "logprobs", |value| value == false),
    },
    Rule {
        says: "`top_logprobs: 0` is the default.",
        apply: |fields| remove(fields, "top_logprobs", |value| value == 0),
    },
    Rule {
        says: "One text to stop at, one prompt and one text to make a vector of are a list of one.",
        apply: |fields| {
            for name in ["stop", "prompt", "input", "inputs"] {
                if let Some(Value::String(text)) = fields.get(name) {
                    let several = json!([text]);
                    fields.insert(name.to_owned(), several);
                }
            }
        },
    },
    Rule {
        says: "`encoding_format` of `float` or `base64` says how vectors are written in the answer, not which.",
        apply: |fields| remove(fields, "encoding_format", |format| format == "float" || format == "base64"),
    },
    Rule {
        says: "`functions` and `function_call` are the older form of `tools` and `tool_choice`, in messages as well.",
        apply: older_functions,
    },
    Rule {
        says: "Content that is a string is a list of one text.",
        apply: |fields| {
            for message in each(fields, "messages") {
                list(message, "content", |text| json!({"type": "text", "text": text}));
            }
        },
    },
    Rule {
        says: "An empty text beside calls is no content.",
        apply: |fields| {
            for message in messages(fields).filter(|message| message.contains_key("tool_calls")) {
                remove(message, "content", |content| *content == json!([{"type": "text", "text": ""}]));
            }
        },
    },
    Rule {
        says: "`index` of a call is its place in the list, which is part of answers and said by some clients in requests.",
        apply: |fields| {
            for calls in messages(fields).filter_map(|message| message.get_mut("tool_calls")?.as_array_mut()) {
                for (at, call) in calls.iter_mut().filter_map(Value::as_object_mut).enumerate() {
                    remove(call, "index", |index| *index == at);
                }
            }
        },
    },
];

pub(super) const AZURE: &[Rule] = &[Rule {
    says: "Where the path names the deployment, the body's `model` says nothing: some clients repeat it, others do not.",
    apply: |fields| drop(fields.remove("model")),
}];

pub(super) const DEEPSEEK: &[Rule] = &[
    Rule {
        says: "The end user is `user_id`, the only name for it that DeepSeek reads.",
        apply: |fields| rename(fields, "user_id", "safety_identifier"),
    },
    Rule {
        says: "No words, or a blank, in `reasoning_content` beside calls are no reasoning; without the field DeepSeek refuses the turn.",
        apply: |fields| {
            for message in messages(fields).filter(|message| message.contains_key("tool_calls")) {
                remove(message, "reasoning_content", |text| text == "" || text == " ");
            }
        },
    },
];

pub(super) const MISTRAL: &[Rule] = &[
    ANY,
    Rule {
        says: "The address of an image may stand by itself or as `url` of an object.",
        apply: |fields| {
            for part in messages(fields).flat_map(|message| each(message, "content")) {
                if let Some(address @ Value::String(_)) = part.get_mut("image_url") {
                    *address = json!({ "url": address.take() });
                }
            }
        },
    },
    Rule {
        says: "A tool is a function unless it says otherwise.",
        apply: |fields| {
            for tool in each(fields, "tools").filter(|tool| tool["type"].is_null() && tool["function"].is_object()) {
                tool["type"] = "function".into();
            }
        },
    },
    Rule {
        says: "The id of a call says which result is its own and has nine letters or digits: other ids are replaced, in calls and results alike.",
        apply: numbered,
    },
];

/// Some who ask others say it, too.
const ANY: Rule = Rule {
    says: "`any`, Mistral's word, means `required`.",
    apply: |fields| {
        if let Some(choice) = fields.get_mut("tool_choice").filter(|choice| *choice == "any") {
            *choice = "required".into();
        }
    },
};

pub(super) const OLLAMA: &[Rule] = &[Rule {
    says: "`developer` is a newer word for `system`, which is the one that Ollama is sent.",
    apply: |fields| {
        for message in each(fields, "messages").filter(|message| message["role"] == "developer") {
            message["role"] = "system".into();
        }
    },
}];

pub(super) const OPENROUTER: &[Rule] = &[
    Rule {
        says: "`usage.include` asks for the cost as well, which Loquat does in every request.",
        apply: |fields| remove(fields, "usage", |usage| *usage == json!({"include": true})),
    },
    ANY,
];

pub(super) const WRITER: &[Rule] = &[Rule {
    says: "A result without an id is that of the oldest open call; where there are no ids, Loquat makes them up.",
    apply: identified,
}];

fn messages(fields: &mut Map<String, Value>) -> impl Iterator<Item = &mut Map<String, Value>> {
    each(fields, "messages").filter_map(Value::as_object_mut)
}

fn is_by(message: &Map<String, Value>, role: &str) -> bool {
    message.get("role").is_some_and(|said| said == role)
}

/// Functions from before there were tools, and their calls and results, as tools have them.
fn older_functions(fields: &mut Map<String, Value>) {
    if let Some(Value::Array(functions)) = fields.remove("functions") {
        let tools = functions.into_iter().map(|function| json!({"type": "function", "function": function}));
        fields.insert("tools".to_owned(), tools.collect());
    }
    match fields.remove("function_call") {
        Some(word) if word == "auto" => {}
        Some(word @ Value::String(_)) => drop(fields.insert("tool_choice".to_owned(), word)),
        Some(named) => drop(fields.insert("tool_choice".to_owned(), json!({"type": "function", "function": named}))),
        None => {}
    }
    for message in messages(fields) {
        if let Some(call) = message.remove("function_call") {
            let call = json!([{"type": "function", "id": call["name"], "function": call}]);
            message.insert("tool_calls".to_owned(), call);
        }
        if is_by(message, "function") {
            message.insert("role".to_owned(), "tool".into());
            let name = message.get("name").cloned().unwrap_or_default();
            message.insert("tool_call_id".to_owned(), name);
        }
    }
}

/// Numbers in the place of ids, in the order in which they are first said.
fn numbered(fields: &mut Map<String, Value>) {
    let mut known = Vec::new();
    let mut number = |id: &mut Value| {
        let place = known.iter().position(|known| known == id).unwrap_or_else(|| {
            known.push(id.clone());
            known.len() - 1
        });
        *id = place.into();
    };
    for message in messages(fields) {
        each(message, "tool_calls").filter_map(|call| call.get_mut("id")).for_each(&mut number);
        message.get_mut("tool_call_id").map(&mut number);
    }
}
