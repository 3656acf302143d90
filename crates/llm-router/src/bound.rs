//! State in a request that only some providers can read.
//!
//! Two kinds. *Signed* state (signatures, encrypted reasoning) goes back only to the target that made it; other targets
//! may answer without it, with a warning, unless the request asks for errors instead of warnings. *Held* state (the id of
//! an earlier response, a cached prompt, an uploaded file) lies at a provider; without it the request means something
//! else, so nobody but a holder is asked.

use std::sync::Arc;

use llm_core::{ChatRequest, MediaData, OnUnsupported, Part, PartKind, Request, Target};
use serde::{Deserialize, Serialize};

/// Settings under `ext` that name state held by a provider, with what it is (OpenAI's Responses and Gemini's API
/// reference, 2026-11).
const HELD: [(&str, Held); 4] = [
    ("previous_response_id", Held::Response),
    ("conversation", Held::Response),
    ("cachedContent", Held::Cache),
    ("cached_content", Held::Cache),
];

/// State in a request that only some providers can read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Bound {
    /// The target that made the newest signed state in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<Target>,
    /// Signed state must not be left out: other targets are not asked.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub strict: bool,
    /// State that lies at providers; each must be held by the target that is asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<HeldState>,
}

/// State that lies at providers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldState {
    /// What it is.
    pub what: Held,
    /// Who has it: provider ids or wire families.
    pub by: Vec<Arc<str>>,
}

/// What lies at a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Held {
    /// An earlier response or conversation.
    Response,
    /// A cached prompt.
    Cache,
    /// An uploaded file.
    File,
}

impl Held {
    /// In words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Response => "an earlier response",
            Self::Cache => "a cached prompt",
            Self::File => "an uploaded file",
        }
    }
}

impl Bound {
    /// Whether any provider can read everything.
    pub fn is_free(&self) -> bool {
        self.signed_by.is_none() && self.held.is_empty()
    }

    /// The state in a request.
    pub fn of(request: &Request) -> Self {
        let mut bound = Self::default();
        match request {
            Request::Chat(chat) | Request::ChatStream(chat) => bound.note_chat(chat),
            _ => {}
        }
        bound
    }

    /// What keeps a provider from answering: state that others hold.
    pub fn missing_at(&self, provider: &str, api: &str) -> Option<Held> {
        let held_here = |state: &HeldState| state.by.iter().any(|by| **by == *provider || **by == *api);
        self.held.iter().find(|state| !held_here(state)).map(|state| state.what)
    }

    fn note_chat(&mut self, chat: &ChatRequest) {
        for (reader, settings) in &chat.ext.0 {
            for (name, what) in HELD {
                if settings.get(name).is_some_and(|value| !value.is_null()) {
                    self.held.push(HeldState { what, by: vec![reader.as_str().into()] });
                }
            }
        }
        for message in &chat.messages {
            if let Some(origin) = &message.origin
                && message.content.iter().any(is_signed)
            {
                self.signed_by = Some(Target::new(origin.provider.clone(), origin.model.as_str()));
            }
            message.content.iter().for_each(|part| self.note_files(part));
        }
        self.strict = self.signed_by.is_some() && chat.on_unsupported == OnUnsupported::Error;
    }

    fn note_files(&mut self, part: &Part) {
        match &part.kind {
            PartKind::Media(media) => {
                if let MediaData::File { refs } = &media.data {
                    let by = refs.keys().map(|id| id.as_str().into()).collect();
                    self.held.push(HeldState { what: Held::File, by });
                }
            }
            PartKind::ToolResult(result) => result.content.iter().for_each(|part| self.note_files(part)),
            _ => {}
        }
    }
}

fn is_signed(part: &Part) -> bool {
    part.signature.is_some() || matches!(&part.kind, PartKind::Reasoning { encrypted: Some(_), .. })
}
