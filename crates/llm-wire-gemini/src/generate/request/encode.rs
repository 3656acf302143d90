//! A whole request as the vendor's JSON body. The model and whether to stream stand in the URL, not here.

use std::borrow::Cow;
use std::collections::BTreeMap;

use llm_core::{ChatRequest, Error, ErrorKind, Origin, PartKind, Warning, Warnings};
use serde::ser::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::config::{GenerationConfig, ToolConfig};
use super::contents::{Content, Conversation};
use super::profile::Profile;
use super::tools::ToolEntry;
use crate::API;
use crate::generate::part::WrittenPart;
use crate::wire::{Merging, settings};

/// A request in the vendor's form.
#[derive(Debug)]
pub struct Encoded {
    /// The JSON body.
    pub body: Vec<u8>,
    /// What the vendor cannot express.
    pub warnings: Vec<Warning>,
}

/// Writes a request for `generateContent`; the body is the same for a stream.
///
/// Signatures go only `to` the target that made them.
pub fn encode_request(request: &ChatRequest, to: &Origin, _stream: bool, profile: &Profile) -> Result<Encoded, Error> {
    let mut warnings = Warnings::of(request, to)?;
    let Conversation { contents, system, system_ext } = Conversation::of(request, to, *profile, &mut warnings)?;
    let ext = settings(&request.ext, API, &to.provider);
    let body = Body {
        contents,
        system: Instruction { parts: system, ext: system_ext },
        tools: ToolEntry::all(&request.tools, to, *profile, &mut warnings)?,
        tool_config: ToolConfig::of(&request.tool_choice),
        config: GenerationConfig::of(request, *profile, ext.as_deref(), &mut warnings)?,
        // Vertex AI is told in a header.
        service_tier: request.service_tier.as_deref().filter(|_| !profile.vertex),
        labels: Some(&request.metadata).filter(|labels| profile.vertex && !labels.is_empty()),
        ext,
    };
    if request.parallel_tool_calls == Some(false) {
        warnings.unsupported("parallel_tool_calls", "gemini cannot be held to one call at a time")?;
    }
    if request.end_user.is_some() {
        warnings.unsupported("end_user", "the gemini api has no field for it")?;
    }
    if !request.metadata.is_empty() && !profile.vertex {
        warnings.unsupported("metadata", "labels exist at Vertex AI only")?;
    }
    let mut bytes = Vec::with_capacity(estimate(request));
    serde_json::to_writer(&mut bytes, &body)
        .map_err(|error| Error::new(ErrorKind::Internal, format!("writing a generateContent request: {error}")))?;
    Ok(Encoded { body: bytes, warnings: warnings.into_vec() })
}

/// About the length of the body, so that it is written into one allocation.
fn estimate(request: &ChatRequest) -> usize {
    let parts = request.messages.iter().flat_map(|message| &message.content);
    let length = |kind: &PartKind| match kind {
        PartKind::Text { text, .. } | PartKind::Reasoning { text, .. } => text.len() + text.len() / 16,
        PartKind::ToolCall(call) => call.arguments.len(),
        PartKind::Media(llm_core::Media { data: llm_core::MediaData::Inline { bytes }, .. }) => bytes.len() / 3 * 4,
        _ => 128,
    };
    512 * (1 + request.tools.len()) + parts.map(|part| 64 + length(&part.kind)).sum::<usize>()
}

struct Body<'a> {
    contents: Vec<Content<'a>>,
    system: Instruction<'a>,
    tools: Vec<ToolEntry<'a>>,
    tool_config: Option<ToolConfig<'a>>,
    config: Option<GenerationConfig<'a>>,
    service_tier: Option<&'a str>,
    labels: Option<&'a BTreeMap<String, String>>,
    ext: Option<Cow<'a, Map<String, Value>>>,
}

struct Instruction<'a> {
    parts: Vec<WrittenPart<'a>>,
    ext: Option<Cow<'a, Map<String, Value>>>,
}

impl Serialize for Instruction<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = Merging::new(serializer.serialize_map(None)?, self.ext.as_deref());
        map.field("parts", &self.parts)?;
        map.end()
    }
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = Merging::new(serializer.serialize_map(None)?, self.ext.as_deref());
        map.field("contents", &self.contents)?;
        if !self.system.parts.is_empty() {
            map.field("systemInstruction", &self.system)?;
        }
        if !self.tools.is_empty() {
            map.field("tools", &self.tools)?;
        }
        map.optional("toolConfig", self.tool_config.as_ref())?;
        map.optional("generationConfig", self.config.as_ref())?;
        map.optional("serviceTier", self.service_tier.as_ref())?;
        map.optional("labels", self.labels)?;
        map.end()
    }
}
