//! Reads and checks a chat request.

use base64::Engine as _;
use serde_json::{Map, Value};

use crate::emulator::answer::{Asked, Choice, Form, Format, Offered, Thinking, tokens_of};
use crate::emulator::prefill;
use crate::emulator::problem::Problem;
use crate::emulator::protocol::strings;

const ROLES: [&str; 4] = ["system", "user", "assistant", "tool"];

fn wrong(field: &str, why: &str) -> Problem {
    Problem::invalid(field, format!("{field}: {why}"))
}

/// The model, which must be named.
pub(super) fn model(body: &Map<String, Value>) -> Result<String, Problem> {
    let model = body.get("model").and_then(Value::as_str).filter(|model| !model.is_empty());
    model.map(str::to_owned).ok_or_else(|| Problem::invalid("model", "model is required"))
}

/// Reads and checks a request.
pub(super) fn read(body: &Map<String, Value>) -> Result<Asked, Problem> {
    let model = model(body)?;
    let messages = match body.get("messages") {
        Some(Value::Array(messages)) if !messages.is_empty() => messages,
        // The real one takes this for the order to load the model.
        None | Some(Value::Null | Value::Array(_)) => return Err(wrong("messages", "the emulator loads no models")),
        Some(_) => return Err(wrong("messages", "an array is wanted")),
    };
    let (mut last, mut after_tools, mut input_tokens) = (String::new(), false, 0);
    for (at, message) in messages.iter().enumerate() {
        let path = format!("messages[{at}]");
        let role = message.get("role").and_then(Value::as_str).unwrap_or_default();
        if !ROLES.contains(&role) {
            return Err(wrong(&format!("{path}.role"), &format!("it must be one of {ROLES:?}")));
        }
        let text = match message.get("content") {
            None | Some(Value::Null) => "",
            Some(Value::String(text)) => text,
            Some(_) => return Err(wrong(&format!("{path}.content"), "a string is wanted")),
        };
        check_calls(message, &path)?;
        check_images(message, &path)?;
        input_tokens += tokens_of(text) + 3;
        match role {
            "tool" if after_tools => last = format!("{last} {text}"),
            "user" | "tool" => text.clone_into(&mut last),
            _ => {}
        }
        after_tools = role == "tool";
    }
    let options = body.get("options").cloned().unwrap_or_default();
    // -1 and -2 mean no limit.
    let max_tokens = options.get("num_predict").and_then(Value::as_u64);
    Ok(Asked {
        begun: prefill::begun(messages),
        model,
        form: match body.get("stream") {
            None | Some(Value::Null | Value::Bool(true)) => Form::Stream,
            Some(Value::Bool(false)) => Form::Whole,
            Some(_) => return Err(wrong("stream", "a boolean is wanted")),
        },
        last,
        after_tools,
        input_tokens,
        tools: tools(body)?,
        choice: Choice::Auto,
        one_call: false,
        format: match body.get("format") {
            None | Some(Value::Null) => Format::Text,
            Some(Value::String(word)) if word.is_empty() => Format::Text,
            Some(Value::String(word)) if word == "json" => Format::Json,
            Some(schema @ Value::Object(_)) => Format::Schema(schema.clone()),
            Some(_) => return Err(wrong("format", "it must be \"json\" or a JSON schema")),
        },
        max_tokens,
        stop: strings(options.get("stop")),
        candidates: 1,
        thinking: match body.get("think") {
            Some(Value::Bool(true)) => Thinking::Shown,
            None | Some(Value::Null | Value::Bool(false)) => Thinking::Off,
            Some(Value::String(level)) if ["low", "medium", "high", "max"].contains(&level.as_str()) => Thinking::Shown,
            Some(_) => return Err(wrong("think", "it must be a boolean, \"low\", \"medium\", \"high\" or \"max\"")),
        },
        cache: false,
    })
}

fn check_calls(message: &Value, path: &str) -> Result<(), Problem> {
    let calls = message.get("tool_calls").and_then(Value::as_array).into_iter().flatten();
    for (number, call) in calls.enumerate() {
        let path = format!("{path}.tool_calls[{number}].function");
        if !call.pointer("/function/name").is_some_and(Value::is_string) {
            return Err(wrong(&format!("{path}.name"), "a string is wanted"));
        }
        if !call.pointer("/function/arguments").is_some_and(Value::is_object) {
            return Err(wrong(&format!("{path}.arguments"), "an object is wanted"));
        }
    }
    Ok(())
}

fn check_images(message: &Value, path: &str) -> Result<(), Problem> {
    for (number, image) in message.get("images").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let bytes = image.as_str().map(|image| base64::engine::general_purpose::STANDARD.decode(image));
        if !matches!(bytes, Some(Ok(_))) {
            return Err(wrong(&format!("{path}.images[{number}]"), "base64 without a prefix is wanted"));
        }
    }
    Ok(())
}

fn tools(body: &Map<String, Value>) -> Result<Vec<Offered>, Problem> {
    let tools = body.get("tools").and_then(Value::as_array).into_iter().flatten().enumerate();
    tools
        .map(|(at, tool)| {
            let name = tool.pointer("/function/name").and_then(Value::as_str);
            let name = name.ok_or_else(|| wrong(&format!("tools[{at}].function.name"), "a string is wanted"))?;
            let schema = tool.pointer("/function/parameters").cloned().unwrap_or_default();
            Ok(Offered { name: name.to_owned(), schema })
        })
        .collect()
}
