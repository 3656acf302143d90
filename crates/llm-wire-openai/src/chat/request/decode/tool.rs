//! The tools of a request.

use std::sync::Arc;

use llm_core::{Error, FunctionTool, Tool};
use serde_json::{Map, Value};

use super::message::cache_hint;
use super::wire::{FunctionIn, ToolIn};
use super::wrong;
use crate::FAMILY;
use crate::json::{Items, Str};

/// `tools`, and `functions` from before there were tools.
pub(super) fn read(
    tools: Option<Items<ToolIn<'_>>>,
    functions: Option<Items<FunctionIn<'_>>>,
) -> Result<Vec<Arc<Tool>>, Error> {
    let mut out = Vec::new();
    for (number, tool) in tools.into_iter().flat_map(|tools| tools.0).enumerate() {
        let missing = |field: &str| wrong(&format!("tools[{number}].{field}"), "is missing");
        out.push(Arc::new(one(tool, missing)?));
    }
    for (number, described) in functions.into_iter().flat_map(|functions| functions.0).enumerate() {
        let missing = |field: &str| wrong(&format!("functions[{number}].{field}"), "is missing");
        out.push(Arc::new(Tool::Function(function(described, Map::new(), missing)?)));
    }
    Ok(out)
}

fn one(tool: ToolIn<'_>, missing: impl Fn(&str) -> Error) -> Result<Tool, Error> {
    // Clients of Mistral leave the type out (traffic of 2026-09); what has a function is one.
    if tool.kind.as_ref().map_or(tool.function.is_some(), |kind| kind.0 == "function") {
        let described = tool.function.ok_or_else(|| missing("function"))?;
        let mut function = function(described, tool.rest, |field| missing(&format!("function.{field}")))?;
        function.cache = tool.cache_control.as_ref().map(cache_hint);
        return Ok(Tool::Function(function));
    }
    let Some(kind) = tool.kind else { return Err(missing("type")) };
    let mut args = tool.rest;
    if let Some(described) = tool.function {
        // Moonshot's `builtin_function`.
        args.insert("function".to_owned(), fields(described));
    }
    let name = [&*kind.0, "function"].into_iter().find_map(|own| args.get(own)?.get("name"));
    let name = name.or_else(|| args.get("name")).and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(Tool::Provider { id: format!("{FAMILY}.{}", kind.0), name, args })
}

/// A function as it came.
fn fields(described: FunctionIn<'_>) -> Value {
    let mut fields = described.rest;
    let mut put = |name: &str, value: Option<Value>| fields.extend(value.map(|value| (name.to_owned(), value)));
    put("name", described.name.map(|text| text.0.into()));
    put("description", described.description.map(|text| text.0.into()));
    put("parameters", described.parameters);
    put("strict", described.strict.map(Value::Bool));
    Value::Object(fields)
}

/// A function by its fields, which both protocols have.
pub(crate) fn of_fields(
    name: Str<'_>,
    description: Option<Str<'_>>,
    parameters: Option<Value>,
    strict: Option<bool>,
) -> FunctionTool {
    FunctionTool {
        name: name.0.into_owned(),
        description: description.map(|text| text.0.into_owned()),
        schema: parameters.unwrap_or_default(),
        strict,
        ..FunctionTool::default()
    }
}

fn function(
    described: FunctionIn<'_>,
    mut beside: Map<String, Value>,
    missing: impl Fn(&str) -> Error,
) -> Result<FunctionTool, Error> {
    let name = described.name.ok_or_else(|| missing("name"))?;
    let mut function = of_fields(name, described.description, described.parameters, described.strict);
    if !described.rest.is_empty() {
        beside.insert("function".to_owned(), Value::Object(described.rest));
    }
    if !beside.is_empty() {
        function.ext.0.insert(FAMILY.to_owned(), beside);
    }
    Ok(function)
}
