//! The tools of a request that comes in, and the choice among them.

use std::sync::Arc;

use llm_core::{ChatRequest, Error, FunctionTool, Tool, ToolChoice};
use llm_wire::CacheMark;
use llm_wire::json::{self, Fields, Path};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::API;
use crate::block::CACHE_MARK;

/// The list of tools. A mark for the cache belongs to the tool before it.
pub(super) fn read_tools(raw: &RawValue, at: &Path<'_>) -> Result<Vec<Arc<Tool>>, Error> {
    let mut tools: Vec<Tool> = Vec::new();
    for (index, raw) in json::list(raw, at, "a list of tools")?.into_iter().enumerate() {
        let at = at.index(index);
        let mut fields = json::object(raw, &at)?;
        if let Some(raw) = fields.take("toolSpec") {
            tools.push(read_function(raw, &at.field("toolSpec"))?);
        } else if let Some(raw) = fields.take("systemTool") {
            let at = at.field("systemTool");
            let mut fields = json::object(raw, &at)?;
            let place = at.field("name");
            let name = fields.take("name").ok_or_else(|| place.must_be("the name of a tool"))?;
            let id = format!("{API}.{}", json::string(name, &place)?);
            tools.push(Tool::Provider { id, name: String::new(), args: fields.rest() });
        } else if !marks(&fields, &mut tools) {
            // What has no tool of its own is kept under the name of its one field.
            let mut entries = fields.rest().into_iter();
            let Some((name, Value::Object(args))) = entries.next() else {
                return Err(at.must_be("a toolSpec, a systemTool or a cachePoint"));
            };
            tools.push(Tool::Provider { id: format!("{API}.{name}"), name, args });
        }
    }
    Ok(tools.into_iter().map(Arc::new).collect())
}

/// Whether an entry is a mark that the tool before it could take.
fn marks(entry: &Fields<'_>, tools: &mut [Tool]) -> bool {
    let (Some(hint), Some(Tool::Function(tool @ FunctionTool { cache: None, .. }))) =
        (entry.get("cachePoint").and_then(|raw| CacheMark::read(raw, CACHE_MARK)), tools.last_mut())
    else {
        return false;
    };
    tool.cache = Some(hint);
    true
}

fn read_function(raw: &RawValue, at: &Path<'_>) -> Result<Tool, Error> {
    let mut fields = json::object(raw, at)?;
    let place = at.field("name");
    let name = fields.take("name").map(|raw| json::string(raw, &place)).transpose()?;
    let name = name.filter(|name| !name.is_empty()).ok_or_else(|| place.must_be("the name of the tool"))?;
    let mut tool = FunctionTool { name: name.into_owned(), ..FunctionTool::default() };
    if let Some(raw) = fields.take("description") {
        tool.description = Some(json::string(raw, &at.field("description"))?.into_owned());
    }
    tool.strict = fields.take("strict").map(|raw| json::boolean(raw, &at.field("strict"))).transpose()?;
    let place = at.field("inputSchema");
    let schema = fields.take("inputSchema").ok_or_else(|| place.must_be("an object"))?;
    let mut schema = json::object(schema, &place)?;
    let place = place.field("json");
    tool.schema = json::value(schema.take("json").ok_or_else(|| place.must_be("a JSON schema"))?, &place)?;
    let mut rest = fields.rest();
    let schema = schema.rest();
    if !schema.is_empty() {
        rest.insert("inputSchema".to_owned(), Value::Object(schema));
    }
    if !rest.is_empty() {
        tool.ext.0.insert(API.to_owned(), rest);
    }
    Ok(Tool::Function(tool))
}

/// `{"auto": {}}`, `{"any": {}}`, `{"tool": {"name": …}}`.
pub(super) fn read_choice(
    raw: &RawValue,
    at: &Path<'_>,
    request: &mut ChatRequest,
    rest: &mut Map<String, Value>,
) -> Result<(), Error> {
    let mut fields = json::object(raw, at)?;
    let mut has_more = false;
    if let Some(tool) = fields.take("tool") {
        let place = at.field("tool");
        let mut tool = json::object(tool, &place)?;
        let name = tool.take("name").ok_or_else(|| place.must_be("an object with a name"))?;
        request.tool_choice = ToolChoice::Named(json::string(name, &place.field("name"))?.into_owned());
        has_more = !tool.rest().is_empty();
    } else if fields.has("any") {
        request.tool_choice = ToolChoice::Required;
    } else if fields.has("auto") {
        // What is meant without a choice; said again where it was said.
        has_more = true;
    } else {
        return Err(at.must_be("auto, any or tool"));
    }
    if has_more {
        rest.insert("toolChoice".to_owned(), json::value(raw, at)?);
    }
    Ok(())
}
