//! The tool calls of one streamed answer: which call a piece belongs to, and where a call ends.
//!
//! OpenAI numbers calls and gives the id once. Others leave out the number, send the id empty or again with every
//! piece, give every call the number 0, or send a call whole; traps 12, 13 and 21 of recorded traffic (2026-11).

use llm_core::{Event, FinishReason, PartKind, ToolCall};

use super::answer::Sink;
use super::latest::Latest;
use crate::FAMILY;
use crate::chat::arguments::Arguments;
use crate::chat::wire::Call;
use llm_core::{Extensions, PartId};

/// The calls of one answer, in order.
#[derive(Debug, Default)]
pub(super) struct Calls(Vec<Running>);

/// One call while it comes.
#[derive(Debug, Default)]
struct Running {
    /// `None` until the name is known.
    part: Option<PartId>,
    index: Option<u64>,
    /// The vendor's id.
    id: Option<String>,
    /// Arguments that came before the name.
    early: String,
    arguments: Arguments,
    custom: bool,
    facts: Latest,
}

impl Calls {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes a piece of a call.
    pub(super) fn push(&mut self, call: Call<'_>, sink: &mut Sink<'_>) {
        let custom = &*call.kind.0 == "custom" || !call.custom.name.is_empty() || !call.custom.input.is_empty();
        let place = self.place(&call, custom);
        let function = if custom { call.custom } else { call.function };
        let piece = if custom { function.input.0 } else { function.arguments.0 };
        let says_nothing = function.name.is_empty() && piece.is_empty() && call.id.is_empty();
        if place.is_none() && says_nothing {
            return;
        }
        let number = place.unwrap_or_else(|| {
            self.0.push(Running { index: call.index.0, custom, ..Running::default() });
            self.0.len() - 1
        });
        let running = &mut self.0[number];
        running.facts.take(&call.rest);
        if running.id.is_none() {
            running.id = call.id.owned();
        }
        if running.part.is_none() && !function.name.is_empty() {
            running.start(number, function.name.0.into_owned(), sink);
        }
        if piece.is_empty() {
            return;
        }
        running.arguments.push(&piece);
        match running.part {
            Some(part) => sink.push(Event::ArgumentsDelta { part, json: piece.into_owned() }),
            None => running.early.push_str(&piece),
        }
    }

    /// The call that a piece goes on with; `None` when it begins one.
    fn place(&self, call: &Call<'_>, custom: bool) -> Option<usize> {
        let id = call.id.as_some();
        let place = match (call.index.0, id) {
            (Some(index), _) => self.0.iter().rposition(|running| running.index == Some(index)),
            (None, Some(id)) => self.0.iter().rposition(|running| running.id.as_deref() == Some(id)),
            (None, None) => self.0.len().checked_sub(1),
        }?;
        let running = &self.0[place];
        let another_id = id.is_some_and(|id| running.id.as_deref().is_some_and(|known| known != id));
        let names_one = !(if custom { &call.custom } else { &call.function }).name.is_empty();
        let another_without_id = names_one && id.is_none() && running.id.is_none() && running.arguments.is_whole();
        (!another_id && !another_without_id).then_some(place)
    }

    /// Ends all calls.
    pub(super) fn finish(self, reason: &FinishReason, sink: &mut Sink<'_>) {
        let last = self.0.len().saturating_sub(1);
        for (number, mut running) in self.0.into_iter().enumerate() {
            let nameless = running.part.is_none();
            let part = match running.part {
                Some(part) => part,
                None => running.start(number, String::new(), sink),
            };
            // A call without arguments at the end of an answer that ran into its limit was about to get some.
            let cut_early = *reason == FinishReason::Length && number == last && running.arguments.is_empty();
            let cut = !running.custom && (running.arguments.is_cut() || cut_early);
            let ext = running.ext(sink.provider());
            sink.push(Event::PartEnd { part, truncated: cut || nameless, ext });
        }
    }
}

impl Running {
    fn start(&mut self, number: usize, name: String, sink: &mut Sink<'_>) -> PartId {
        let id = self.id.clone().unwrap_or_else(|| format!("call_{number}"));
        let part = sink.start(PartKind::ToolCall(ToolCall { id, name, ..ToolCall::default() }));
        self.part = Some(part);
        if !self.early.is_empty() {
            sink.push(Event::ArgumentsDelta { part, json: std::mem::take(&mut self.early) });
        }
        part
    }

    fn ext(self, provider: &str) -> Option<Box<Extensions>> {
        let mut ext = Extensions::default();
        if self.custom {
            ext.set(FAMILY, "type", "custom");
        }
        let facts = self.facts.into_map();
        if !facts.is_empty() {
            ext.of_mut(provider).extend(facts);
        }
        (!ext.is_empty()).then(|| Box::new(ext))
    }
}
