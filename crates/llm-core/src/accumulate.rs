//! Puts a stream's events together into an answer, and holds them to the allowed order.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};

use crate::error::Error;
use crate::error_kind::ErrorKind;
use crate::ext::Extensions;
use crate::media::MediaData;
use crate::message::{Message, Role};
use crate::part::{Part, PartKind};
use crate::response::{Candidate, ChatResponse, Finish, FinishReason};
use crate::stream::{Event, PartId, StreamFinish, StreamStart, committed};
use crate::usage::Usage;

/// What is wrong with the order of a stream's events.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SequenceError {
    /// An event before `Start`.
    #[error("an event came before the start")]
    NotStarted,
    /// A second `Start`.
    #[error("the stream started twice")]
    StartedTwice,
    /// A delta for a part that was never started.
    #[error("part {} was never started", .0.0)]
    UnknownPart(PartId),
    /// A second `PartStart` for the same number.
    #[error("part {} started twice", .0.0)]
    PartStartedTwice(PartId),
    /// A delta that does not fit the part's type.
    #[error("a delta does not fit the type of part {}", .0.0)]
    WrongKind(PartId),
    /// A delta after `PartEnd`.
    #[error("part {} went on after its end", .0.0)]
    AfterEnd(PartId),
    /// An event after `Finish`.
    #[error("an event came after the finish")]
    AfterFinish,
    /// A part without `PartEnd`.
    #[error("part {} was never ended", .0.0)]
    Unclosed(PartId),
}

impl From<SequenceError> for Error {
    fn from(error: SequenceError) -> Self {
        Self::new(ErrorKind::Malformed, format!("the stream's events are out of order: {error}"))
    }
}

/// Collects events; see [`stream`](crate::stream) for the allowed order.
#[derive(Debug, Default)]
pub struct Accumulator {
    start: Option<Box<StreamStart>>,
    parts: BTreeMap<PartId, Building>,
    usage: Usage,
    finish: Option<Box<StreamFinish>>,
    content: bool,
}

#[derive(Debug)]
struct Building {
    candidate: u32,
    part: Part,
    media: Option<BytesMut>,
    ended: bool,
}

impl Accumulator {
    /// Takes one event. After an error the accumulator still holds what was right before it.
    pub fn push(&mut self, event: Event) -> Result<(), SequenceError> {
        if self.finish.is_some() {
            return Err(SequenceError::AfterFinish);
        }
        if self.start.is_none() && !matches!(event, Event::Start(_) | Event::Ping) {
            return Err(SequenceError::NotStarted);
        }
        self.content |= event.is_content();
        match event {
            Event::Start(start) => {
                if self.start.replace(start).is_some() {
                    return Err(SequenceError::StartedTwice);
                }
            }
            Event::PartStart { part, candidate, shell } => {
                let building = Building { candidate, part: Part::new(*shell), media: None, ended: false };
                if self.parts.insert(part, building).is_some() {
                    return Err(SequenceError::PartStartedTwice(part));
                }
            }
            Event::TextDelta { part, text: more } => match &mut self.open(part)?.part.kind {
                PartKind::Text { text, .. } | PartKind::Refusal { text } => append(text, more),
                _ => return Err(SequenceError::WrongKind(part)),
            },
            Event::ReasoningDelta { part, text: more } => match &mut self.open(part)?.part.kind {
                PartKind::Reasoning { text, .. } => append(text, more),
                _ => return Err(SequenceError::WrongKind(part)),
            },
            Event::SignatureDelta { part, signature } => {
                append(self.open(part)?.part.signature.get_or_insert_default(), signature);
            }
            Event::ArgumentsDelta { part, json } => match &mut self.open(part)?.part.kind {
                PartKind::ToolCall(call) => append(&mut call.arguments, json),
                _ => return Err(SequenceError::WrongKind(part)),
            },
            Event::MediaDelta { part, bytes } => {
                let building = self.open(part)?;
                if !matches!(building.part.kind, PartKind::Media(_)) {
                    return Err(SequenceError::WrongKind(part));
                }
                building.media.get_or_insert_default().extend_from_slice(&bytes);
            }
            Event::Citation { part, citation } => match &mut self.open(part)?.part.kind {
                PartKind::Text { citations, .. } => citations.push(*citation),
                _ => return Err(SequenceError::WrongKind(part)),
            },
            Event::PartEnd { part, truncated, ext } => self.open(part)?.end(truncated, ext.map(|ext| *ext)),
            Event::Usage(usage) => self.usage = *usage,
            Event::Ping | Event::Unknown { .. } => {}
            Event::Finish(finish) => {
                if let Some((part, _)) = self.parts.iter().find(|(_, building)| !building.ended) {
                    return Err(SequenceError::Unclosed(*part));
                }
                self.finish = Some(finish);
            }
        }
        Ok(())
    }

    /// What has arrived so far, open tool calls marked as truncated; `None` before the start.
    pub fn partial(&self) -> Option<ChatResponse> {
        let start = self.start.clone()?;
        let finish = Finish { reason: FinishReason::Error, raw: None };
        let parts = self.parts.values().map(|building| {
            let mut building = Building { part: building.part.clone(), media: building.media.clone(), ..*building };
            if !building.ended {
                building.end(true, None);
            }
            building
        });
        Some(assemble(start, parts.collect(), StreamFinish::new(finish, self.usage.clone())))
    }

    /// The answer. Without `Finish` it is a `truncated` error that carries what had arrived.
    pub fn finish(mut self) -> Result<ChatResponse, Error> {
        match (self.start.take(), self.finish.take()) {
            (Some(start), Some(finish)) => Ok(assemble(start, self.parts.into_values().collect(), *finish)),
            (start, _) => {
                self.start = start;
                let error = if self.content { committed(Error::truncated()) } else { Error::truncated() };
                Err(match self.partial() {
                    Some(partial) => error.with_partial(partial),
                    None => error,
                })
            }
        }
    }

    fn open(&mut self, part: PartId) -> Result<&mut Building, SequenceError> {
        match self.parts.get_mut(&part) {
            Some(building) if building.ended => Err(SequenceError::AfterEnd(part)),
            Some(building) => Ok(building),
            None => Err(SequenceError::UnknownPart(part)),
        }
    }
}

impl Building {
    fn end(&mut self, truncated: bool, ext: Option<Extensions>) {
        self.ended = true;
        if let PartKind::ToolCall(call) = &mut self.part.kind {
            call.truncated |= truncated;
        }
        if let (PartKind::Media(media), Some(bytes)) = (&mut self.part.kind, self.media.take()) {
            media.data = MediaData::Inline { bytes: Bytes::from(bytes) };
        }
        if let Some(ext) = ext {
            self.part.ext = ext;
        }
    }
}

fn append(text: &mut String, more: String) {
    if text.is_empty() { *text = more } else { text.push_str(&more) }
}

fn assemble(start: Box<StreamStart>, parts: Vec<Building>, finish: StreamFinish) -> ChatResponse {
    let start = *start;
    let message = |content| {
        let mut message = Message::new(Role::Assistant, content);
        message.origin = Some(start.origin.clone());
        message
    };
    let (first, rest): (Vec<_>, Vec<_>) = parts.into_iter().partition(|building| building.candidate == 0);
    let more = finish.more.into_iter().zip(1..).map(|(finish, number)| {
        let content = rest.iter().filter(|building| building.candidate == number).map(|building| building.part.clone());
        Candidate { message: message(content.collect()), finish }
    });
    let more = more.collect();
    let first = message(first.into_iter().map(|building| building.part).collect());
    let mut response = ChatResponse::new(start.origin.clone(), first, finish.finish);
    response.id = finish.id.or(start.id);
    response.model = start.model;
    response.created = start.created;
    response.request_id = start.request_id;
    response.system_fingerprint = start.system_fingerprint;
    response.warnings = start.warnings;
    response.warnings.extend(finish.warnings);
    response.attempts = if finish.attempts.is_empty() { start.attempts } else { finish.attempts };
    response.rate_limits = start.rate_limits;
    response.more = more;
    response.usage = finish.usage;
    response.cost = finish.cost;
    response.cache = start.cache;
    response.prompt_savings = start.prompt_savings;
    response.service_tier = finish.service_tier;
    response.timing = finish.timing;
    response.ext = finish.ext;
    response.extra = finish.extra;
    response
}
