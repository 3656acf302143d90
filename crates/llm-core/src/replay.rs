//! A whole answer as a stream: in the order that streams must keep, in pieces that a reader can show as they come.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::error::Error;
use crate::message::Message;
use crate::part::{Part, PartKind};
use crate::response::ChatResponse;
use crate::stream::{Event, PartId, StreamFinish, StreamStart};
use futures_core::Stream;

/// Longest piece of words in one event, in bytes.
const PIECE: usize = 256;

/// An answer as events. Collected, they give the answer again.
///
/// What no event can say is lost: names, extensions and unknown fields of the message, and a part's own.
#[derive(Debug)]
pub struct Replay {
    start: Option<Box<StreamStart>>,
    parts: VecDeque<(u32, Part)>,
    number: u32,
    /// Events of the part at hand, the next one last.
    ready: Vec<Event>,
    finish: Option<Box<StreamFinish>>,
}

impl Replay {
    /// The events of an answer.
    pub fn new(response: ChatResponse) -> Self {
        let mut start = StreamStart::new(response.origin);
        start.id = response.id;
        start.model = response.model;
        start.created = response.created;
        start.request_id = response.request_id;
        start.system_fingerprint = response.system_fingerprint;
        start.warnings = response.warnings;
        start.attempts = response.attempts;
        start.cache = response.cache;
        start.rate_limits = response.rate_limits;
        let mut finish = StreamFinish::new(response.finish, response.usage);
        finish.cost = response.cost;
        finish.service_tier = response.service_tier;
        finish.timing = response.timing;
        finish.ext = response.ext;
        finish.extra = response.extra;
        let numbered = |message: Message, candidate| message.content.into_iter().map(move |part| (candidate, part));
        let mut parts: VecDeque<_> = numbered(response.message, 0).collect();
        for (candidate, number) in response.more.into_iter().zip(1..) {
            parts.extend(numbered(candidate.message, number));
            finish.more.push(candidate.finish);
        }
        Self { start: Some(Box::new(start)), parts, number: 0, ready: Vec::new(), finish: Some(Box::new(finish)) }
    }

    fn next(&mut self) -> Option<Event> {
        if let Some(start) = self.start.take() {
            return Some(Event::Start(start));
        }
        if self.ready.is_empty()
            && let Some((candidate, part)) = self.parts.pop_front()
        {
            self.ready = events(PartId(self.number), candidate, part);
            self.ready.reverse();
            self.number += 1;
        }
        self.ready.pop().or_else(|| self.finish.take().map(Event::Finish))
    }
}

impl Stream for Replay {
    type Item = Result<Event, Error>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.next().map(Ok))
    }
}

fn events(part: PartId, candidate: u32, content: Part) -> Vec<Event> {
    let Part { mut kind, signature, ext, .. } = content;
    let mut events = Vec::new();
    let mut truncated = false;
    match &mut kind {
        PartKind::Text { text, citations } => {
            events.extend(pieces(text).map(|text| Event::TextDelta { part, text }));
            let citations = std::mem::take(citations);
            events.extend(citations.into_iter().map(|citation| Event::Citation { part, citation: Box::new(citation) }));
            text.clear();
        }
        PartKind::Refusal { text } => {
            events.extend(pieces(text).map(|text| Event::TextDelta { part, text }));
            text.clear();
        }
        PartKind::Reasoning { text, .. } => {
            events.extend(pieces(text).map(|text| Event::ReasoningDelta { part, text }));
            text.clear();
        }
        PartKind::ToolCall(call) => {
            truncated = std::mem::take(&mut call.truncated);
            events.extend(pieces(&call.arguments).map(|json| Event::ArgumentsDelta { part, json }));
            call.arguments.clear();
        }
        _ => {}
    }
    events.insert(0, Event::PartStart { part, candidate, shell: Box::new(kind) });
    events.extend(signature.map(|signature| Event::SignatureDelta { part, signature }));
    let ext = (!ext.is_empty()).then(|| Box::new(ext));
    events.push(Event::PartEnd { part, truncated, ext });
    events
}

/// A text in pieces that end between characters.
fn pieces(text: &str) -> impl Iterator<Item = String> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = if rest.len() <= PIECE { rest.len() } else { rest.floor_char_boundary(PIECE) };
        let (piece, left) = rest.split_at(end);
        rest = left;
        (!piece.is_empty()).then(|| piece.to_owned())
    })
}
