//! Fields that are a word or an object: `tool_choice` and `response_format`.

use llm_core::{ChatRequest, Error, JsonSchema, OutputFormat, ToolChoice};
use serde_json::{Map, Value};

use super::wrong;

/// `tool_choice`, or `function_call` from before there were tools. A form with no field of its own goes to `rest`.
pub(super) fn read_tool_choice(
    choice: Option<Value>,
    function_call: Option<Value>,
    request: &mut ChatRequest,
    rest: &mut Map<String, Value>,
) -> Result<(), Error> {
    if let Some(choice) = choice {
        request.tool_choice = match &choice {
            Value::String(word) => word_of("tool_choice", word)?,
            Value::Object(object) => match object.get("type").and_then(Value::as_str) {
                Some(kind @ ("function" | "custom")) => match object.get(kind).and_then(|tool| tool["name"].as_str()) {
                    Some(name) => ToolChoice::Named(name.to_owned()),
                    None => return Err(wrong(&format!("tool_choice.{kind}.name"), "is missing")),
                },
                Some("allowed_tools") => {
                    let mode = choice["allowed_tools"]["mode"].as_str().unwrap_or("auto").to_owned();
                    rest.insert("tool_choice".to_owned(), choice);
                    word_of("tool_choice.allowed_tools.mode", &mode)?
                }
                _ => return Err(wrong("tool_choice.type", "must be function, custom or allowed_tools")),
            },
            _ => return Err(wrong("tool_choice", "must be a string or an object")),
        };
    } else if let Some(call) = function_call {
        request.tool_choice = match &call {
            Value::String(word) => word_of("function_call", word)?,
            call => match call["name"].as_str() {
                Some(name) => ToolChoice::Named(name.to_owned()),
                None => return Err(wrong("function_call", "must be auto, none or an object with a name")),
            },
        };
    }
    Ok(())
}

pub(crate) fn word_of(field: &str, word: &str) -> Result<ToolChoice, Error> {
    match word {
        "auto" => Ok(ToolChoice::Auto),
        "none" => Ok(ToolChoice::None),
        // Mistral's and Fireworks' word.
        "required" | "any" => Ok(ToolChoice::Required),
        _ => Err(wrong(field, "must be auto, none, required or an object that names a tool")),
    }
}

/// `response_format`. Types of other servers (grammars) go to `rest`, and so do their forms of the known types, with
/// what is understood of them read as well: `{"type": "json_object", "schema": …}` (llama.cpp, Together, Fireworks),
/// `{"type": "json_schema", "schema": …}` (llama.cpp), a schema without a name (Perplexity), a name without a schema.
pub(super) fn read_response_format(
    format: Option<Value>,
    request: &mut ChatRequest,
    rest: &mut Map<String, Value>,
) -> Result<(), Error> {
    let Some(format) = format else { return Ok(()) };
    let Some(kind) = format.get("type").and_then(Value::as_str) else {
        return Err(if format.is_object() {
            wrong("response_format.type", "is missing")
        } else {
            wrong("response_format", "must be an object")
        });
    };
    let described = &format["json_schema"];
    let beside = [&format["schema"], &described["schema"]].into_iter().find(|schema| schema.is_object());
    let (output, is_whole) = match kind {
        "text" => (OutputFormat::Text, true),
        "json_object" => {
            (beside.map_or(OutputFormat::Json, unnamed), format.as_object().is_none_or(|all| all.len() == 1))
        }
        "json_schema"
            if described.is_null() && beside.is_some()
                || described.is_object() && (described["name"].is_null() || described["schema"].is_null()) =>
        {
            (beside.map_or(OutputFormat::Json, unnamed), false)
        }
        "json_schema" => (OutputFormat::JsonSchema(schema(described, "response_format.json_schema")?), true),
        _ => (OutputFormat::Text, false),
    };
    request.output = output;
    if !is_whole {
        rest.insert("response_format".to_owned(), format);
    }
    Ok(())
}

fn unnamed(schema: &Value) -> OutputFormat {
    OutputFormat::JsonSchema(JsonSchema { schema: schema.clone(), ..JsonSchema::default() })
}

/// A schema with its name; `path` is where it stands.
pub(crate) fn schema(described: &Value, path: &str) -> Result<JsonSchema, Error> {
    let field = |name: &str| format!("{path}.{name}");
    if !described.is_object() {
        return Err(wrong(path, "must be an object"));
    }
    let text = |name: &str| match &described[name] {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        _ => Err(wrong(&field(name), "must be a string")),
    };
    let strict = match &described["strict"] {
        Value::Null => None,
        Value::Bool(strict) => Some(*strict),
        _ => return Err(wrong(&field("strict"), "must be true or false")),
    };
    Ok(JsonSchema {
        name: text("name")?.ok_or_else(|| wrong(&field("name"), "is missing"))?,
        description: text("description")?,
        schema: match &described["schema"] {
            Value::Null => return Err(wrong(&field("schema"), "is missing")),
            schema => schema.clone(),
        },
        strict,
    })
}
