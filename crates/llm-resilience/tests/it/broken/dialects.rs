//! Answers of every kind of content, as different vendors would send them.

use std::sync::Arc;

use llm_core::{
    Citation, Event, Finish, FinishReason, Media, Origin, Part, PartId, PartKind, StreamFinish, StreamStart, ToolCall,
    Usage, Visibility,
};

use crate::support::Piece;

/// An answer of one kind of content, as one vendor would send it: `cut` is the length of its pieces of text, `ids` is what
/// its ids begin with, `words` is what it says.
#[derive(Clone, Copy)]
pub(super) struct Dialect {
    pub(super) id: &'static str,
    pub(super) cut: usize,
    pub(super) ids: &'static str,
    pub(super) first_part: u32,
}

pub(super) const A: Dialect = Dialect { id: "a", cut: 7, ids: "call_a", first_part: 0 };
pub(super) const B: Dialect = Dialect { id: "b", cut: 4, ids: "toolu_b", first_part: 1 };

pub(super) const KINDS: [&str; 8] =
    ["text", "reasoning", "sealed", "tools", "citations", "media", "candidates", "noise"];

impl Dialect {
    /// All events of an answer.
    pub(super) fn events(&self, kind: &str, words: &str) -> Vec<Event> {
        let part = |number: u32| PartId(self.first_part + number);
        let mut events = vec![self.start()];
        match kind {
            "reasoning" => {
                events.push(begin(part(0), 0, Part::reasoning("").kind));
                events.extend(self.pieces("I think so.").map(|text| Event::ReasoningDelta { part: part(0), text }));
                events.extend(["sig", "na"].map(|it| Event::SignatureDelta { part: part(0), signature: it.into() }));
                events.push(end(part(0)));
                events.extend(self.text(part(1), 0, words));
            }
            "sealed" => {
                let encrypted = Some("c2VhbGVk".to_owned());
                let sealed = PartKind::Reasoning { text: String::new(), visibility: Visibility::Redacted, encrypted };
                events.extend([begin(part(0), 0, sealed), end(part(0))]);
                events.extend(self.text(part(1), 0, words));
            }
            "tools" => {
                events.extend(self.text(part(0), 0, words));
                for (number, name) in [(1, "weather"), (2, "time")] {
                    let id = format!("{}_{number}", self.ids);
                    let call = ToolCall { id, name: name.to_owned(), ..ToolCall::default() };
                    events.push(begin(part(number), 0, PartKind::ToolCall(call)));
                }
                let arguments = |number: u32, json: &str| {
                    let event = move |json| Event::ArgumentsDelta { part: part(number), json };
                    self.pieces(json).map(event).collect::<Vec<_>>()
                };
                let (first, second) = (arguments(1, r#"{"city":"Köln"}"#), arguments(2, r#"{"zone":"CET"}"#));
                let longest = first.len().max(second.len());
                for at in 0..longest {
                    events.extend(first.get(at).cloned());
                    events.extend(second.get(at).cloned());
                }
                events.extend([end(part(1)), end(part(2))]);
            }
            "citations" => {
                let mut text = self.text(part(0), 0, words);
                for (at, source) in [(2, "https://a.example"), (4, "https://b.example")] {
                    let citation = Box::new(Citation { source: source.to_owned(), ..Citation::default() });
                    text.insert(at.min(text.len() - 1), Event::Citation { part: part(0), citation });
                }
                events.extend(text);
            }
            "media" => {
                events.push(begin(part(0), 0, Part::opaque("scripted.search", serde_json::json!({"q": 1})).kind));
                events.push(end(part(0)));
                events.push(begin(part(1), 0, PartKind::Media(Media::inline("image/png", ""))));
                events.extend(self.pieces(words).map(|it| Event::MediaDelta { part: part(1), bytes: it.into() }));
                events.push(end(part(1)));
            }
            "candidates" => {
                let (mut first, second) = (self.text(part(0), 0, words), self.text(part(1), 1, "another answer"));
                for (at, event) in second.into_iter().enumerate() {
                    first.insert((at * 2 + 1).min(first.len()), event);
                }
                events.extend(first);
            }
            "noise" => {
                for event in self.text(part(0), 0, words) {
                    let data = serde_json::json!({ "trace": self.id });
                    events.extend([event, Event::Ping, Event::Unknown { kind: "debug".to_owned(), data }]);
                    events.push(Event::Usage(Box::new(Usage::new(3, 1))));
                }
            }
            _ => events.extend(self.text(part(0), 0, words)),
        }
        let mut finish = StreamFinish::new(Finish::new(FinishReason::Stop, "stop"), Usage::new(3, 5));
        if kind == "candidates" {
            finish.more = vec![Finish::new(FinishReason::Stop, "stop")];
        }
        events.push(Event::Usage(Box::new(Usage::new(3, 5))));
        events.push(Event::Finish(Box::new(finish)));
        events
    }

    pub(super) fn start(&self) -> Event {
        let mut start = StreamStart::new(Arc::new(Origin::new("scripted", self.id, "m")));
        start.model = Some(format!("{}-2026", self.id));
        Event::Start(Box::new(start))
    }

    pub(super) fn text(&self, part: PartId, candidate: u32, words: &str) -> Vec<Event> {
        let mut events = vec![begin(part, candidate, Part::text("").kind)];
        events.extend(self.pieces(words).map(|text| Event::TextDelta { part, text }));
        events.push(end(part));
        events
    }

    fn pieces<'a>(&self, text: &'a str) -> impl Iterator<Item = String> + use<'a> {
        let chars: Vec<char> = text.chars().collect();
        let cut = self.cut;
        (0..chars.len().div_ceil(cut)).map(move |at| chars[at * cut..chars.len().min((at + 1) * cut)].iter().collect())
    }
}

pub(super) fn begin(part: PartId, candidate: u32, kind: PartKind) -> Event {
    Event::PartStart { part, candidate, shell: Box::new(kind) }
}

pub(super) fn end(part: PartId) -> Event {
    Event::PartEnd { part, truncated: false, ext: None }
}

pub(super) fn whole(events: &[Event]) -> Vec<Piece> {
    events.iter().cloned().map(Piece::Event).collect()
}
