//! The tools of a request and the choice among them.

use std::sync::Arc;

use llm_core::{ChatRequest, Error, Tool, ToolChoice};
use serde_json::{Map, Value};

use super::wire::ToolIn;
use crate::chat::request::decode::choice::word_of;
use crate::chat::request::decode::tool::of_fields;
use crate::chat::request::decode::wrong;
use crate::json::Items;
use crate::responses::FAMILY;

pub(super) fn read(tools: Option<Items<ToolIn<'_>>>) -> Result<Vec<Arc<Tool>>, Error> {
    let tools = tools.into_iter().flat_map(|tools| tools.0).enumerate();
    tools
        .map(|(number, tool)| {
            let missing = |field: &str| wrong(&format!("tools[{number}].{field}"), "is missing");
            one(tool, missing).map(Arc::new)
        })
        .collect()
}

fn one(tool: ToolIn<'_>, missing: impl Fn(&str) -> Error) -> Result<Tool, Error> {
    let Some(kind) = tool.kind else { return Err(missing("type")) };
    let mut rest = tool.rest;
    rest.retain(|_, value| !value.is_null());
    if kind.0 == "function" {
        let name = tool.name.ok_or_else(|| missing("name"))?;
        let mut function = of_fields(name, tool.description, tool.parameters, tool.strict);
        if !rest.is_empty() {
            function.ext.0.insert(FAMILY.to_owned(), rest);
        }
        return Ok(Tool::Function(function));
    }
    let name = tool.name.map(|name| name.0.into_owned());
    let text = |text: Option<crate::json::Str<'_>>| text.map(|text| Value::from(text.0));
    for (field, value) in [
        ("name", name.clone().map(Value::from)),
        ("description", text(tool.description)),
        ("parameters", tool.parameters),
        ("strict", tool.strict.map(Value::from)),
    ] {
        if let Some(value) = value {
            rest.insert(field.to_owned(), value);
        }
    }
    Ok(Tool::Provider { id: format!("{FAMILY}.{}", kind.0), name: name.unwrap_or_default(), args: rest })
}

/// `tool_choice`. A form with no field of its own goes to `rest`.
pub(super) fn read_choice(
    choice: Option<Value>,
    request: &mut ChatRequest,
    rest: &mut Map<String, Value>,
) -> Result<(), Error> {
    let Some(choice) = choice else { return Ok(()) };
    request.tool_choice = match &choice {
        Value::String(word) => word_of("tool_choice", word)?,
        Value::Object(object) => match object.get("type").and_then(Value::as_str) {
            Some("function" | "custom") => match choice["name"].as_str() {
                Some(name) => ToolChoice::Named(name.to_owned()),
                None => return Err(wrong("tool_choice.name", "is missing")),
            },
            Some("allowed_tools") => {
                let mode = word_of("tool_choice.mode", choice["mode"].as_str().unwrap_or("auto"))?;
                rest.insert("tool_choice".to_owned(), choice);
                mode
            }
            // One of the vendor's own tools. With more than its type it is that vendor's to understand.
            Some(kind) => {
                let id = format!("{FAMILY}.{kind}");
                let known =
                    request.tools.iter().find(|tool| matches!(&***tool, Tool::Provider { id: it, .. } if *it == id));
                let named = known.map_or(ToolChoice::Auto, |tool| ToolChoice::Named(tool.name().to_owned()));
                if object.len() > 1 || known.is_none() {
                    rest.insert("tool_choice".to_owned(), choice);
                }
                named
            }
            None => return Err(wrong("tool_choice.type", "is missing")),
        },
        _ => return Err(wrong("tool_choice", "must be a string or an object")),
    };
    Ok(())
}
