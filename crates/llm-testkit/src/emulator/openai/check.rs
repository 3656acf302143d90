//! Reads and checks a chat completions request.

use serde_json::{Map, Value};

use crate::emulator::answer::{Asked, Choice, Form, Format, Offered, Thinking, tokens_of};
use crate::emulator::prefill;
use crate::emulator::problem::Problem;
use crate::emulator::protocol::{strings, text_of};

/// Top-level fields of a chat completions request.
pub(super) const FIELDS: &[&str] = &[
    "audio",
    "frequency_penalty",
    "function_call",
    "functions",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "messages",
    "metadata",
    "modalities",
    "model",
    "n",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "reasoning_effort",
    "response_format",
    "safety_identifier",
    "seed",
    "service_tier",
    "stop",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "user",
    "verbosity",
    "web_search_options",
];

const ROLES: [&str; 6] = ["developer", "system", "user", "assistant", "tool", "function"];
const PARTS: [&str; 6] = ["text", "image_url", "input_audio", "file", "refusal", "video_url"];

fn missing(param: &str) -> Problem {
    Problem::invalid(param, format!("required parameter missing: '{param}'")).with_code("missing_required_parameter")
}

fn wrong_type(param: &str, wanted: &str) -> Problem {
    Problem::invalid(param, format!("'{param}' has the wrong type: {wanted} is wanted")).with_code("invalid_type")
}

fn wrong_value(param: &str, why: &str) -> Problem {
    Problem::invalid(param, format!("'{param}' has a wrong value: {why}")).with_code("invalid_value")
}

/// The model, which must be named.
pub(super) fn model(body: &Map<String, Value>) -> Result<String, Problem> {
    match body.get("model") {
        Some(Value::String(model)) if !model.is_empty() => Ok(model.clone()),
        Some(Value::String(_)) | None => Err(missing("model")),
        Some(_) => Err(wrong_type("model", "a string")),
    }
}

/// Reads and checks a request.
pub(super) fn read(body: &Map<String, Value>) -> Result<Asked, Problem> {
    let model = model(body)?;
    let messages = match body.get("messages") {
        Some(Value::Array(messages)) if messages.is_empty() => {
            return Err(Problem::invalid("messages", "'messages' is empty").with_code("empty_array"));
        }
        Some(Value::Array(messages)) => messages,
        Some(_) => return Err(wrong_type("messages", "an array")),
        None => return Err(missing("messages")),
    };
    let mut open_calls: Vec<String> = Vec::new();
    let (mut last, mut after_tools, mut input_tokens) = (String::new(), false, 0);
    for (at, message) in messages.iter().enumerate() {
        let role = check_message(message, at, &mut open_calls)?;
        let text = message.get("content").map(text_of).unwrap_or_default();
        input_tokens += tokens_of(&text) + 3;
        match role {
            // Results of several calls are one turn.
            "tool" if after_tools => last = format!("{last} {text}"),
            "user" | "tool" | "function" => last = text,
            _ => {}
        }
        after_tools = matches!(role, "tool" | "function");
    }
    if !open_calls.is_empty() {
        let why = format!("these calls have no tool message that answers them: {}", open_calls.join(", "));
        return Err(Problem::invalid("messages", why));
    }
    bounded(body, "temperature", 0.0, 2.0)?;
    bounded(body, "top_p", 0.0, 1.0)?;
    bounded(body, "presence_penalty", -2.0, 2.0)?;
    bounded(body, "frequency_penalty", -2.0, 2.0)?;
    let stop = strings(body.get("stop"));
    if stop.len() > 4 {
        return Err(Problem::invalid("stop", "'stop' takes four texts at most").with_code("array_above_max_length"));
    }
    let tools = tools(body)?;
    let choice = choice(body, &tools)?;
    Ok(Asked {
        begun: prefill::begun(messages),
        model,
        form: form(body)?,
        last,
        after_tools,
        input_tokens,
        choice,
        tools,
        one_call: body.get("parallel_tool_calls") == Some(&Value::Bool(false)),
        format: format(body)?,
        max_tokens: match count(body, "max_completion_tokens")? {
            Some(count) => Some(count),
            None => count(body, "max_tokens")?,
        },
        stop,
        candidates: count(body, "n")?.unwrap_or(1),
        thinking: match body.get("reasoning_effort").and_then(Value::as_str) {
            None | Some("none") => Thinking::Off,
            Some(_) => Thinking::Hidden,
        },
        cache: false,
    })
}

/// The message's role.
fn check_message<'m>(message: &'m Value, at: usize, open_calls: &mut Vec<String>) -> Result<&'m str, Problem> {
    let param = |field: &str| format!("messages[{at}].{field}");
    let role = match message.get("role") {
        Some(Value::String(role)) => role.as_str(),
        Some(_) => return Err(wrong_type(&param("role"), "a string")),
        None => return Err(missing(&param("role"))),
    };
    if !ROLES.contains(&role) {
        return Err(wrong_value(&param("role"), &format!("{role:?} is none of {ROLES:?}")));
    }
    let calls = message.get("tool_calls").filter(|calls| !calls.is_null());
    match message.get("content") {
        Some(Value::String(_)) => {}
        Some(Value::Array(parts)) => {
            for (number, part) in parts.iter().enumerate() {
                let kind = part.get("type").and_then(Value::as_str);
                if !kind.is_some_and(|kind| PARTS.contains(&kind)) {
                    return Err(wrong_value(
                        &param(&format!("content[{number}].type")),
                        &format!("it must be one of {PARTS:?}"),
                    ));
                }
                if kind == Some("text") && !part.get("text").is_some_and(Value::is_string) {
                    return Err(missing(&param(&format!("content[{number}].text"))));
                }
            }
        }
        None | Some(Value::Null) if role == "assistant" => {}
        None | Some(Value::Null) => return Err(wrong_type(&param("content"), "a string or an array")),
        Some(_) => return Err(wrong_type(&param("content"), "a string or an array")),
    }
    if role == "tool" {
        let Some(id) = message.get("tool_call_id").and_then(Value::as_str) else {
            return Err(missing(&param("tool_call_id")));
        };
        let Some(open) = open_calls.iter().position(|open| open == id) else {
            let why = "a tool message must answer a call of the assistant message before it";
            return Err(Problem::invalid(param("role"), why));
        };
        open_calls.remove(open);
    } else if !open_calls.is_empty() {
        let why = format!("these calls have no tool message that answers them: {}", open_calls.join(", "));
        return Err(Problem::invalid(format!("messages[{at}]"), why));
    }
    if let Some(calls) = calls {
        let calls = calls.as_array().ok_or_else(|| wrong_type(&param("tool_calls"), "an array"))?;
        for (number, call) in calls.iter().enumerate() {
            let param = |field: &str| param(&format!("tool_calls[{number}].{field}"));
            let id = call.get("id").and_then(Value::as_str).ok_or_else(|| missing(&param("id")))?;
            if id.len() > 64 {
                return Err(Problem::invalid(param("id"), "the id is too long").with_code("string_above_max_length"));
            }
            let function =
                if call.get("type").and_then(Value::as_str) == Some("custom") { "custom" } else { "function" };
            let function = call.get(function).ok_or_else(|| missing(&param(function)))?;
            if !function.get("name").is_some_and(Value::is_string) {
                return Err(missing(&param("function.name")));
            }
            let arguments = function.get("arguments").or_else(|| function.get("input"));
            if !arguments.is_some_and(Value::is_string) {
                return Err(wrong_type(&param("function.arguments"), "a string"));
            }
            open_calls.push(id.to_owned());
        }
    }
    Ok(role)
}

fn form(body: &Map<String, Value>) -> Result<Form, Problem> {
    let stream = match body.get("stream") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(stream)) => *stream,
        Some(_) => return Err(wrong_type("stream", "a boolean")),
    };
    let options = body.get("stream_options").filter(|options| !options.is_null());
    match (stream, options) {
        (false, Some(_)) => Err(Problem::invalid("stream_options", "'stream_options' is for streams only")),
        (false, None) => Ok(Form::Whole),
        (true, options) => {
            let usage = options.and_then(|options| options.get("include_usage")) == Some(&Value::Bool(true));
            Ok(if usage { Form::StreamWithUsage } else { Form::Stream })
        }
    }
}

fn tools(body: &Map<String, Value>) -> Result<Vec<Offered>, Problem> {
    let Some(tools) = body.get("tools").filter(|tools| !tools.is_null()) else { return Ok(Vec::new()) };
    let tools = tools.as_array().ok_or_else(|| wrong_type("tools", "an array"))?;
    let mut offered = Vec::new();
    for (at, tool) in tools.iter().enumerate() {
        match tool.get("type").and_then(Value::as_str) {
            Some("function") => {
                let function = tool.get("function").ok_or_else(|| missing(&format!("tools[{at}].function")))?;
                let name = function.get("name").and_then(Value::as_str).filter(|name| !name.is_empty());
                let name = name.ok_or_else(|| missing(&format!("tools[{at}].function.name")))?;
                let schema = function.get("parameters").cloned().unwrap_or_default();
                offered.push(Offered { name: name.to_owned(), schema });
            }
            Some("custom") => {}
            _ => return Err(wrong_value(&format!("tools[{at}].type"), "it must be 'function' or 'custom'")),
        }
    }
    Ok(offered)
}

fn choice(body: &Map<String, Value>, tools: &[Offered]) -> Result<Choice, Problem> {
    let choice = match body.get("tool_choice") {
        None | Some(Value::Null) => return Ok(Choice::Auto),
        Some(Value::String(word)) => match word.as_str() {
            "auto" => Choice::Auto,
            "none" => Choice::None,
            "required" => Choice::Required,
            _ => return Err(wrong_value("tool_choice", "it must be 'none', 'auto' or 'required', or name a tool")),
        },
        Some(named) => match named.pointer("/function/name").and_then(Value::as_str) {
            Some(name) if tools.iter().any(|tool| tool.name == name) => Choice::Named(name.to_owned()),
            Some(_) => return Err(wrong_value("tool_choice", "no tool of the request has this name")),
            None => return Err(missing("tool_choice.function.name")),
        },
    };
    if tools.is_empty() && !matches!(choice, Choice::None | Choice::Auto) {
        return Err(Problem::invalid("tool_choice", "'tool_choice' is for requests with tools only"));
    }
    Ok(choice)
}

fn format(body: &Map<String, Value>) -> Result<Format, Problem> {
    let Some(format) = body.get("response_format").filter(|format| !format.is_null()) else { return Ok(Format::Text) };
    match format.get("type").and_then(Value::as_str) {
        Some("text") => Ok(Format::Text),
        Some("json_object") => Ok(Format::Json),
        Some("json_schema") => {
            let param = "response_format.json_schema";
            let wanted = format.get("json_schema").ok_or_else(|| missing(param))?;
            if !wanted.get("name").is_some_and(Value::is_string) {
                return Err(missing(&format!("{param}.name")));
            }
            Ok(Format::Schema(wanted.get("schema").cloned().unwrap_or_default()))
        }
        _ => Err(wrong_value("response_format.type", "it must be 'text', 'json_object' or 'json_schema'")),
    }
}

fn bounded(body: &Map<String, Value>, param: &str, low: f64, high: f64) -> Result<(), Problem> {
    match body.get(param) {
        None | Some(Value::Null) => Ok(()),
        Some(number) => match number.as_f64() {
            None => Err(wrong_type(param, "a number")),
            Some(number) if number > high => {
                Err(wrong_value(param, &format!("{high} is the most")).with_code("decimal_above_max_value"))
            }
            Some(number) if number < low => {
                Err(wrong_value(param, &format!("{low} is the least")).with_code("decimal_below_min_value"))
            }
            Some(_) => Ok(()),
        },
    }
}

fn count(body: &Map<String, Value>, param: &str) -> Result<Option<u64>, Problem> {
    match body.get(param) {
        None | Some(Value::Null) => Ok(None),
        Some(number) => match number.as_u64() {
            Some(0) => Err(wrong_value(param, "1 is the least").with_code("integer_below_min_value")),
            Some(count) => Ok(Some(count)),
            None => Err(wrong_type(param, "a positive integer")),
        },
    }
}
