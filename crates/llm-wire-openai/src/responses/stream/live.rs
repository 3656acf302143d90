//! The items of a streamed answer while they come: which parts they are, and what has been said of each.
//!
//! Every event but deltas says again what came before it. What comes in deltas is taken from these; the events that close
//! an item give what no delta has said, because some servers send no deltas.

use std::borrow::Cow;

use llm_core::{Event, Extensions, Part, PartId, PartKind, ToolCall, Visibility};
use llm_wire::EventQueue;
use serde_json::Value;

use crate::chat::arguments::Arguments;
use crate::json::{Raw, parse};
use crate::responses::item::{self, Kind};
use crate::responses::wire::{Item, Piece};
use crate::responses::{FAMILY, mark, piece};

/// Where events go, and the number of the next part.
pub(super) struct Sink<'a> {
    pub(super) out: &'a mut EventQueue,
    pub(super) next_part: &'a mut u32,
}

impl Sink<'_> {
    fn start(&mut self, shell: PartKind) -> PartId {
        let part = PartId(*self.next_part);
        *self.next_part += 1;
        self.out.push(Event::PartStart { part, candidate: 0, shell: Box::new(shell) });
        part
    }

    fn end(&mut self, part: PartId, truncated: bool, ext: Extensions) {
        let ext = (!ext.is_empty()).then(|| Box::new(ext));
        self.out.push(Event::PartEnd { part, truncated, ext });
    }

    /// A part that comes all at once.
    pub(super) fn whole(&mut self, part: Part) {
        let Part { kind, signature, ext, .. } = part;
        let id = self.start(kind);
        if let Some(signature) = signature {
            self.out.push(Event::SignatureDelta { part: id, signature });
        }
        self.end(id, false, ext);
    }
}

/// One item.
#[derive(Debug)]
pub(super) struct Live {
    index: Option<u64>,
    id: String,
    form: Form,
}

#[derive(Debug)]
enum Form {
    Message(Vec<Words>),
    /// `None` until there is something to read.
    Reasoning(Option<PartId>),
    Call(Call),
    /// An item that comes whole with its end.
    Other,
    /// Its end has come.
    Done,
}

/// A text or a refusal.
#[derive(Debug)]
struct Words {
    place: u64,
    part: PartId,
    said: bool,
    ascii: bool,
    cited: bool,
}

#[derive(Debug, Default)]
struct Call {
    /// `None` until the name is known.
    part: Option<PartId>,
    custom: bool,
    arguments: Arguments,
    said: bool,
}

impl Live {
    /// An item begins.
    pub(super) fn begin(index: Option<u64>, item: &Item<'_>, id: &str, number: usize, sink: &mut Sink<'_>) -> Self {
        let form = match Kind::of(item) {
            Kind::Message => Form::Message(Vec::new()),
            Kind::Reasoning => Form::Reasoning(None),
            Kind::Call { custom } => {
                let part = item.name.as_some().map(|name| {
                    let id = item.call_id.as_some().map_or_else(|| format!("call_{number}"), str::to_owned);
                    sink.start(PartKind::ToolCall(ToolCall { id, name: name.to_owned(), ..ToolCall::default() }))
                });
                Form::Call(Call { part, custom, ..Call::default() })
            }
            Kind::Other => Form::Other,
        };
        Self { index, id: id.to_owned(), form }
    }

    /// An item that a delta speaks of and that nobody has announced.
    pub(super) fn unannounced(index: Option<u64>, id: &str, reasoning: bool) -> Self {
        let form = if reasoning { Form::Reasoning(None) } else { Form::Message(Vec::new()) };
        Self { index, id: id.to_owned(), form }
    }

    /// True for the item that an event speaks of. Copilot gives items new ids as it goes on, so the place comes first.
    pub(super) fn is(&self, index: Option<u64>, id: &str) -> bool {
        match (self.index, index) {
            (Some(known), Some(index)) => known == index,
            _ => !id.is_empty() && self.id == id,
        }
    }

    pub(super) fn is_call(&self) -> bool {
        matches!(self.form, Form::Call(_))
    }

    /// More of a text or of a refusal.
    pub(super) fn words(&mut self, place: u64, refusal: bool, text: Cow<'_, str>, sink: &mut Sink<'_>) {
        let Form::Message(all) = &mut self.form else { return };
        let words = Words::at(all, place, refusal, sink);
        if text.is_empty() {
            return;
        }
        words.said = true;
        words.ascii &= text.is_ascii();
        sink.out.push(Event::TextDelta { part: words.part, text: text.into_owned() });
    }

    /// The whole text, for servers that send it without deltas.
    pub(super) fn all_words(&mut self, place: u64, refusal: bool, text: Raw<'_>, sink: &mut Sink<'_>) {
        if !matches!(&self.form, Form::Message(all) if all.iter().any(|words| words.place == place && words.said)) {
            self.words(place, refusal, piece::text(text), sink);
        }
    }

    pub(super) fn citation(&mut self, place: u64, raw: Raw<'_>, sink: &mut Sink<'_>) {
        let Form::Message(all) = &mut self.form else { return };
        let words = Words::at(all, place, false, sink);
        if let Some(citation) = piece::citation(raw, words.ascii) {
            words.cited = true;
            sink.out.push(Event::Citation { part: words.part, citation: Box::new(citation) });
        }
    }

    pub(super) fn thoughts(&mut self, visibility: Visibility, text: Cow<'_, str>, sink: &mut Sink<'_>) {
        let Form::Reasoning(part) = &mut self.form else { return };
        if text.is_empty() {
            return;
        }
        let part = *part.get_or_insert_with(|| {
            sink.start(PartKind::Reasoning { text: String::new(), visibility, encrypted: None })
        });
        sink.out.push(Event::ReasoningDelta { part, text: text.into_owned() });
    }

    pub(super) fn arguments(&mut self, piece: Cow<'_, str>, sink: &mut Sink<'_>) {
        let Form::Call(call) = &mut self.form else { return };
        let Some(part) = call.part.filter(|_| !piece.is_empty()) else { return };
        call.said = true;
        call.arguments.push(&piece);
        sink.out.push(Event::ArgumentsDelta { part, json: piece.into_owned() });
    }

    /// All arguments, for servers that send them without deltas.
    pub(super) fn all_arguments(&mut self, text: Raw<'_>, sink: &mut Sink<'_>) {
        if matches!(&self.form, Form::Call(call) if !call.said) {
            self.arguments(piece::text(text), sink);
        }
    }

    /// The item is whole. `number` is that of its call, if it is one.
    pub(super) fn end(&mut self, raw: Raw<'_>, number: usize, sink: &mut Sink<'_>) {
        let Some(item) = parse::<Item<'_>>(raw) else { return self.close(false, sink) };
        match std::mem::replace(&mut self.form, Form::Done) {
            Form::Message(all) => end_message(all, &item, sink),
            Form::Reasoning(None) => sink.whole(item::reasoning(item)),
            Form::Reasoning(Some(part)) => {
                let Part { kind, signature, ext, .. } = item::reasoning(item);
                // What is said at the end without words is encrypted; here there were words.
                let encrypted = if let PartKind::Reasoning { encrypted, .. } = kind { encrypted } else { None };
                if let Some(signature) = signature.or(encrypted) {
                    sink.out.push(Event::SignatureDelta { part, signature });
                }
                sink.end(part, false, ext);
            }
            Form::Call(Call { part: None, custom, .. }) => sink.whole(item::call(item, custom, number)),
            Form::Call(Call { part: Some(part), custom, arguments, said }) => {
                let Part { kind, ext, .. } = item::call(item, custom, number);
                let mut cut = !custom && arguments.is_cut();
                if let PartKind::ToolCall(call) = kind
                    && !said
                    && !call.arguments.is_empty()
                {
                    cut = call.truncated;
                    sink.out.push(Event::ArgumentsDelta { part, json: call.arguments });
                }
                sink.end(part, cut, ext);
            }
            Form::Other => sink.out_whole(item::other(&item, raw)),
            Form::Done => {}
        }
    }

    /// The answer ends, and with it what was never closed. `cut_short`: it ran into its limit.
    pub(super) fn close(&mut self, cut_short: bool, sink: &mut Sink<'_>) {
        match std::mem::replace(&mut self.form, Form::Done) {
            Form::Message(all) => {
                for words in all {
                    sink.end(words.part, cut_short, Extensions::default());
                }
            }
            Form::Reasoning(Some(part)) => sink.end(part, cut_short, Extensions::default()),
            Form::Call(Call { part: Some(part), custom, arguments, .. }) => {
                let cut = cut_short || (!custom && arguments.is_cut());
                let mut ext = Extensions::default();
                if custom {
                    item::mark_custom(&mut ext);
                }
                sink.end(part, cut, ext);
            }
            Form::Reasoning(None) | Form::Call(Call { part: None, .. }) | Form::Other | Form::Done => {}
        }
    }
}

impl Sink<'_> {
    fn out_whole(&mut self, part: Option<Part>) {
        if let Some(part) = part {
            self.whole(part);
        }
    }
}

impl Words {
    /// The text or refusal at this place, begun where there is none yet.
    fn at<'w>(all: &'w mut Vec<Self>, place: u64, refusal: bool, sink: &mut Sink<'_>) -> &'w mut Self {
        let at = all.iter().position(|words| words.place == place).unwrap_or_else(|| {
            let shell = if refusal {
                PartKind::Refusal { text: String::new() }
            } else {
                PartKind::Text { text: String::new(), citations: Vec::new() }
            };
            all.push(Self { place, part: sink.start(shell), said: false, ascii: true, cited: false });
            all.len() - 1
        });
        &mut all[at]
    }
}

/// Ends the parts of a message, and gives what no delta has said.
fn end_message(mut all: Vec<Words>, item: &Item<'_>, sink: &mut Sink<'_>) {
    let mut facts = Some(Value::Object(item::facts(&item.rest)));
    for (place, raw) in (0..).zip(item.content.map(piece::pieces).unwrap_or_default()) {
        let Some(at) = all.iter().position(|words| words.place == place) else {
            if let Some(mut part) = piece::part(raw) {
                set_facts(&mut part.ext, facts.take());
                sink.whole(part);
            }
            continue;
        };
        // A piece that is none says nothing more of its words; they end below.
        let Some(said) = parse::<Piece<'_>>(raw) else { continue };
        let words = all.remove(at);
        if let Some(raw) = said.text.or(said.refusal).filter(|_| !words.said) {
            let text = piece::text(raw).into_owned();
            if !text.is_empty() {
                sink.out.push(Event::TextDelta { part: words.part, text });
            }
        }
        for citation in
            said.annotations.filter(|_| !words.cited).map(|raw| piece::citations(raw, words.ascii)).unwrap_or_default()
        {
            sink.out.push(Event::Citation { part: words.part, citation: Box::new(citation) });
        }
        let mut ext = Extensions::default();
        piece::keep(&mut ext, &said.rest);
        set_facts(&mut ext, facts.take());
        sink.end(words.part, false, ext);
    }
    for words in all {
        let mut ext = Extensions::default();
        set_facts(&mut ext, facts.take());
        sink.end(words.part, false, ext);
    }
}

/// The fields of a message's item stand on its first part.
fn set_facts(ext: &mut Extensions, facts: Option<Value>) {
    if let Some(facts) = facts {
        ext.set(FAMILY, mark::MESSAGE, facts);
    }
}
