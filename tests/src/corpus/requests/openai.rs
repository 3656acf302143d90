//! What may differ in requests of OpenAI's chat protocol, and of its dialects.

use serde_json::{Map, Value, json};

use super::usual::{Rule, each, list, remove, rename};

pub(super) const RULES: &[Rule] = &[
    Rule {
        says: "Usage is asked for in every stream, and at OpenRouter in every request.",
        apply: |fields| {
            remove(fields, "stream_options", |_| true);
            remove(fields, "usage", |value| value["include"] == true);
        },
    },
    Rule {
        says: "`user` and `safety_identifier` are the same field, and so are `max_tokens` and `max_completion_tokens`.",
        apply: |fields| {
            rename(fields, "user", "safety_identifier");
            rename(fields, "max_tokens", "max_completion_tokens");
        },
    },
    Rule {
        says: "`reasoning` with an effort alone is `reasoning_effort`.",
        apply: |fields| {
            let asked = fields.get("reasoning").and_then(Value::as_object).filter(|asked| asked.len() == 1);
            if let Some(effort) = asked.and_then(|asked| asked.get("effort")).cloned() {
                fields.remove("reasoning");
                fields.insert("reasoning_effort".to_owned(), effort);
            }
        },
    },
    Rule {
        says: "A text format, one answer, no probabilities and no likelier words beside them are the defaults.",
        apply: |fields| {
            remove(fields, "response_format", |value| value["type"] == "text");
            remove(fields, "n", |value| value == 1);
            remove(fields, "logprobs", |value| value == false);
            remove(fields, "top_logprobs", |value| value == 0);
        },
    },
    Rule {
        says: "The end user is `user_id` where the vendor reads no other name.",
        apply: |fields| rename(fields, "user_id", "safety_identifier"),
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
        says: "`encoding_format` says how vectors are written in the answer, not which: every form is read.",
        apply: |fields| {
            fields.remove("encoding_format");
        },
    },
    Rule {
        says: "`functions` and `function_call` are the older form of `tools` and `tool_choice`, in messages as well.",
        apply: older_functions,
    },
    Rule {
        says: "`any` and `required` are two words for the same choice.",
        apply: |fields| {
            if fields.get("tool_choice").is_some_and(|choice| choice == "any") {
                fields.insert("tool_choice".to_owned(), "required".into());
            }
        },
    },
    Rule {
        says: "`developer` and `system` are the same role where a vendor knows only the latter.",
        apply: |fields| {
            for message in each(fields, "messages").filter(|message| message["role"] == "developer") {
                message["role"] = "system".into();
            }
        },
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
        says: "An empty text beside calls, and a blank in place of reasoning, are nothing.",
        apply: |fields| {
            for message in messages(fields).filter(|message| is_by(message, "assistant")) {
                if message.contains_key("tool_calls") {
                    remove(message, "content", |content| *content == json!([{"type": "text", "text": ""}]));
                }
                for name in ["reasoning", "reasoning_content"] {
                    remove(message, name, |text| text.as_str().is_some_and(|text| text.trim().is_empty()));
                }
            }
        },
    },
    Rule {
        says: "A call is of a function unless it says otherwise, and so is a tool; `index` is its place in the list.",
        apply: |fields| {
            let tools = each(fields, "tools").filter(|tool| tool["function"].is_object());
            tools.for_each(of_function);
            for call in messages(fields).flat_map(|message| each(message, "tool_calls")) {
                if let Some(call) = call.as_object_mut() {
                    call.remove("index");
                }
                of_function(call);
            }
        },
    },
    Rule {
        says: "The id of a call says which result is its own, and nothing else: calls are numbered in their order.",
        apply: numbered,
    },
];

/// What may differ in requests of Mistral besides.
pub(super) const MISTRAL: &[Rule] = &[Rule {
    says: "The address of an image may stand by itself or as `url` of an object.",
    apply: |fields| {
        for part in messages(fields).flat_map(|message| each(message, "content")) {
            if let Some(address @ Value::String(_)) = part.get_mut("image_url") {
                *address = json!({ "url": address.take() });
            }
        }
    },
}];

fn messages(fields: &mut Map<String, Value>) -> impl Iterator<Item = &mut Map<String, Value>> {
    each(fields, "messages").filter_map(Value::as_object_mut)
}

fn is_by(message: &Map<String, Value>, role: &str) -> bool {
    message.get("role").is_some_and(|said| said == role)
}

fn of_function(described: &mut Value) {
    if described["type"].is_null() {
        described["type"] = "function".into();
    }
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

/// Numbers in the place of ids; a result without an id is that of the first call which has none yet.
fn numbered(fields: &mut Map<String, Value>) {
    let (mut known, mut open) = (Vec::new(), Vec::new());
    let place = |id: &Value, known: &mut Vec<Value>| match known.iter().position(|known| known == id) {
        Some(place) if !id.is_null() => place,
        _ => {
            known.push(id.clone());
            known.len() - 1
        }
    };
    for message in messages(fields) {
        for call in each(message, "tool_calls") {
            let number = place(&call["id"], &mut known);
            open.push(number);
            call["id"] = number.into();
        }
        if is_by(message, "tool") {
            let number = match message.get("tool_call_id") {
                Some(id) => place(id, &mut known),
                None => open.first().copied().unwrap_or(usize::MAX),
            };
            open.retain(|open| *open != number);
            message.insert("tool_call_id".to_owned(), number.into());
        }
    }
}
