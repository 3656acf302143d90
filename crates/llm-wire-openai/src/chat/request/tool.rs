//! Tools and the choice among them.

use llm_core::{ChatRequest, Error, FunctionTool, Origin, Tool, ToolChoice};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::FAMILY;
use crate::dialect::{CacheForm, Dialect};
use crate::encoded::Notes;
use crate::json::{Added, Fields};

use super::part::CacheControl;

/// One entry of `tools`.
pub(super) enum ToolOut<'a> {
    Function { function: &'a FunctionTool, strict: bool, cache: Option<CacheControl>, added: Added<'a> },
    Own { kind: &'a str, args: &'a Map<String, Value> },
}

pub(super) fn tools<'a>(
    request: &'a ChatRequest,
    to: &Origin,
    dialect: &Dialect,
    notes: &mut Notes,
) -> Result<Vec<ToolOut<'a>>, Error> {
    let mut out = Vec::with_capacity(request.tools.len());
    for tool in &request.tools {
        match &**tool {
            Tool::Function(function) => {
                if function.strict.is_some() && !dialect.strict {
                    notes.adapted("tools.strict", "this vendor does not know the word");
                }
                let cache = function.cache.filter(|_| dialect.cache == CacheForm::CacheControl);
                if function.cache.is_some() && cache.is_none() {
                    notes.unsupported("tools.cache", "this vendor caches by itself")?;
                }
                out.push(ToolOut::Function {
                    function,
                    strict: dialect.strict,
                    cache: cache.map(CacheControl::new),
                    added: Added::new(&function.ext, to),
                });
            }
            Tool::Provider { id, args, .. } => match id.split_once('.') {
                Some((owner, kind)) if is_ours(owner, to) && dialect.custom_tools => {
                    out.push(ToolOut::Own { kind, args });
                }
                Some((owner, _)) if is_ours(owner, to) => {
                    notes.unsupported("tools", "this vendor takes only functions")?;
                }
                _ => notes.unsupported("tools", "a tool of another vendor cannot run here")?,
            },
            _ => notes.unsupported("tools", "this protocol has no form for this type of tool")?,
        }
    }
    Ok(out)
}

/// Tools are named after the provider, the protocol or the vendor that made it.
fn is_ours(owner: &str, to: &Origin) -> bool {
    owner == &*to.provider || owner == to.api || owner == FAMILY || owner == "openai"
}

/// `tool_choice`.
#[derive(Debug, PartialEq)]
pub(super) enum Choice<'a> {
    Word(&'static str),
    Named { kind: &'static str, name: &'a str },
}

pub(super) fn choice<'a>(
    request: &'a ChatRequest,
    tools: &[ToolOut<'_>],
    dialect: &Dialect,
    notes: &mut Notes,
) -> Result<Option<Choice<'a>>, Error> {
    if tools.is_empty() {
        if request.tool_choice != ToolChoice::Auto && request.tool_choice != ToolChoice::None {
            notes.unsupported("tool_choice", "there is no tool to choose")?;
        }
        return Ok(None);
    }
    let required = |notes: &mut Notes| {
        if dialect.required_tool.is_none() {
            notes.unsupported("tool_choice", "this model or vendor cannot be forced to call a tool")?;
        }
        Ok(dialect.required_tool.map(Choice::Word))
    };
    match &request.tool_choice {
        ToolChoice::Auto => Ok(None),
        ToolChoice::None => Ok(Some(Choice::Word("none"))),
        ToolChoice::Required => required(notes),
        ToolChoice::Named(name) if dialect.named_tool => {
            let custom = request.tools.iter().any(|tool| match &**tool {
                Tool::Provider { id, .. } => tool.name() == name && id.ends_with(".custom"),
                _ => false,
            });
            Ok(Some(Choice::Named { kind: if custom { "custom" } else { "function" }, name }))
        }
        ToolChoice::Named(name) if tools.len() == 1 && request.tools.iter().any(|tool| tool.name() == name) => {
            notes.adapted(
                "tool_choice",
                "this model or vendor takes no name of a tool; the only one is required instead",
            );
            required(notes)
        }
        _ => {
            notes.unsupported("tool_choice", "this model or vendor takes no name of a tool")?;
            Ok(None)
        }
    }
}

impl Serialize for Choice<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Name<'a> {
            name: &'a str,
        }
        match self {
            Self::Word(word) => serializer.serialize_str(word),
            Self::Named { kind, name } => {
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry("type", kind)?;
                map.serialize_entry(kind, &Name { name })?;
                map.end()
            }
        }
    }
}

impl Serialize for ToolOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Function { function, strict, cache, added } => {
                let inner = added.value("function").and_then(Value::as_object);
                // What is added to the function itself goes inside, the rest beside it.
                let mut fields = Fields::new(serializer.serialize_map(None)?, added.without(&["function"]));
                fields.put("type", "function")?;
                fields.put("function", &Function { tool: function, strict: *strict, added: Added::object(inner) })?;
                fields.put_some("cache_control", cache.as_ref())?;
                fields.end()
            }
            Self::Own { kind, args } => {
                let mut fields = Fields::new(serializer.serialize_map(None)?, Added::object(Some(args)));
                fields.put("type", kind)?;
                fields.end()
            }
        }
    }
}

struct Function<'a> {
    tool: &'a FunctionTool,
    strict: bool,
    added: Added<'a>,
}

impl Serialize for Function<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = Fields::new(serializer.serialize_map(None)?, self.added);
        fields.put("name", &self.tool.name)?;
        fields.put_some("description", self.tool.description.as_deref())?;
        if !self.tool.schema.is_null() {
            fields.put("parameters", &self.tool.schema)?;
        }
        fields.put_some("strict", self.tool.strict.filter(|_| self.strict))?;
        fields.end()
    }
}
