//! One item.

use std::borrow::Cow;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::content::Content;
use crate::json::{Added, Fields};
use crate::media::Base64;

/// An item. `facts` are the fields that belong to it beside what is said; they win over an id made up for it.
pub(in crate::responses) enum ItemOut<'a> {
    Message {
        role: &'a str,
        content: Content<'a>,
        made_up: MadeUp<'a>,
        facts: Added<'a>,
    },
    Reasoning {
        text: &'a str,
        is_summary: bool,
        encrypted: Option<&'a str>,
        made_up: MadeUp<'a>,
        facts: Added<'a>,
    },
    Call {
        id: Cow<'a, str>,
        name: &'a str,
        text: &'a str,
        custom: bool,
        made_up: MadeUp<'a>,
        facts: Added<'a>,
    },
    Result {
        id: Cow<'a, str>,
        content: Content<'a>,
        custom: bool,
        facts: Added<'a>,
    },
    /// An image that the model made.
    Image {
        bytes: &'a [u8],
        made_up: MadeUp<'a>,
    },
    Own(&'a Value),
}

impl<'a> ItemOut<'a> {
    /// The item of an answer: `id` is for one that has none, and it is whole unless its own fields say otherwise.
    pub(in crate::responses) fn answered(mut self, id: impl FnOnce(&'static str) -> Cow<'a, str>) -> Self {
        let (made_up, prefix, status) = match &mut self {
            Self::Message { made_up, .. } => (made_up, "msg", Some("completed")),
            Self::Reasoning { made_up, .. } => (made_up, "rs", None),
            Self::Call { made_up, custom, .. } => (made_up, if *custom { "ctc" } else { "fc" }, Some("completed")),
            Self::Image { made_up, .. } => (made_up, "ig", Some("completed")),
            Self::Result { .. } | Self::Own(_) => return self,
        };
        *made_up = MadeUp { id: Some(id(prefix)), status };
        self
    }
}

/// What an item in an answer must have and the vendor that gave it may not: an id of its own, a status.
#[derive(Clone, Debug, Default)]
pub(in crate::responses) struct MadeUp<'a> {
    pub(in crate::responses) id: Option<Cow<'a, str>>,
    pub(in crate::responses) status: Option<&'static str>,
}

impl MadeUp<'_> {
    fn put<M: SerializeMap>(&self, fields: &mut Fields<'_, M>) -> Result<(), M::Error> {
        fields.put_some("id", self.id.as_deref())?;
        fields.put_some("status", self.status)
    }
}

impl Serialize for ItemOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let map = match self {
            Self::Own(data) => return data.serialize(serializer),
            _ => serializer.serialize_map(None)?,
        };
        match self {
            Self::Own(_) => map.end(),
            Self::Image { bytes, made_up } => {
                let mut fields = Fields::new(map, Added::default());
                fields.put("type", "image_generation_call")?;
                made_up.put(&mut fields)?;
                fields.put("result", &Base64(bytes))?;
                fields.end()
            }
            Self::Message { role, content, made_up, facts } => {
                let mut fields = Fields::new(map, *facts);
                fields.put("type", "message")?;
                made_up.put(&mut fields)?;
                fields.put("role", role)?;
                fields.put("content", content)?;
                fields.end()
            }
            Self::Reasoning { text, is_summary, encrypted, made_up, facts } => {
                let mut fields = Fields::new(map, *facts);
                fields.put("type", "reasoning")?;
                made_up.put(&mut fields)?;
                let words = |kind| Words { kind, text };
                if *is_summary && !text.is_empty() {
                    fields.put("summary", &[words("summary_text")])?;
                } else {
                    fields.put("summary", &[(); 0])?;
                    if !text.is_empty() {
                        fields.put("content", &[words("reasoning_text")])?;
                    }
                }
                fields.put_some("encrypted_content", *encrypted)?;
                fields.end()
            }
            Self::Call { id, name, text, custom, made_up, facts } => {
                let mut fields = Fields::new(map, *facts);
                fields.put("type", if *custom { "custom_tool_call" } else { "function_call" })?;
                made_up.put(&mut fields)?;
                fields.put("call_id", &**id)?;
                fields.put("name", name)?;
                fields.put(if *custom { "input" } else { "arguments" }, text)?;
                fields.end()
            }
            Self::Result { id, content, custom, facts } => {
                let mut fields = Fields::new(map, *facts);
                fields.put("type", if *custom { "custom_tool_call_output" } else { "function_call_output" })?;
                fields.put("call_id", &**id)?;
                fields.put("output", content)?;
                fields.end()
            }
        }
    }
}

/// A piece of reasoning.
#[derive(Serialize)]
struct Words<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    text: &'a str,
}
