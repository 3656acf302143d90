//! The events of a stream so far, its deltas joined: what later readers are given, and what is kept at the end.

use llm_core::{Accumulator, ChatResponse, Event, PartId};

/// The events so far. Deltas of one part that follow each other are one event.
#[derive(Debug, Default)]
pub(crate) struct Log {
    events: Vec<Event>,
    bytes: usize,
}

/// How far a reader is: so many whole events, and so many bytes of the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    index: usize,
    offset: usize,
}

impl Log {
    /// Keeps a copy of an event. Words are added to the words before, so a delta costs no allocation of its own;
    /// one without words says nothing.
    pub(crate) fn push(&mut self, event: &Event) {
        self.bytes += weight(event);
        if words(event).is_some_and(|(_, words)| words.is_empty()) {
            return;
        }
        match (self.events.last_mut(), event) {
            (_, Event::Ping) => {}
            (Some(Event::Usage(last)), Event::Usage(usage)) => last.clone_from(usage),
            (Some(last), _) if joins(last, event) => {
                if let (Some((_, all)), Some((_, more))) = (words_mut(last), words(event)) {
                    all.push_str(more);
                }
            }
            _ => self.events.push(event.clone()),
        }
    }

    /// Bytes of content so far, about.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// The place behind everything.
    pub(crate) fn end(&self) -> Place {
        match self.events.last() {
            Some(last) => match words(last) {
                Some((_, text)) => Place { index: self.events.len() - 1, offset: text.len() },
                None => Place { index: self.events.len(), offset: 0 },
            },
            None => Place::default(),
        }
    }

    /// The next event for a reader at a place; `None` at the end.
    pub(crate) fn read(&self, place: &mut Place) -> Option<Event> {
        loop {
            let event = self.events.get(place.index)?;
            let Some((_, text)) = words(event) else {
                *place = Place { index: place.index + 1, offset: 0 };
                return Some(event.clone());
            };
            let more = text.get(place.offset..).unwrap_or_default();
            if !more.is_empty() {
                place.offset = text.len();
                return Some(rest(event, more));
            }
            if place.index + 1 == self.events.len() {
                return None;
            }
            *place = Place { index: place.index + 1, offset: 0 };
        }
    }

    /// The answer, when the events are a whole stream in order.
    pub(crate) fn response(&self) -> Option<ChatResponse> {
        let mut accumulator = Accumulator::default();
        for event in &self.events {
            accumulator.push(event.clone()).ok()?;
        }
        accumulator.finish().ok()
    }
}

/// Whether the second event only adds words to the first.
fn joins(last: &Event, event: &Event) -> bool {
    std::mem::discriminant(last) == std::mem::discriminant(event)
        && matches!((words(last), words(event)), (Some((a, _)), Some((b, _))) if a == b)
}

fn words(event: &Event) -> Option<(PartId, &str)> {
    match event {
        Event::TextDelta { part, text } | Event::ReasoningDelta { part, text } => Some((*part, text)),
        Event::SignatureDelta { part, signature } => Some((*part, signature)),
        Event::ArgumentsDelta { part, json } => Some((*part, json)),
        _ => None,
    }
}

fn words_mut(event: &mut Event) -> Option<(PartId, &mut String)> {
    match event {
        Event::TextDelta { part, text } | Event::ReasoningDelta { part, text } => Some((*part, text)),
        Event::SignatureDelta { part, signature } => Some((*part, signature)),
        Event::ArgumentsDelta { part, json } => Some((*part, json)),
        _ => None,
    }
}

/// The same delta with other words.
fn rest(event: &Event, words: &str) -> Event {
    let words = words.to_owned();
    match event {
        Event::TextDelta { part, .. } => Event::TextDelta { part: *part, text: words },
        Event::ReasoningDelta { part, .. } => Event::ReasoningDelta { part: *part, text: words },
        Event::SignatureDelta { part, .. } => Event::SignatureDelta { part: *part, signature: words },
        Event::ArgumentsDelta { part, .. } => Event::ArgumentsDelta { part: *part, json: words },
        other => other.clone(),
    }
}

fn weight(event: &Event) -> usize {
    match event {
        Event::MediaDelta { bytes, .. } => bytes.len(),
        other => words(other).map_or(0, |(_, text)| text.len()),
    }
}
