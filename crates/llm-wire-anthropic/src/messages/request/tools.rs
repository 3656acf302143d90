//! Tools and the choice among them, as they are written.

use std::borrow::Cow;

use llm_core::{ChatRequest, Error, FunctionTool, Origin, Tool, ToolChoice, Warnings};
use serde::ser::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::output::FITTED;
use super::schema;
use crate::API;
use crate::block::CACHE_MARK;
use crate::profile::Profile;
use llm_wire::CacheMark;
use llm_wire::json::{Object, Patch, Patched, object_schema};
use llm_wire::turns::Scope;

/// One tool.
pub(super) enum WireTool<'a> {
    Function { tool: &'a FunctionTool, schema: Cow<'a, Value>, cache: Option<CacheMark>, patch: Patch<'a> },
    Provider { kind: &'a str, name: Option<&'a str>, args: &'a Map<String, Value> },
}

/// The tools that the target takes, with a warning for each other one.
pub(super) fn plan<'a>(request: &'a ChatRequest, scope: &mut Scope<'a, '_>) -> Result<Vec<WireTool<'a>>, Error> {
    let mut tools = Vec::with_capacity(request.tools.len());
    for (index, tool) in request.tools.iter().enumerate() {
        match &**tool {
            Tool::Function(tool) => {
                let cache = tool.cache.map(|hint| scope.cache(CACHE_MARK, hint, || format!("tools[{index}].cache")));
                let mut schema = object_schema(&tool.schema);
                if tool.strict == Some(true)
                    && let Some(fitted) = schema::fitted(&schema)
                {
                    scope.warnings.adapted(&format!("tools[{index}].schema"), FITTED);
                    schema = Cow::Owned(fitted);
                }
                tools.push(WireTool::Function { tool, schema, cache, patch: Patch::to(&tool.ext, scope.to) });
            }
            Tool::Provider { id, name, args } => match own_kind(id, scope.to) {
                Some(kind) => tools.push(WireTool::Provider { kind, name: tool_name(kind, name), args }),
                None => scope.warnings.unsupported(&format!("tools[{index}]"), "another vendor runs this tool")?,
            },
            _ => scope.warnings.unsupported(&format!("tools[{index}]"), "this version does not know its type")?,
        }
    }
    Ok(tools)
}

/// The vendor's type of a tool with the id `{provider}.{type}`.
fn own_kind<'a>(id: &'a str, to: &Origin) -> Option<&'a str> {
    let (provider, kind) = id.split_once('.')?;
    (provider == API || provider == &*to.provider).then_some(kind)
}

/// The vendor's tools have a date in their type and the rest of it as their name (`web_search_20250305`).
/// One without a date (`mcp_toolset`) has no name.
fn tool_name<'a>(kind: &'a str, name: &'a str) -> Option<&'a str> {
    if !name.is_empty() {
        return Some(name);
    }
    let (stem, date) = kind.rsplit_once('_')?;
    (date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit())).then_some(stem)
}

impl Serialize for WireTool<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Function { tool, schema, cache, patch } => {
                let mut object = Object::new(serializer, *patch)?;
                object.field("name", &tool.name)?;
                object.some("description", tool.description.as_ref())?;
                object.field("input_schema", schema)?;
                object.some("strict", tool.strict)?;
                object.some("cache_control", *cache)?;
                object.end()
            }
            Self::Provider { kind, name, args } => {
                let mut object = Object::new(serializer, Patch::default())?;
                object.field("type", kind)?;
                object.some("name", *name)?;
                object.all(args)?;
                object.end()
            }
        }
    }
}

/// The field `tool_choice`.
#[derive(Debug)]
pub(super) struct WireChoice<'a> {
    kind: &'static str,
    name: Option<&'a str>,
    disable_parallel: Option<bool>,
}

impl<'a> WireChoice<'a> {
    /// `None` when the vendor's default is meant.
    pub(super) fn plan(
        request: &'a ChatRequest,
        has_tools: bool,
        profile: &Profile,
        warnings: &mut Warnings,
    ) -> Result<Option<Self>, Error> {
        let disable_parallel = request.parallel_tool_calls.map(|parallel| !parallel);
        if !has_tools {
            // The vendor refuses a choice without tools.
            if request.tool_choice != ToolChoice::Auto {
                warnings.unsupported("tool_choice", "there is no tool to choose")?;
            }
            if disable_parallel.is_some() {
                warnings.unsupported("parallel_tool_calls", "there is no tool to call")?;
            }
            return Ok(None);
        }
        let (kind, name) = match &request.tool_choice {
            ToolChoice::None => {
                if disable_parallel.is_some() {
                    warnings.unsupported("parallel_tool_calls", "no tool may be called")?;
                }
                return Ok(Some(Self { kind: "none", name: None, disable_parallel: None }));
            }
            ToolChoice::Auto if disable_parallel.is_none() => return Ok(None),
            ToolChoice::Required | ToolChoice::Named(_) if !profile.forced_tool.may() => {
                warnings.unsupported("tool_choice", "this model cannot be forced to call a tool")?;
                if disable_parallel.is_none() {
                    return Ok(None);
                }
                ("auto", None)
            }
            ToolChoice::Required => ("any", None),
            ToolChoice::Named(name) => ("tool", Some(name.as_str())),
            _ => ("auto", None),
        };
        Ok(Some(Self { kind, name, disable_parallel }))
    }
}

impl Patched for WireChoice<'_> {
    fn write<S: Serializer>(&self, patch: Patch<'_>, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::new(serializer, patch)?;
        object.field("type", self.kind)?;
        object.some("name", self.name)?;
        object.some("disable_parallel_tool_use", self.disable_parallel)?;
        object.end()
    }
}

/// An object with one entry, for `metadata`.
pub(super) struct EndUser<'a>(pub(super) &'a str);

impl Patched for EndUser<'_> {
    fn write<S: Serializer>(&self, patch: Patch<'_>, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::new(serializer, patch)?;
        object.field("user_id", self.0)?;
        object.end()
    }
}
