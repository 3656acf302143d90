//! Tools and the choice among them.

use llm_core::{ChatRequest, Error, FunctionTool, Origin, Tool, ToolChoice};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::encoded::Notes;
use crate::json::{Added, Fields};
use crate::responses::FAMILY;

/// One entry of `tools`.
pub(super) enum ToolOut<'a> {
    Function { function: &'a FunctionTool, added: Added<'a> },
    Own { kind: &'a str, name: &'a str, args: &'a Map<String, Value> },
}

pub(super) fn tools<'a>(request: &'a ChatRequest, to: &Origin, notes: &mut Notes) -> Result<Vec<ToolOut<'a>>, Error> {
    let mut out = Vec::with_capacity(request.tools.len());
    for tool in &request.tools {
        match &**tool {
            Tool::Function(function) => {
                if function.cache.is_some() {
                    notes.unsupported("tools.cache", "this vendor caches by itself")?;
                }
                out.push(ToolOut::Function { function, added: Added::new(&function.ext, to) });
            }
            Tool::Provider { id, name, args } => match id.split_once('.') {
                Some((owner, kind)) if is_ours(owner, to) => out.push(ToolOut::Own { kind, name, args }),
                _ => notes.unsupported("tools", "a tool of another vendor cannot run here")?,
            },
            _ => notes.unsupported("tools", "this protocol has no form for this type of tool")?,
        }
    }
    Ok(out)
}

/// Tools are named after the provider, one of the two protocols or the vendor that made them.
pub(crate) fn is_ours(owner: &str, to: &Origin) -> bool {
    owner == &*to.provider || owner == to.api || [FAMILY, crate::FAMILY, "openai"].contains(&owner)
}

/// `tool_choice`.
#[derive(Debug, PartialEq)]
pub(super) enum Choice<'a> {
    Word(&'static str),
    Named {
        kind: &'static str,
        name: &'a str,
    },
    /// A tool that the vendor runs, by its type.
    Type(&'a str),
}

pub(super) fn choice<'a>(
    request: &'a ChatRequest,
    tools: &[ToolOut<'_>],
    notes: &mut Notes,
) -> Result<Option<Choice<'a>>, Error> {
    if tools.is_empty() {
        if !matches!(request.tool_choice, ToolChoice::Auto | ToolChoice::None) {
            notes.unsupported("tool_choice", "there is no tool to choose")?;
        }
        return Ok(None);
    }
    match &request.tool_choice {
        ToolChoice::Auto => Ok(None),
        ToolChoice::None => Ok(Some(Choice::Word("none"))),
        ToolChoice::Required => Ok(Some(Choice::Word("required"))),
        ToolChoice::Named(name) => {
            let kind = request.tools.iter().find_map(|tool| match &**tool {
                Tool::Provider { id, .. } if tool.name() == name => id.split_once('.').map(|(_, kind)| kind),
                _ => None,
            });
            Ok(Some(match kind {
                None => Choice::Named { kind: "function", name },
                Some("custom") => Choice::Named { kind: "custom", name },
                Some(kind) => Choice::Type(kind),
            }))
        }
        _ => {
            notes.unsupported("tool_choice", "this protocol has no form for it")?;
            Ok(None)
        }
    }
}

impl Serialize for Choice<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Word(word) => serializer.serialize_str(word),
            Self::Named { kind, name } => {
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry("type", kind)?;
                map.serialize_entry("name", name)?;
                map.end()
            }
            Self::Type(kind) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("type", kind)?;
                map.end()
            }
        }
    }
}

impl Serialize for ToolOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Function { function, added } => {
                let mut fields = Fields::new(serializer.serialize_map(None)?, *added);
                fields.put("type", "function")?;
                fields.put("name", &function.name)?;
                fields.put_some("description", function.description.as_deref())?;
                if !function.schema.is_null() {
                    fields.put("parameters", &function.schema)?;
                }
                fields.put_some("strict", function.strict)?;
                fields.end()
            }
            Self::Own { kind: "custom", name, args } => {
                // Chat completions put a custom tool one level deeper, and its grammar, too.
                let args = args.get("custom").and_then(Value::as_object).unwrap_or(args);
                let grammar = args.get("format").and_then(|format| format.get("grammar")).filter(|it| it.is_object());
                let added = Added::object(Some(args));
                let mut fields = match grammar {
                    None => Fields::new(serializer.serialize_map(None)?, added),
                    Some(_) => Fields::new(serializer.serialize_map(None)?, added.without(&["format"])),
                };
                fields.put("type", "custom")?;
                fields.put("name", name)?;
                if let Some(grammar) = grammar {
                    let (syntax, definition) = (&grammar["syntax"], &grammar["definition"]);
                    fields.put("format", &json!({"type": "grammar", "syntax": syntax, "definition": definition}))?;
                }
                fields.end()
            }
            Self::Own { kind, args, .. } => {
                let mut fields = Fields::new(serializer.serialize_map(None)?, Added::object(Some(args)));
                fields.put("type", kind)?;
                fields.end()
            }
        }
    }
}
