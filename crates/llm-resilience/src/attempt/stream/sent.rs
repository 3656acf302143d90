//! What a caller has of a stream: all that another answer must begin with to go on in its place.

use llm_core::{Citation, Event, Executor, Media, MediaData, PartId, PartKind};

/// What a caller has of a stream.
#[derive(Clone, Debug)]
pub(in crate::attempt) struct Sent {
    pub(super) parts: Vec<SentPart>,
    bytes: usize,
    limit: usize,
}

/// A part of it.
#[derive(Clone, Debug)]
pub(super) struct SentPart {
    pub(super) id: PartId,
    pub(super) candidate: u32,
    pub(super) form: Form,
    /// Ids of tool calls are drawn anew by every vendor: a call keeps the one that the caller has.
    pub(super) call_id: String,
    pub(super) content: Vec<u8>,
    pub(super) signature: String,
    pub(super) citations: Vec<Citation>,
    pub(super) ended: bool,
}

/// What a part is, without what it says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Form {
    Text,
    Refusal,
    Reasoning {
        encrypted: Option<String>,
    },
    ToolCall {
        name: String,
        executed_by: Executor,
    },
    Media {
        media_type: String,
    },
    /// What comes in one piece.
    Whole(Box<PartKind>),
}

impl Form {
    /// Takes a part apart: its form, what it says so far, its citations, and the id of a tool call.
    pub(super) fn of(shell: &PartKind) -> (Self, &[u8], &[Citation], &str) {
        match shell {
            PartKind::Text { text, citations } => (Self::Text, text.as_bytes(), citations, ""),
            PartKind::Refusal { text } => (Self::Refusal, text.as_bytes(), &[], ""),
            PartKind::Reasoning { text, encrypted, .. } => {
                (Self::Reasoning { encrypted: encrypted.clone() }, text.as_bytes(), &[], "")
            }
            PartKind::ToolCall(call) => {
                let form = Self::ToolCall { name: call.name.clone(), executed_by: call.executed_by };
                (form, call.arguments.as_bytes(), &[], &call.id)
            }
            PartKind::Media(Media { media_type, data: MediaData::Inline { bytes }, .. }) => {
                (Self::Media { media_type: media_type.clone() }, bytes, &[], "")
            }
            other => (Self::Whole(Box::new(other.clone())), &[], &[], ""),
        }
    }

    /// Whether a part of the form `new` may be this one again. Sealed reasoning that the caller has must be the same.
    pub(super) fn is_found_in(&self, new: &Self) -> bool {
        match (self, new) {
            (Self::Reasoning { encrypted: None }, Self::Reasoning { .. }) => true,
            _ => self == new,
        }
    }

    /// Whether the form alone shows the caller something, before any word.
    pub(super) fn shows(&self) -> bool {
        match self {
            Self::Text | Self::Refusal => false,
            Self::Reasoning { encrypted } => encrypted.is_some(),
            Self::ToolCall { .. } | Self::Media { .. } | Self::Whole(_) => true,
        }
    }
}

impl SentPart {
    /// Whether the caller has seen nothing of it.
    pub(super) fn is_empty(&self) -> bool {
        self.content.is_empty() && self.signature.is_empty() && self.citations.is_empty() && !self.form.shows()
    }
}

impl Sent {
    /// Nothing yet. At most `limit` bytes are remembered.
    pub(in crate::attempt) fn new(limit: usize) -> Self {
        Self { parts: Vec::new(), bytes: 0, limit }
    }

    /// Remembers what the caller is given now.
    pub(in crate::attempt) fn record(&mut self, event: &Event) {
        if self.bytes > self.limit {
            return;
        }
        match event {
            Event::PartStart { part, candidate, shell } => {
                let (form, content, citations, call_id) = Form::of(shell);
                self.bytes += size_of::<SentPart>() + content.len();
                self.parts.push(SentPart {
                    id: *part,
                    candidate: *candidate,
                    form,
                    call_id: call_id.to_owned(),
                    content: content.to_vec(),
                    signature: String::new(),
                    citations: citations.to_vec(),
                    ended: false,
                });
            }
            Event::TextDelta { part, text } | Event::ReasoningDelta { part, text } => {
                self.say(*part, text.as_bytes());
            }
            Event::ArgumentsDelta { part, json } => self.say(*part, json.as_bytes()),
            Event::MediaDelta { part, bytes } => self.say(*part, bytes),
            Event::SignatureDelta { part, signature } => {
                self.bytes += signature.len();
                if let Some(sent) = self.part(*part) {
                    sent.signature.push_str(signature);
                }
            }
            Event::Citation { part, citation } => {
                self.bytes += size_of::<Citation>() + citation.source.len();
                if let Some(sent) = self.part(*part) {
                    sent.citations.push((**citation).clone());
                }
            }
            Event::PartEnd { part, .. } => {
                if let Some(sent) = self.part(*part) {
                    sent.ended = true;
                }
            }
            _ => {}
        }
        if self.bytes > self.limit {
            self.parts = Vec::new();
        }
    }

    /// Whether it was too much to remember.
    pub(in crate::attempt) fn is_too_long(&self) -> bool {
        self.bytes > self.limit
    }

    /// The words, if there is nothing but one text that has not ended: what a model can be given as the beginning of its
    /// own answer.
    pub(in crate::attempt) fn open_text(&self) -> Option<&str> {
        let [part] = &self.parts[..] else { return None };
        let is_plain = part.candidate == 0
            && part.form == Form::Text
            && !part.ended
            && part.signature.is_empty()
            && part.citations.is_empty();
        if is_plain { std::str::from_utf8(&part.content).ok() } else { None }
    }

    fn say(&mut self, part: PartId, bytes: &[u8]) {
        self.bytes += bytes.len();
        if let Some(sent) = self.part(part) {
            sent.content.extend_from_slice(bytes);
        }
    }

    /// Deltas belong to one of the newest parts.
    fn part(&mut self, id: PartId) -> Option<&mut SentPart> {
        self.parts.iter_mut().rev().find(|part| part.id == id)
    }
}
