//! Reads and checks a messages request.

use serde_json::{Map, Value};

use crate::emulator::answer::{Asked, Choice, Form, Format, Offered, Thinking, sign, tokens_of};
use crate::emulator::prefill;
use crate::emulator::problem::Problem;
use crate::emulator::protocol::{strings, text_of};

/// Top-level fields of a messages request.
pub(super) const FIELDS: &[&str] = &[
    "cache_control",
    "container",
    "context_management",
    "inference_geo",
    "max_tokens",
    "mcp_servers",
    "messages",
    "metadata",
    "model",
    "output_config",
    "output_format",
    "service_tier",
    "speed",
    "stop_sequences",
    "stream",
    "system",
    "temperature",
    "thinking",
    "tool_choice",
    "tools",
    "top_k",
    "top_p",
];

/// The version of autumn 2026, which the SDKs send by default since their majors of then.
pub(super) const NEWEST: &str = "2026-10-21";

fn wrong(path: &str, why: &str) -> Problem {
    Problem::invalid(path, format!("{path}: {why}"))
}

fn missing(path: &str) -> Problem {
    wrong(path, "Field required")
}

/// Checks what the newest version refuses and the older ones take (API reference, November 2026).
pub(super) fn newest(body: &Map<String, Value>) -> Result<(), Problem> {
    if let Some(field) = ["temperature", "top_p", "top_k"].into_iter().find(|field| body.contains_key(*field)) {
        return Err(wrong(field, "Extra inputs are not permitted in this version"));
    }
    for (at, message) in body.get("messages").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let role = message.get("role").and_then(Value::as_str).unwrap_or_default();
        for (number, block) in message.get("content").and_then(Value::as_array).into_iter().flatten().enumerate() {
            let path = format!("messages.{at}.content.{number}");
            let cited = block.get("citations").and_then(Value::as_array).is_some_and(|citations| !citations.is_empty());
            match (role, block.get("type").and_then(Value::as_str)) {
                ("assistant", Some("document")) => return Err(wrong(&path, "document blocks stand in user messages")),
                ("user", Some("text")) if cited => {
                    return Err(wrong(&format!("{path}.citations"), "citations stand in assistant messages"));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// Reads and checks a request.
pub(super) fn read(body: &Map<String, Value>) -> Result<Asked, Problem> {
    let model = body.get("model").ok_or_else(|| missing("model"))?;
    let model = model.as_str().filter(|model| !model.is_empty()).ok_or_else(|| wrong("model", "a name is wanted"))?;
    let max_tokens = body.get("max_tokens").ok_or_else(|| missing("max_tokens"))?;
    let max_tokens = max_tokens.as_u64().ok_or_else(|| wrong("max_tokens", "a whole number is wanted"))?;
    let messages = body.get("messages").ok_or_else(|| missing("messages"))?;
    let messages = messages.as_array().ok_or_else(|| wrong("messages", "a list is wanted"))?;
    if messages.is_empty() {
        return Err(wrong("messages", "at least one message is required"));
    }
    let mut input_tokens = tokens_of(&body.get("system").map(text_of).unwrap_or_default());
    let mut turn = Turn::default();
    for (at, message) in messages.iter().enumerate() {
        turn.read(message, at)?;
        input_tokens += turn.tokens + 3;
    }
    turn.closed(messages.len())?;
    bounded(body, "temperature", 0.0, 1.0)?;
    bounded(body, "top_p", 0.0, 1.0)?;
    let tools = tools(body)?;
    let (choice, one_call) = choice(body, &tools)?;
    Ok(Asked {
        begun: prefill::begun(messages),
        model: model.to_owned(),
        form: match body.get("stream") {
            Some(Value::Bool(true)) => Form::Stream,
            None | Some(Value::Bool(false)) => Form::Whole,
            Some(_) => return Err(wrong("stream", "a boolean is wanted")),
        },
        last: turn.last,
        after_tools: turn.after_tools,
        input_tokens,
        tools,
        choice,
        one_call,
        format: format(body)?,
        max_tokens: Some(max_tokens),
        stop: strings(body.get("stop_sequences")),
        candidates: 1,
        thinking: thinking(body, max_tokens)?,
        cache: asks_to_cache(&Value::Object(body.clone())),
    })
}

/// What has been read of the conversation.
#[derive(Default)]
struct Turn {
    /// Words of the last user turn.
    last: String,
    after_tools: bool,
    /// Tokens of the last message.
    tokens: u64,
    /// Calls whose results must come next.
    open_calls: Vec<String>,
}

impl Turn {
    fn read(&mut self, message: &Value, at: usize) -> Result<(), Problem> {
        let path = format!("messages.{at}");
        let role = message.get("role").ok_or_else(|| missing(&format!("{path}.role")))?;
        let user = match role.as_str() {
            Some("user") => true,
            Some("assistant") => false,
            _ => return Err(wrong(&format!("{path}.role"), "it must be 'user' or 'assistant'")),
        };
        let content = message.get("content").ok_or_else(|| missing(&format!("{path}.content")))?;
        let none = Vec::new();
        let blocks = match content {
            Value::String(_) => &none,
            Value::Array(blocks) => blocks,
            _ => return Err(wrong(&format!("{path}.content"), "a string or a list is wanted")),
        };
        if !user {
            self.closed(at)?;
        }
        let mut results = String::new();
        let mut words = if let Value::String(text) = content { text.clone() } else { String::new() };
        for (number, block) in blocks.iter().enumerate() {
            let path = format!("{path}.content.{number}");
            match block.get("type").and_then(Value::as_str) {
                Some("text") => {
                    let text =
                        block.get("text").and_then(Value::as_str).ok_or_else(|| missing(&format!("{path}.text")))?;
                    if text.is_empty() {
                        return Err(wrong(&path, "text content blocks must be non-empty"));
                    }
                    words.push_str(text);
                }
                Some("thinking") => check_thinking(block, &path)?,
                Some("tool_use") => self.call(block, &path, user)?,
                Some("tool_result") => {
                    self.result(block, &path, user)?;
                    results.push_str(&block.get("content").map(text_of).unwrap_or_default());
                }
                Some("image" | "document") if block.get("source").is_none() => {
                    return Err(missing(&format!("{path}.source")));
                }
                Some(_) => {}
                None => return Err(missing(&format!("{path}.type"))),
            }
        }
        self.tokens = tokens_of(&words) + tokens_of(&results);
        if user {
            self.closed(at)?;
            // Words beside results are a new question.
            self.after_tools = words.is_empty() && !results.is_empty();
            self.last = if words.is_empty() { results } else { words };
        } else {
            self.after_tools = false;
        }
        Ok(())
    }

    fn call(&mut self, block: &Value, path: &str, user: bool) -> Result<(), Problem> {
        if user {
            return Err(wrong(path, "tool_use blocks stand in assistant messages"));
        }
        let id = block.get("id").and_then(Value::as_str).ok_or_else(|| missing(&format!("{path}.id")))?;
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')) {
            return Err(wrong(&format!("{path}.id"), "it must match '^[a-zA-Z0-9_-]+$'"));
        }
        if !block.get("name").is_some_and(Value::is_string) {
            return Err(missing(&format!("{path}.name")));
        }
        if !block.get("input").is_some_and(Value::is_object) {
            return Err(wrong(&format!("{path}.input"), "an object is wanted"));
        }
        self.open_calls.push(id.to_owned());
        Ok(())
    }

    fn result(&mut self, block: &Value, path: &str, user: bool) -> Result<(), Problem> {
        if !user {
            return Err(wrong(path, "tool_result blocks stand in user messages"));
        }
        let param = format!("{path}.tool_use_id");
        let id = block.get("tool_use_id").and_then(Value::as_str).ok_or_else(|| missing(&param))?;
        let Some(open) = self.open_calls.iter().position(|open| open == id) else {
            return Err(wrong(&param, "no tool_use block of the message before has this id"));
        };
        self.open_calls.remove(open);
        Ok(())
    }

    /// Every call before message `at` has its result.
    fn closed(&self, at: usize) -> Result<(), Problem> {
        if self.open_calls.is_empty() {
            return Ok(());
        }
        let ids = self.open_calls.join(", ");
        Err(wrong(
            &format!("messages.{at}"),
            &format!("these tool_use ids have no tool_result block right after them: {ids}"),
        ))
    }
}

/// Reasoning that comes back must be the vendor's own, with the signature that it made over these very words.
fn check_thinking(block: &Value, path: &str) -> Result<(), Problem> {
    let thinking = block.get("thinking").and_then(Value::as_str).ok_or_else(|| missing(&format!("{path}.thinking")))?;
    let signature =
        block.get("signature").and_then(Value::as_str).ok_or_else(|| missing(&format!("{path}.signature")))?;
    if signature == sign(thinking) {
        Ok(())
    } else {
        Err(wrong(&format!("{path}.signature"), "the signature is not one of this vendor over this thinking"))
    }
}

fn tools(body: &Map<String, Value>) -> Result<Vec<Offered>, Problem> {
    let Some(tools) = body.get("tools") else { return Ok(Vec::new()) };
    let tools = tools.as_array().ok_or_else(|| wrong("tools", "a list is wanted"))?;
    let mut offered = Vec::new();
    for (at, tool) in tools.iter().enumerate() {
        let path = format!("tools.{at}");
        let name = tool.get("name").and_then(Value::as_str).ok_or_else(|| missing(&format!("{path}.name")))?;
        match tool.get("type").and_then(Value::as_str) {
            None | Some("custom") => {
                let schema = tool.get("input_schema").ok_or_else(|| missing(&format!("{path}.input_schema")))?;
                if schema.get("type").and_then(Value::as_str) != Some("object") {
                    return Err(wrong(&format!("{path}.input_schema.type"), "it must be 'object'"));
                }
                offered.push(Offered { name: name.to_owned(), schema: schema.clone() });
            }
            // A tool that the vendor runs itself.
            Some(_) => {}
        }
    }
    Ok(offered)
}

fn choice(body: &Map<String, Value>, tools: &[Offered]) -> Result<(Choice, bool), Problem> {
    let Some(choice) = body.get("tool_choice") else { return Ok((Choice::Auto, false)) };
    if body.get("tools").is_none() {
        return Err(wrong("tool_choice", "it may only be given together with tools"));
    }
    let one = choice.get("disable_parallel_tool_use") == Some(&Value::Bool(true));
    let choice = match choice.get("type").and_then(Value::as_str) {
        Some("auto") => Choice::Auto,
        Some("none") => Choice::None,
        Some("any") => Choice::Required,
        Some("tool") => {
            let name = choice.get("name").and_then(Value::as_str).ok_or_else(|| missing("tool_choice.name"))?;
            if !tools.iter().any(|tool| tool.name == name) {
                return Err(wrong("tool_choice.name", "no tool of the request has this name"));
            }
            Choice::Named(name.to_owned())
        }
        _ => return Err(wrong("tool_choice.type", "it must be 'auto', 'any', 'tool' or 'none'")),
    };
    Ok((choice, one))
}

fn format(body: &Map<String, Value>) -> Result<Format, Problem> {
    let format =
        body.get("output_config").and_then(|config| config.get("format")).or_else(|| body.get("output_format"));
    match format.filter(|format| !format.is_null()) {
        None => Ok(Format::Text),
        Some(format) if format.get("type").and_then(Value::as_str) == Some("json_schema") => {
            let schema = format.get("schema").ok_or_else(|| missing("output_config.format.schema"))?;
            Ok(Format::Schema(schema.clone()))
        }
        Some(_) => Err(wrong("output_config.format.type", "it must be 'json_schema'")),
    }
}

fn thinking(body: &Map<String, Value>, max_tokens: u64) -> Result<Thinking, Problem> {
    let Some(thinking) = body.get("thinking") else { return Ok(Thinking::Off) };
    let shown = match thinking.get("display").and_then(Value::as_str) {
        Some("omitted") => Thinking::Hidden,
        _ => Thinking::Shown,
    };
    match thinking.get("type").and_then(Value::as_str) {
        Some("disabled") => Ok(Thinking::Off),
        Some("adaptive" | "between_tools") => Ok(shown),
        Some("enabled") => {
            let path = "thinking.enabled.budget_tokens";
            let budget = thinking.get("budget_tokens").and_then(Value::as_u64).ok_or_else(|| missing(path))?;
            match budget {
                ..1024 => Err(wrong(path, "1024 is the least")),
                _ if budget >= max_tokens => Err(wrong("max_tokens", "it must be more than thinking.budget_tokens")),
                _ if body.get("temperature").and_then(Value::as_f64).is_some_and(|heat| heat < 1.0) => {
                    Err(wrong("temperature", "it may only be 1 when thinking is enabled"))
                }
                _ => Ok(shown),
            }
        }
        _ => Err(wrong("thinking.type", "it must be 'enabled', 'adaptive' or 'disabled'")),
    }
}

fn bounded(body: &Map<String, Value>, field: &str, low: f64, high: f64) -> Result<(), Problem> {
    match body.get(field).map(Value::as_f64) {
        None => Ok(()),
        Some(Some(number)) if (low..=high).contains(&number) => Ok(()),
        Some(_) => Err(wrong(field, &format!("a number from {low} to {high} is wanted"))),
    }
}

/// Whether `cache_control` stands anywhere.
fn asks_to_cache(value: &Value) -> bool {
    match value {
        Value::Object(fields) => {
            fields.get("cache_control").is_some_and(|hint| !hint.is_null()) || fields.values().any(asks_to_cache)
        }
        Value::Array(items) => items.iter().any(asks_to_cache),
        _ => false,
    }
}
