//! Tools, and which of them must be called.

use llm_core::{ChatRequest, Error, FunctionTool, Origin, Tool, ToolChoice, Warnings};
use llm_wire::json::{Object, Patch, Patched};
use serde::{Serialize, Serializer};
use serde_json::Value;

/// A function as the vendor takes it.
pub(super) struct OutTool<'a> {
    function: &'a FunctionTool,
    patch: Patch<'a>,
}

impl Serialize for OutTool<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::new(serializer, self.patch)?;
        object.fixed("type", "function")?;
        object.nested("function", Some(&Function(self.function)))?;
        object.end()
    }
}

struct Function<'a>(&'a FunctionTool);

impl Patched for Function<'_> {
    fn write<S: Serializer>(&self, patch: Patch<'_>, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(untagged)]
        enum Parameters<'a> {
            Given(&'a Value),
            /// The vendor wants a schema even where there is nothing to say.
            None {
                r#type: &'static str,
                properties: Nothing,
            },
        }
        #[derive(Serialize)]
        struct Nothing {}
        let parameters = if self.0.schema.is_object() {
            Parameters::Given(&self.0.schema)
        } else {
            Parameters::None { r#type: "object", properties: Nothing {} }
        };
        let mut object = Object::new(serializer, patch)?;
        object.fixed("name", &self.0.name)?;
        object.some("description", self.0.description.as_ref())?;
        object.field("parameters", &parameters)?;
        object.end()
    }
}

/// The tools and the choice among them. One named tool is sent alone: the vendor knows `REQUIRED` and `NONE` only.
pub(super) fn plan<'a>(
    request: &'a ChatRequest,
    to: &Origin,
    warnings: &mut Warnings,
) -> Result<(Vec<OutTool<'a>>, Option<&'static str>), Error> {
    let mut tools = Vec::with_capacity(request.tools.len());
    for tool in &request.tools {
        match &**tool {
            Tool::Function(function) => {
                if function.strict.is_some() {
                    warnings.unsupported("tools.strict", "the vendor has one switch for all tools: `strict_tools`")?;
                }
                if function.cache.is_some() {
                    warnings.unsupported("tools.cache", "the vendor caches by itself")?;
                }
                tools.push(OutTool { function, patch: Patch::to(&function.ext, to) });
            }
            _ => warnings.unsupported("tools", "the vendor runs no tools of its own here")?,
        }
    }
    let choice = match &request.tool_choice {
        ToolChoice::Auto => None,
        _ if tools.is_empty() => {
            warnings.unsupported("tool_choice", "there is no tool to call")?;
            None
        }
        ToolChoice::None => Some("NONE"),
        ToolChoice::Named(name) => {
            warnings.adapted("tool_choice", "the vendor cannot name a tool: this one is sent alone and required");
            tools.retain(|tool| tool.function.name == *name);
            (!tools.is_empty()).then_some("REQUIRED")
        }
        _ => Some("REQUIRED"),
    };
    Ok((tools, choice))
}
