//! Tools and the choice among them, as they are written.

use std::borrow::Cow;

use llm_core::{ChatRequest, Error, FunctionTool, Origin, PartKind, Tool, ToolChoice};
use llm_wire::CacheMark;
use llm_wire::json::{Object, Patch, Patched, WithPatch, object_schema};
use llm_wire::turns::Scope;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use crate::API;
use crate::block::CACHE_MARK;
use crate::profile::Profile;

/// The plugin's own name, under which tools of the vendor's may be named too.
const VENDOR: &str = "bedrock";

/// The field `toolConfig`.
#[derive(Default)]
pub(super) struct ToolConfig<'a> {
    tools: Vec<WireTool<'a>>,
    choice: Option<&'a ToolChoice>,
}

/// One entry of the list of tools.
enum WireTool<'a> {
    Function {
        tool: &'a FunctionTool,
        schema: Cow<'a, Value>,
        patch: Patch<'a>,
    },
    System {
        name: &'a str,
        args: &'a Map<String, Value>,
    },
    /// An entry of another kind, as it came: its one field.
    Other {
        field: &'a str,
        args: &'a Map<String, Value>,
    },
    CachePoint(CacheMark),
}

impl<'a> ToolConfig<'a> {
    /// The tools that the target takes, with a warning for each other one.
    pub(super) fn plan(request: &'a ChatRequest, profile: &Profile, scope: &mut Scope<'a, '_>) -> Result<Self, Error> {
        let mut tools = Vec::with_capacity(request.tools.len());
        for (index, tool) in request.tools.iter().enumerate() {
            match &**tool {
                Tool::Function(tool) => {
                    let patch = Patch::to(&tool.ext, scope.to);
                    tools.push(WireTool::Function { tool, schema: object_schema(&tool.schema), patch });
                    let cache =
                        tool.cache.map(|hint| scope.cache(CACHE_MARK, hint, || format!("tools[{index}].cache")));
                    tools.extend(cache.map(WireTool::CachePoint));
                }
                Tool::Provider { id, args, name: field } => match own_name(id, scope.to) {
                    Some(name) if name == field => tools.push(WireTool::Other { field, args }),
                    Some(name) => tools.push(WireTool::System { name, args }),
                    None => scope.warnings.unsupported(&format!("tools[{index}]"), "another vendor runs this tool")?,
                },
                _ => scope.warnings.unsupported(&format!("tools[{index}]"), "this version does not know its type")?,
            }
        }
        let mut config = Self { tools, choice: None };
        config.choose(request, profile, scope)?;
        Ok(config)
    }

    fn choose(&mut self, request: &'a ChatRequest, profile: &Profile, scope: &mut Scope<'a, '_>) -> Result<(), Error> {
        let warnings = &mut *scope.warnings;
        if request.parallel_tool_calls == Some(false) {
            warnings.unsupported("parallel_tool_calls", "the vendor has no such parameter")?;
        }
        match &request.tool_choice {
            ToolChoice::Auto => {}
            _ if self.tools.is_empty() => warnings.unsupported("tool_choice", "there is no tool to choose")?,
            // With calls in the conversation the vendor demands the tools.
            ToolChoice::None if has_tool_parts(request) => {
                warnings.unsupported("tool_choice", "the vendor cannot be told to call no tool")?;
            }
            ToolChoice::None => {
                warnings.adapted("tool_choice", "the vendor has no such choice, so the tools are left out");
                self.tools.clear();
            }
            _ if !profile.forced_tool.may() => {
                warnings.unsupported("tool_choice", "this model cannot be forced to call a tool")?;
            }
            choice => self.choice = Some(choice),
        }
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tools.is_empty()
    }
}

fn has_tool_parts(request: &ChatRequest) -> bool {
    let mut parts = request.messages.iter().flat_map(|message| &message.content);
    parts.any(|part| matches!(part.kind, PartKind::ToolCall(_) | PartKind::ToolResult(_)))
}

/// The vendor's name of a tool with the id `{provider}.{name}`.
fn own_name<'a>(id: &'a str, to: &Origin) -> Option<&'a str> {
    let (provider, name) = id.split_once('.')?;
    (provider == API || provider == VENDOR || provider == &*to.provider).then_some(name)
}

impl Patched for ToolConfig<'_> {
    fn write<S: Serializer>(&self, patch: Patch<'_>, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::new(serializer, patch)?;
        object.field("tools", &self.tools)?;
        object.some("toolChoice", self.choice.map(Choice))?;
        object.end()
    }
}

impl Serialize for WireTool<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        match self {
            Self::Function { patch, .. } => {
                map.serialize_entry("toolSpec", &WithPatch { value: self, patch: *patch })?;
            }
            Self::System { .. } => {
                map.serialize_entry("systemTool", &WithPatch { value: self, patch: Patch::default() })?;
            }
            Self::Other { field, args } => map.serialize_entry(field, args)?,
            Self::CachePoint(point) => map.serialize_entry("cachePoint", point)?,
        }
        map.end()
    }
}

impl Patched for WireTool<'_> {
    fn write<S: Serializer>(&self, patch: Patch<'_>, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::new(serializer, patch)?;
        match self {
            Self::Function { tool, schema, .. } => {
                object.field("name", &tool.name)?;
                object.some("description", tool.description.as_ref().filter(|text| !text.is_empty()))?;
                object.nested("inputSchema", Some(&InputSchema(schema)))?;
                object.some("strict", tool.strict)?;
            }
            Self::System { name, args } => {
                object.field("name", name)?;
                object.all(args)?;
            }
            Self::Other { .. } | Self::CachePoint(_) => {}
        }
        object.end()
    }
}

struct InputSchema<'a>(&'a Value);

impl Patched for InputSchema<'_> {
    fn write<S: Serializer>(&self, patch: Patch<'_>, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::new(serializer, patch)?;
        object.field("json", self.0)?;
        object.end()
    }
}

/// `{"any": {}}` or `{"tool": {"name": …}}`.
struct Choice<'a>(&'a ToolChoice);

impl Serialize for Choice<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        match self.0 {
            ToolChoice::Named(name) => map.serialize_entry("tool", &Name { name })?,
            ToolChoice::Required => map.serialize_entry("any", &Map::new())?,
            _ => map.serialize_entry("auto", &Map::new())?,
        }
        map.end()
    }
}

#[derive(serde::Serialize)]
struct Name<'a> {
    name: &'a str,
}
