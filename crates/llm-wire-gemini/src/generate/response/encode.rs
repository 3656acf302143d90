//! A whole answer in the vendor's form, for a server that speaks its protocol.

use std::borrow::Cow;

use llm_core::{ChatResponse, Citation, Extensions, Finish, Message, Part, PartKind};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::{Map, Value, json};

use super::finish::word;
use super::usage::WrittenUsage;
use super::{MORE, OF_THE_ANSWER};
use crate::API;
use crate::generate::part::{WrittenPart, payload};
use crate::wire::format_time;

/// Writes an answer.
pub fn encode_response(response: &ChatResponse) -> Vec<u8> {
    let ext = response.ext.of(API);
    let api = &*response.origin.api;
    let more = response.more.iter().zip(1..);
    let candidates = std::iter::once((0, &response.message, &response.finish))
        .chain(more.map(|(candidate, index)| (index, &candidate.message, &candidate.finish)));
    // The vendor answers a blocked prompt without a candidate.
    let blocked = response.message.content.is_empty() && response.more.is_empty() && ext.is_some_and(has_block_reason);
    let written = WrittenResponse {
        candidates: candidates
            .filter(|_| !blocked)
            .map(|(index, message, finish)| candidate(index, message, finish, api, &response.ext))
            .collect(),
        ext: if blocked { ext } else { None },
        feedback: ext,
        usage: (response.usage != llm_core::Usage::default() || response.service_tier.is_some())
            .then_some(WrittenUsage { usage: &response.usage, service_tier: response.service_tier.as_deref() }),
        model: Some(response.model.as_deref().unwrap_or(&response.origin.model)),
        id: response.id.as_deref(),
        created: response.created,
    };
    let mut json = Vec::with_capacity(1024);
    written.write(&mut json);
    json
}

/// Whether ext tells of a blocked prompt.
pub(crate) fn has_block_reason(ext: &Map<String, Value>) -> bool {
    ext.get(OF_THE_ANSWER[0]).and_then(|feedback| feedback.get("blockReason")).is_some()
}

fn candidate<'a>(
    index: u32,
    message: &'a Message,
    finish: &'a Finish,
    api: &str,
    ext: &'a Extensions,
) -> WrittenCandidate<'a> {
    let facts = match index {
        0 => ext.of(API),
        _ => more_of(ext, index),
    };
    let sources = !facts.is_some_and(has_sources);
    WrittenCandidate {
        index,
        parts: written_parts(&message.content),
        finish: word(finish, api).map(Cow::Borrowed),
        facts,
        grounding: if sources { grounding(&cited(&message.content)) } else { None },
    }
}

/// Whether ext has the vendor's own words on sources.
pub(crate) fn has_sources(facts: &Map<String, Value>) -> bool {
    ["groundingMetadata", "citationMetadata", "urlContextMetadata"].iter().any(|name| facts.contains_key(*name))
}

/// What ext says of a further candidate.
pub(crate) fn more_of(ext: &Extensions, index: u32) -> Option<&Map<String, Value>> {
    let place = usize::try_from(index).ok()?.checked_sub(1)?;
    ext.value(API, MORE)?.get(place)?.as_object()
}

/// The parts that the vendor has a form for.
pub(crate) fn written_parts(parts: &[Part]) -> Vec<WrittenPart<'_>> {
    let written = parts.iter().filter_map(|part| {
        let ext = part.ext.of(API).filter(|ext| !ext.is_empty()).map(Cow::Borrowed);
        Some(WrittenPart { payload: payload(&part.kind, &[API]).ok()?, signature: part.signature.as_deref(), ext })
    });
    written.collect()
}

fn cited(parts: &[Part]) -> Vec<(usize, &Citation)> {
    let texts = parts.iter().enumerate().filter_map(|(index, part)| match &part.kind {
        PartKind::Text { citations, .. } => Some((index, citations)),
        _ => None,
    });
    texts.flat_map(|(index, citations)| citations.iter().map(move |citation| (index, citation))).collect()
}

/// Citations of another vendor as grounding; `None` without any.
pub(crate) fn grounding(citations: &[(usize, &Citation)]) -> Option<Value> {
    if citations.is_empty() {
        return None;
    }
    let chunks =
        citations.iter().map(|(_, citation)| json!({"web": {"uri": citation.source, "title": citation.title}}));
    let supports = citations.iter().zip(0..).map(|((part, citation), index): (_, usize)| {
        let mut segment = Map::new();
        segment.insert("partIndex".to_owned(), (*part).into());
        if let Some((start, end)) = citation.span {
            segment.insert("startIndex".to_owned(), start.into());
            segment.insert("endIndex".to_owned(), end.into());
        }
        segment.extend(citation.quote.as_ref().map(|quote| ("text".to_owned(), quote.as_str().into())));
        json!({"segment": segment, "groundingChunkIndices": [index]})
    });
    Some(json!({"groundingChunks": chunks.collect::<Vec<_>>(), "groundingSupports": supports.collect::<Vec<_>>()}))
}

/// An answer, or one chunk of it, to write.
#[derive(Default)]
pub(crate) struct WrittenResponse<'a> {
    pub(crate) candidates: Vec<WrittenCandidate<'a>>,
    /// All of ext, where there is no candidate to take it.
    pub(crate) ext: Option<&'a Map<String, Value>>,
    /// Ext, of which only the answer's own fields are written.
    pub(crate) feedback: Option<&'a Map<String, Value>>,
    pub(crate) usage: Option<WrittenUsage<'a>>,
    pub(crate) model: Option<&'a str>,
    pub(crate) id: Option<&'a str>,
    pub(crate) created: Option<u64>,
}

/// One answer to write.
pub(crate) struct WrittenCandidate<'a> {
    pub(crate) index: u32,
    pub(crate) parts: Vec<WrittenPart<'a>>,
    pub(crate) finish: Option<Cow<'a, str>>,
    pub(crate) facts: Option<&'a Map<String, Value>>,
    pub(crate) grounding: Option<Value>,
}

impl WrittenResponse<'_> {
    /// Appends the JSON.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let start = out.len();
        // Strings, numbers and maps with string keys: writing them into memory cannot fail.
        if serde_json::to_writer(&mut *out, self).is_err() {
            out.truncate(start);
        }
    }
}

impl Serialize for WrittenResponse<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if !self.candidates.is_empty() {
            map.serialize_entry("candidates", &self.candidates)?;
        }
        let of_the_answer = |name: &str| OF_THE_ANSWER.contains(&name);
        for (name, value) in self.feedback.into_iter().flatten().filter(|(name, _)| of_the_answer(name)) {
            map.serialize_entry(name, value)?;
        }
        for (name, value) in self.ext.into_iter().flatten().filter(|(name, _)| !of_the_answer(name) && *name != MORE) {
            map.serialize_entry(name, value)?;
        }
        self.usage.as_ref().map_or(Ok(()), |usage| map.serialize_entry("usageMetadata", usage))?;
        self.model.map_or(Ok(()), |model| map.serialize_entry("modelVersion", model))?;
        self.id.map_or(Ok(()), |id| map.serialize_entry("responseId", id))?;
        self.created.map_or(Ok(()), |created| map.serialize_entry("createTime", &format_time(created)))?;
        map.end()
    }
}

impl Serialize for WrittenCandidate<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Content<'a> {
            #[serde(skip_serializing_if = "<[_]>::is_empty")]
            parts: &'a [WrittenPart<'a>],
            role: &'static str,
        }
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("content", &Content { parts: &self.parts, role: "model" })?;
        self.finish.as_ref().map_or(Ok(()), |finish| map.serialize_entry("finishReason", finish))?;
        map.serialize_entry("index", &self.index)?;
        self.grounding.as_ref().map_or(Ok(()), |grounding| map.serialize_entry("groundingMetadata", grounding))?;
        let own = |name: &str| !OF_THE_ANSWER.contains(&name) && name != MORE;
        for (name, value) in self.facts.into_iter().flatten().filter(|(name, _)| own(name)) {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}
