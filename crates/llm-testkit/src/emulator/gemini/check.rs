//! Reads and checks a generateContent request.

use serde_json::{Map, Value};

use crate::emulator::answer::{Asked, Choice, Form, Format, Offered, Thinking, sign, tokens_of};
use crate::emulator::problem::Problem;
use crate::emulator::protocol::{strings, text_of};

/// What a part may hold, besides what describes it.
const DATA: [&str; 7] =
    ["text", "inlineData", "fileData", "functionCall", "functionResponse", "executableCode", "codeExecutionResult"];

/// Takes the place of a signature that was lost.
const NO_SIGNATURE: &str = "skip_thought_signature_validator";

fn wrong(field: &str, why: &str) -> Problem {
    Problem::invalid(field, format!("{field}: {why}"))
}

/// The signature over every part of this model.
pub(super) fn signature(model: &str) -> String {
    sign(&format!("gemini {model}"))
}

/// Reads and checks a request, its names in camel case.
pub(super) fn read(model: String, form: Form, body: &Map<String, Value>) -> Result<Asked, Problem> {
    let contents = body.get("contents").ok_or_else(|| wrong("contents", "contents is not specified"))?;
    let contents = contents.as_array().filter(|contents| !contents.is_empty());
    let contents = contents.ok_or_else(|| wrong("contents", "contents is not specified"))?;
    let system = body.get("systemInstruction");
    let mut input_tokens = tokens_of(&system.and_then(|system| system.get("parts")).map(text_of).unwrap_or_default());
    let (mut last, mut after_tools) = (String::new(), false);
    let mut open_calls = 0_usize;
    for (at, content) in contents.iter().enumerate() {
        let path = format!("contents[{at}]");
        let user = match content.get("role").map(Value::as_str) {
            None | Some(Some("user")) => true,
            Some(Some("model")) => false,
            _ => return Err(wrong(&format!("{path}.role"), "it must be 'user' or 'model'")),
        };
        let parts = content.get("parts").and_then(Value::as_array).filter(|parts| !parts.is_empty());
        let parts = parts.ok_or_else(|| wrong(&format!("{path}.parts"), "at least one part is wanted"))?;
        let mut results = String::new();
        let (mut calls, mut answers) = (0_usize, 0_usize);
        for (number, part) in parts.iter().enumerate() {
            let path = format!("{path}.parts[{number}]");
            check_part(part, &path, &model)?;
            calls += usize::from(part.get("functionCall").is_some());
            if let Some(response) = part.pointer("/functionResponse/response") {
                answers += 1;
                results.push_str(&response_text(response));
            }
        }
        if answers != if user { open_calls } else { 0 } {
            return Err(wrong(
                &path,
                "the number of function response parts must equal that of the function call parts before",
            ));
        }
        open_calls = calls;
        let words = text_of(&Value::Array(parts.clone()));
        input_tokens += tokens_of(&words) + tokens_of(&results) + 3;
        if user {
            after_tools = words.is_empty() && answers > 0;
            last = if words.is_empty() { results } else { words };
        } else {
            after_tools = false;
        }
    }
    let config = body.get("generationConfig").cloned().unwrap_or_default();
    let count = |name: &str| config.get(name).and_then(Value::as_u64);
    bounded(&config, "temperature", 0.0, 2.0)?;
    bounded(&config, "topP", 0.0, 1.0)?;
    let stop = strings(config.get("stopSequences"));
    if stop.len() > 5 {
        return Err(wrong("generationConfig.stopSequences", "five are the most"));
    }
    let tools = tools(body)?;
    Ok(Asked {
        model,
        form,
        last,
        after_tools,
        input_tokens,
        choice: choice(body)?,
        tools,
        one_call: false,
        format: format(&config),
        max_tokens: count("maxOutputTokens"),
        stop,
        candidates: count("candidateCount").unwrap_or(1).max(1),
        thinking: thinking(&config),
        cache: false,
        begun: None,
    })
}

fn check_part(part: &Value, path: &str, model: &str) -> Result<(), Problem> {
    let held = DATA.iter().filter(|field| part.get(**field).is_some()).count();
    if held > 1 {
        return Err(wrong(path, "a part holds one kind of data only"));
    }
    // An empty part may carry a signature.
    if held == 0 && part.get("thoughtSignature").is_none() {
        return Err(wrong(&format!("{path}.data"), "required oneof field 'data' must have one initialized field"));
    }
    if let Some(call) = part.get("functionCall") {
        if call.get("name").and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err(wrong(&format!("{path}.function_call.name"), "a name is wanted"));
        }
        if call.get("args").is_some_and(|args| !args.is_object()) {
            return Err(wrong(&format!("{path}.function_call.args"), "an object is wanted"));
        }
    }
    if let Some(response) = part.get("functionResponse") {
        if response.get("name").and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err(wrong(&format!("{path}.function_response.name"), "a name is wanted"));
        }
        if !response.get("response").is_some_and(Value::is_object) {
            return Err(wrong(&format!("{path}.function_response.response"), "an object is wanted"));
        }
    }
    match part.get("thoughtSignature") {
        None => Ok(()),
        Some(Value::String(own)) if *own == signature(model) || own == NO_SIGNATURE => Ok(()),
        Some(_) => {
            Err(wrong(&format!("{path}.thought_signature"), "the thought signature is not valid for this model"))
        }
    }
}

/// Words of a function's response: those of its only field, or the JSON.
fn response_text(response: &Value) -> String {
    let fields = response.as_object();
    let only = fields.filter(|fields| fields.len() == 1).and_then(|fields| fields.values().next()?.as_str());
    only.map_or_else(|| response.to_string(), str::to_owned)
}

fn tools(body: &Map<String, Value>) -> Result<Vec<Offered>, Problem> {
    let declarations =
        body.get("tools").and_then(Value::as_array).into_iter().flatten().enumerate().flat_map(|(at, tool)| {
            let functions = tool.get("functionDeclarations").or_else(|| tool.get("function_declarations"));
            let functions = functions.and_then(Value::as_array).into_iter().flatten();
            functions.enumerate().map(move |(number, function)| (at, number, function))
        });
    declarations
        .map(|(at, number, function)| {
            let path = format!("tools[{at}].function_declarations[{number}].name");
            let name = function.get("name").and_then(Value::as_str).filter(|name| !name.is_empty());
            let name = name.ok_or_else(|| wrong(&path, "a name is wanted"))?;
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b':' | b'-');
            if name.len() > 64 || !name.bytes().all(allowed) {
                return Err(wrong(&path, "64 letters, digits, '_', '.', ':' and '-' are the most"));
            }
            let schema = function.get("parametersJsonSchema").or_else(|| function.get("parameters"));
            Ok(Offered { name: name.to_owned(), schema: schema.cloned().unwrap_or_default() })
        })
        .collect()
}

fn choice(body: &Map<String, Value>) -> Result<Choice, Problem> {
    let Some(config) = body.get("toolConfig").and_then(|config| config.get("functionCallingConfig")) else {
        return Ok(Choice::Auto);
    };
    let allowed = config.get("allowedFunctionNames").and_then(Value::as_array).filter(|names| !names.is_empty());
    let mode = config.get("mode").and_then(Value::as_str).unwrap_or("AUTO");
    match (mode, allowed) {
        ("AUTO" | "VALIDATED" | "MODE_UNSPECIFIED", None) => Ok(Choice::Auto),
        ("NONE", None) => Ok(Choice::None),
        ("ANY", None) => Ok(Choice::Required),
        ("ANY" | "VALIDATED", Some(names)) => {
            Ok(names[0].as_str().map_or(Choice::Required, |name| Choice::Named(name.to_owned())))
        }
        ("AUTO" | "NONE", Some(_)) => {
            Err(wrong("tool_config.function_calling_config", "allowed function names are for the mode ANY"))
        }
        _ => Err(wrong("tool_config.function_calling_config.mode", "it must be AUTO, ANY, NONE or VALIDATED")),
    }
}

fn format(config: &Value) -> Format {
    let schema = config.get("responseJsonSchema").or_else(|| config.get("responseSchema"));
    match (config.get("responseMimeType").and_then(Value::as_str), schema) {
        (Some("application/json"), Some(schema)) => Format::Schema(schema.clone()),
        (Some("application/json"), None) => Format::Json,
        _ => Format::Text,
    }
}

fn thinking(config: &Value) -> Thinking {
    let Some(config) = config.get("thinkingConfig") else { return Thinking::Off };
    let off = config.get("thinkingBudget").and_then(Value::as_i64) == Some(0);
    match config.get("includeThoughts") {
        _ if off => Thinking::Off,
        Some(Value::Bool(true)) => Thinking::Shown,
        _ => Thinking::Hidden,
    }
}

fn bounded(config: &Value, field: &str, low: f64, high: f64) -> Result<(), Problem> {
    match config.get(field).map(Value::as_f64) {
        None => Ok(()),
        Some(Some(number)) if (low..=high).contains(&number) => Ok(()),
        Some(_) => {
            Err(wrong(&format!("generationConfig.{field}"), &format!("a number from {low} to {high} is wanted")))
        }
    }
}
