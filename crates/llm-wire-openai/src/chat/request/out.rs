//! One message on the wire.

use std::borrow::Cow;

use llm_core::Part;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::part::PartOut;
use crate::chat::call::CallOut;
use crate::chat::joined::{self, Joined};
use crate::chat::piece::DETAILS;
use crate::json::{Added, Fields};

/// One message on the wire.
#[derive(Default)]
pub(super) struct Out<'a> {
    pub(super) role: &'a str,
    pub(super) content: Content<'a>,
    pub(super) name: Option<&'a str>,
    pub(super) tool_call_id: Option<Cow<'a, str>>,
    pub(super) calls: Vec<CallOut<'a>>,
    /// The parts that hold reasoning or a refusal.
    pub(super) parts: &'a [Part],
    /// The fields that say it.
    pub(super) reasoning: [Option<&'static str>; 2],
    /// The vendor wants reasoning with every turn that calls a tool.
    pub(super) placeholder: bool,
    pub(super) details: Option<&'a Value>,
    pub(super) refusal: bool,
    pub(super) audio: Option<&'a str>,
    /// The mark of a message that is to be continued.
    pub(super) prefill: Option<&'static str>,
    pub(super) added: Added<'a>,
}

#[derive(Default)]
pub(super) enum Content<'a> {
    #[default]
    Absent,
    Null,
    Text(&'a str),
    Owned(String),
    Parts(Vec<PartOut<'a>>),
}

impl Serialize for Out<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = Fields::new(serializer.serialize_map(None)?, self.added);
        fields.put("role", self.role)?;
        fields.put_some("tool_call_id", self.tool_call_id.as_deref())?;
        match &self.content {
            Content::Absent => {}
            Content::Null => fields.put("content", &())?,
            Content::Text(text) => fields.put("content", *text)?,
            Content::Owned(text) => fields.put("content", text)?,
            Content::Parts(parts) => fields.put("content", parts)?,
        }
        fields.put_some("name", self.name)?;
        for name in self.reasoning.into_iter().flatten() {
            match Joined::new(self.parts, joined::reasoning) {
                Some(thoughts) if !self.placeholder => fields.put(name, &thoughts)?,
                _ => fields.put(name, " ")?,
            }
        }
        fields.put_some(DETAILS, self.details)?;
        if self.refusal {
            fields.put_some("refusal", Joined::new(self.parts, joined::refusal))?;
        }
        if !self.calls.is_empty() {
            fields.put("tool_calls", &self.calls)?;
        }
        fields.put_some("audio", self.audio.map(Spoken))?;
        if let Some(mark) = self.prefill {
            fields.put(mark, &true)?;
        }
        fields.end()
    }
}

/// The sound of an earlier turn, by its id.
struct Spoken<'a>(&'a str);

impl Serialize for Spoken<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("id", self.0)?;
        map.end()
    }
}
