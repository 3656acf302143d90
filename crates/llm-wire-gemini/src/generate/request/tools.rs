//! Tools: functions in one list of declarations, the vendor's own tools each in an entry of its own.

use std::borrow::Cow;

use llm_core::{Error, FunctionTool, Origin, Tool, Warnings};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use super::profile::Profile;
use super::schema::Schema;
use crate::API;
use crate::wire::{Merging, settings};

/// The field of a schema in the vendor's older form. A client's own schema in that form stands in ext and is sent as it
/// came.
const OLDER_FORM: &str = "parameters";

/// One entry of `tools`.
pub(super) enum ToolEntry<'a> {
    Functions(Vec<Declaration<'a>>),
    Own { name: &'a str, settings: &'a Map<String, Value> },
}

impl<'a> ToolEntry<'a> {
    pub(super) fn all(
        tools: &'a [std::sync::Arc<Tool>],
        to: &'a Origin,
        profile: Profile,
        warnings: &mut Warnings,
    ) -> Result<Vec<Self>, Error> {
        let mut entries = Vec::new();
        let mut functions: Option<usize> = None;
        for (index, tool) in tools.iter().enumerate() {
            match &**tool {
                Tool::Function(function) => {
                    if function.strict == Some(true) {
                        warnings.unsupported(
                            &format!("tools[{index}].strict"),
                            "gemini holds arguments to their schema for all functions or none: set the mode VALIDATED \
                             in ext.gemini.toolConfig.functionCallingConfig",
                        )?;
                    }
                    if function.cache.is_some() {
                        warnings.unsupported(&format!("tools[{index}].cache"), "gemini caches by itself")?;
                    }
                    let ext = settings(&function.ext, API, &to.provider);
                    let given = ext.as_deref().is_some_and(|ext| ext.contains_key(OLDER_FORM));
                    let schema = Some(&function.schema).filter(|schema| !given && !schema.is_null());
                    let schema = schema.map(|schema| Schema::of(schema, profile));
                    if matches!(schema, Some(Schema::OpenApi { loses: true, .. })) {
                        warnings.adapted(&format!("tools[{index}].schema"), Schema::WHY);
                    }
                    let function = Declaration { function, schema, ext };
                    if let Some(Self::Functions(list)) = functions.and_then(|at| entries.get_mut(at)) {
                        list.push(function);
                    } else {
                        functions = Some(entries.len());
                        entries.push(Self::Functions(vec![function]));
                    }
                }
                Tool::Provider { id, args, .. } => match own_tool(id, to) {
                    Some(name) => entries.push(Self::Own { name, settings: args }),
                    None => warnings.unsupported(&format!("tools[{index}]"), "a tool that another vendor runs")?,
                },
                _ => warnings.unsupported(&format!("tools[{index}]"), "a tool that this version does not know")?,
            }
        }
        Ok(entries)
    }
}

/// The name of one of the vendor's tools: `googleSearch` of `gemini.googleSearch` or `google.googleSearch`.
fn own_tool<'a>(id: &'a str, to: &Origin) -> Option<&'a str> {
    [API, "google", &to.provider].into_iter().find_map(|owner| id.strip_prefix(owner)?.strip_prefix('.'))
}

impl Serialize for ToolEntry<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        match self {
            Self::Functions(functions) => {
                map.serialize_entry("functionDeclarations", functions)?;
            }
            Self::Own { name, settings } => match settings.get(*name) {
                Some(list @ Value::Array(_)) if settings.len() == 1 => map.serialize_entry(name, list)?,
                _ => map.serialize_entry(name, settings)?,
            },
        }
        map.end()
    }
}

/// One function.
pub(super) struct Declaration<'a> {
    function: &'a FunctionTool,
    schema: Option<Schema<'a>>,
    ext: Option<Cow<'a, Map<String, Value>>>,
}

impl Serialize for Declaration<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let FunctionTool { name, description, .. } = self.function;
        let mut map = Merging::new(serializer.serialize_map(None)?, self.ext.as_deref());
        map.field("name", name)?;
        map.optional("description", description.as_ref())?;
        match &self.schema {
            Some(Schema::Json(schema)) => map.field("parametersJsonSchema", schema)?,
            Some(Schema::OpenApi { schema, .. }) => map.field(OLDER_FORM, schema)?,
            None => {}
        }
        map.end()
    }
}
