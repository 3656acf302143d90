//! A continuation for clients of the API before chats.

use llm_core::{Candidate, ChatResponse, Error, Event, Finish, Message, PartId, PartKind, Usage};
use llm_wire::StreamEncoder;
use serde::Serialize;
use serde_json::Value;

use crate::chat::finish;
use crate::chat::kept::{self, CHOICES, LOGPROBS};
use crate::{error, usage};

#[derive(Serialize)]
struct Answer<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    model: &'a str,
    choices: Vec<Choice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<usage::Encoded<'a>>,
}

#[derive(Serialize)]
struct Choice<'a> {
    index: u32,
    text: &'a str,
    logprobs: Option<&'a Value>,
    finish_reason: Option<&'static str>,
}

/// Writes a whole continuation: words only, this protocol knows nothing else.
pub fn encode_response(response: &ChatResponse) -> Vec<u8> {
    let first = std::iter::once((&response.message, &response.finish));
    let more = response.more.iter().map(|Candidate { message, finish }| (message, finish));
    let said: Vec<(String, &Finish)> =
        first.chain(more).map(|(message, finish)| (Message::text(message), finish)).collect();
    let choices = (0_u32..).zip(&said).map(|(index, (text, finish))| Choice {
        index,
        text,
        logprobs: kept::of(&response.ext, CHOICES, index as usize).and_then(|kept| kept.get(LOGPROBS)),
        finish_reason: Some(finish::encode(finish)),
    });
    let answer = Answer {
        id: response.id.as_deref().unwrap_or_default(),
        object: "text_completion",
        created: response.created.unwrap_or(0),
        model: response.model.as_deref().unwrap_or(&response.origin.model),
        choices: choices.collect(),
        usage: (response.usage != Usage::default()).then_some(usage::Encoded(&response.usage)),
    };
    serde_json::to_vec(&answer).unwrap_or_default()
}

/// Writes the chunks of a streamed continuation, `[DONE]` included.
#[derive(Debug, Default)]
pub struct Encoder {
    include_usage: bool,
    id: String,
    model: String,
    created: u64,
    /// Parts that hold words, and whose they are.
    words: Vec<(PartId, u32)>,
}

impl Encoder {
    /// An encoder; `include_usage` says that the client wants usage at the end.
    pub fn new(include_usage: bool) -> Self {
        Self { include_usage, ..Self::default() }
    }

    fn chunk(&self, out: &mut Vec<u8>, choices: Vec<Choice<'_>>, usage: Option<&Usage>) {
        let chunk = Answer {
            id: &self.id,
            object: "text_completion",
            created: self.created,
            model: &self.model,
            choices,
            usage: usage.map(usage::Encoded),
        };
        out.extend_from_slice(b"data: ");
        // Writing to memory does not fail, and nothing here has keys that are no strings.
        let _ = serde_json::to_writer(&mut *out, &chunk);
        out.extend_from_slice(b"\n\n");
    }
}

impl StreamEncoder for Encoder {
    fn event(&mut self, event: &Event, out: &mut Vec<u8>) {
        match event {
            Event::Start(start) => {
                self.id = start.id.clone().unwrap_or_default();
                self.model = start.model.clone().unwrap_or_else(|| start.origin.model.clone());
                self.created = start.created.unwrap_or(0);
            }
            Event::PartStart { part, candidate, shell } => {
                if let PartKind::Text { text, .. } = &**shell {
                    self.words.push((*part, *candidate));
                    if !text.is_empty() {
                        let choice = Choice { index: *candidate, text, logprobs: None, finish_reason: None };
                        self.chunk(out, vec![choice], None);
                    }
                }
            }
            Event::TextDelta { part, text } => {
                if let Some((_, index)) = self.words.iter().find(|(known, _)| known == part) {
                    let choice = Choice { index: *index, text, logprobs: None, finish_reason: None };
                    self.chunk(out, vec![choice], None);
                }
            }
            Event::Ping => out.extend_from_slice(b": keep-alive\n\n"),
            Event::Finish(end) => {
                for (index, end) in (0..).zip(std::iter::once(&end.finish).chain(&end.more)) {
                    let choice = Choice { index, text: "", logprobs: None, finish_reason: Some(finish::encode(end)) };
                    self.chunk(out, vec![choice], None);
                }
                if self.include_usage {
                    self.chunk(out, Vec::new(), Some(&end.usage));
                }
                out.extend_from_slice(b"data: [DONE]\n\n");
            }
            // This protocol has words only.
            _ => {}
        }
    }

    fn error(&mut self, error: &Error, out: &mut Vec<u8>) {
        out.extend_from_slice(b"data: ");
        let _ = serde_json::to_writer(&mut *out, &error::envelope(error));
        out.extend_from_slice(b"\n\n");
    }
}
