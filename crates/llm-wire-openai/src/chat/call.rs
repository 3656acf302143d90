//! A tool call as it is written: in the history of a request, and in an answer for clients.

use std::borrow::Cow;

use llm_core::ToolCall;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::json::{Added, Fields};

/// A call with what the caller or the vendor adds to it.
pub(crate) struct CallOut<'a> {
    pub(crate) id: Cow<'a, str>,
    pub(crate) call: &'a ToolCall,
    pub(crate) added: Added<'a>,
}

/// True for a call of a custom tool, whose arguments are free text.
pub(crate) fn is_custom(added: &Added<'_>) -> bool {
    added.value("type").and_then(Value::as_str) == Some("custom")
}

/// Clients and servers parse the arguments of every call; an empty text would break them.
pub(crate) fn arguments(text: &str) -> &str {
    if text.trim().is_empty() { "{}" } else { text }
}

impl Serialize for CallOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = Fields::new(serializer.serialize_map(None)?, self.added);
        fields.put("id", &*self.id)?;
        if is_custom(&self.added) {
            fields.put("custom", &Function { name: &self.call.name, key: "input", text: &self.call.arguments })?;
        } else {
            fields.put("type", "function")?;
            let text = arguments(&self.call.arguments);
            fields.put("function", &Function { name: &self.call.name, key: "arguments", text })?;
        }
        fields.end()
    }
}

struct Function<'a> {
    name: &'a str,
    key: &'static str,
    text: &'a str,
}

impl Serialize for Function<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("name", self.name)?;
        map.serialize_entry(self.key, self.text)?;
        map.end()
    }
}
