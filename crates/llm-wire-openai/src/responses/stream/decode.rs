//! A streamed answer from events.

use std::sync::Arc;

use http::HeaderMap;
use llm_core::{Error, Event, FinishReason, Origin, StreamFinish, Visibility, Warning};
use llm_wire::json::malformed;
use llm_wire::{EventQueue, Frame, StreamDecoder};
use serde_json::Value;

use super::ITEM_ADDED;
use super::live::{Live, Sink};
use crate::dialect::Dialect;
use crate::error;
use crate::json::{Raw, is_empty, parse, read};
use crate::opening::Opening;
use crate::responses::response::{complaint, read_ext};
use crate::responses::wire::{Answer, Happened, Item, Opened};
use crate::responses::{FAMILY, finish, item, usage};

/// Reads the events of one stream. A piece of text costs one allocation, the text itself.
///
/// The end is `response.completed` or `response.incomplete`, and nothing else; `[DONE]`, which some send behind it, says
/// nothing. The answer is put together from the events: the last one has an empty output at some vendors.
#[derive(Debug)]
pub struct Decoder {
    opening: Opening,
    dialect: Dialect,
    finished: bool,
    next_part: u32,
    items: Vec<Live>,
    calls: usize,
    service_tier: Option<String>,
}

impl Decoder {
    /// A decoder of a stream from `origin`; the warnings of the request go out with the start.
    pub fn new(origin: Arc<Origin>, warnings: Vec<Warning>, dialect: &Dialect) -> Self {
        Self {
            opening: Opening::new(origin, warnings),
            dialect: *dialect,
            finished: false,
            next_part: 0,
            items: Vec::new(),
            calls: 0,
            service_tier: None,
        }
    }

    /// With what the response's headers say: the request id and the rate limits.
    pub fn with_headers(mut self, headers: &HeaderMap) -> Self {
        self.opening.read(headers);
        self
    }

    fn happened(&mut self, event: &mut Happened<'_>, data: &[u8], out: &mut EventQueue) -> Result<(), Error> {
        match &*event.kind.0 {
            "response.output_text.delta" => self.words(event, false, out),
            "response.refusal.delta" => self.words(event, true, out),
            "response.reasoning_summary_text.delta" | "response.reasoning_summary.delta" => {
                self.thoughts(event, Visibility::Summary, out);
            }
            "response.reasoning_text.delta" | "response.reasoning.delta" => {
                self.thoughts(event, Visibility::Full, out);
            }
            "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta" => {
                let delta = std::mem::take(&mut event.delta).0;
                self.on_item(event, out, |item, sink| item.arguments(delta, sink));
            }
            "response.created" | "response.in_progress" | "response.queued" => self.opened(event.response, out),
            "response.output_item.added" => self.item_added(event, data, out),
            "response.output_item.done" => self.item_done(event, out),
            "response.content_part.added" => {
                if let Some(raw) = event.part {
                    self.part_added(event, raw, out);
                }
            }
            "response.output_text.annotation.added" => {
                if let Some(raw) = event.annotation {
                    let place = event.content_index.0.unwrap_or(0);
                    self.on_item(event, out, |item, sink| item.citation(place, raw, sink));
                }
            }
            "response.output_text.done" | "response.refusal.done" => {
                if let Some(text) = event.text.or(event.refusal) {
                    let (place, refusal) = (event.content_index.0.unwrap_or(0), event.refusal.is_some());
                    self.on_item(event, out, |item, sink| item.all_words(place, refusal, text, sink));
                }
            }
            "response.function_call_arguments.done" | "response.custom_tool_call_input.done" => {
                if let Some(text) = event.arguments.or(event.input) {
                    self.on_item(event, out, |item, sink| item.all_arguments(text, sink));
                }
            }
            // What these say comes in deltas before them or with the end of the item.
            "response.content_part.done"
            | "response.reasoning_summary_part.added"
            | "response.reasoning_summary_part.done"
            | "response.reasoning_summary_text.done"
            | "response.reasoning_text.done"
            | "response.reasoning_part.added"
            | "response.reasoning_part.done" => {}
            "response.completed" | "response.incomplete" | "response.cancelled" | "response.done" => {
                let status = event.kind.0.strip_prefix("response.").unwrap_or_default();
                return self.finish(event.response, status, out);
            }
            "response.failed" => return Err(self.failed(event.response)),
            "error" => return Err(self.complaint(data)),
            "keepalive" | "ping" => out.push(Event::Ping),
            "" => return self.strange(event, data, out),
            kind => {
                let kind = format!("{FAMILY}.{kind}");
                self.unknown(kind, data, out);
            }
        }
        Ok(())
    }

    /// Something that this decoder has no form for, handed on as it came.
    fn unknown(&mut self, kind: String, data: &[u8], out: &mut EventQueue) {
        self.start(None, out);
        out.push(Event::Unknown { kind, data: serde_json::from_slice(data).unwrap_or_default() });
    }

    /// A frame without a type: a whole answer of a server that ignored that a stream was asked for, or an error in
    /// another shape.
    fn strange(&mut self, event: &Happened<'_>, data: &[u8], out: &mut EventQueue) -> Result<(), Error> {
        if &*event.object.0 == "response" {
            let raw: Raw<'_> = read(data).map_err(|error| malformed("the vendor's answer", &error))?;
            return self.finish(Some(raw), "", out);
        }
        let value: Value = serde_json::from_slice(data).unwrap_or_default();
        if let Some(error) = error::in_band(&value, &self.dialect) {
            return Err(error);
        }
        self.start(None, out);
        out.push(Event::Unknown { kind: format!("{FAMILY}.event"), data: value });
        Ok(())
    }

    fn opened(&mut self, response: Option<Raw<'_>>, out: &mut EventQueue) {
        let Some(opened) = response.filter(|_| !self.opening.is_over()).and_then(parse::<Opened<'_>>) else { return };
        self.start(Some(&opened), out);
    }

    fn start(&mut self, opened: Option<&Opened<'_>>, out: &mut EventQueue) {
        let Some(mut start) = self.opening.start() else { return };
        if let Some(opened) = opened {
            start.id = opened.id.as_some().map(str::to_owned);
            start.model = opened.model.as_some().map(str::to_owned);
            start.created = opened.created_at.0.filter(|created| *created != 0);
            self.service_tier = opened.service_tier.as_some().map(str::to_owned);
        }
        out.push(Event::Start(Box::new(start)));
    }

    /// Does something with the item that an event speaks of, if there is one.
    fn on_item(&mut self, event: &Happened<'_>, out: &mut EventQueue, act: impl FnOnce(&mut Live, &mut Sink<'_>)) {
        let (index, id) = (event.output_index.0, &*event.item_id.0);
        if let Some(item) = self.items.iter_mut().rev().find(|item| item.is(index, id)) {
            act(item, &mut Sink { out, next_part: &mut self.next_part });
        }
    }

    /// Makes the item that a delta speaks of, where nobody has announced it.
    fn ensure_item(&mut self, event: &Happened<'_>, reasoning: bool, out: &mut EventQueue) {
        self.start(None, out);
        let (index, id) = (event.output_index.0, &*event.item_id.0);
        if !self.items.iter().any(|item| item.is(index, id)) {
            self.items.push(Live::unannounced(index, id, reasoning));
        }
    }

    fn words(&mut self, event: &mut Happened<'_>, refusal: bool, out: &mut EventQueue) {
        self.ensure_item(event, false, out);
        let (place, delta) = (event.content_index.0.unwrap_or(0), std::mem::take(&mut event.delta).0);
        self.on_item(event, out, |item, sink| item.words(place, refusal, delta, sink));
    }

    fn thoughts(&mut self, event: &mut Happened<'_>, visibility: Visibility, out: &mut EventQueue) {
        self.ensure_item(event, true, out);
        let delta = std::mem::take(&mut event.delta).0;
        self.on_item(event, out, |item, sink| item.thoughts(visibility, delta, sink));
    }

    fn item_added(&mut self, event: &Happened<'_>, data: &[u8], out: &mut EventQueue) {
        let Some(item) = event.item.and_then(parse::<Item<'_>>) else { return };
        self.unknown(ITEM_ADDED.to_owned(), data, out);
        let id = id_of(&item);
        let number = self.calls;
        let live =
            Live::begin(event.output_index.0, &item, id, number, &mut Sink { out, next_part: &mut self.next_part });
        self.calls += usize::from(live.is_call());
        self.items.push(live);
    }

    fn item_done(&mut self, event: &Happened<'_>, out: &mut EventQueue) {
        let Some(raw) = event.item else { return };
        let Some(item) = parse::<Item<'_>>(raw) else { return };
        self.start(None, out);
        let (index, id) = (event.output_index.0, id_of(&item).to_owned());
        let sink = &mut Sink { out, next_part: &mut self.next_part };
        if !self.items.iter().any(|item| item.is(index, &id)) {
            let live = Live::begin(index, &item, &id, self.calls, sink);
            self.calls += usize::from(live.is_call());
            self.items.push(live);
        }
        let number = self.calls.saturating_sub(1);
        if let Some(live) = self.items.iter_mut().rev().find(|item| item.is(index, &id)) {
            live.end(raw, number, sink);
        }
    }

    fn part_added(&mut self, event: &Happened<'_>, raw: Raw<'_>, out: &mut EventQueue) {
        let Some(piece) = parse::<crate::responses::wire::Piece<'_>>(raw) else { return };
        let refusal = match &*piece.kind.0 {
            "output_text" | "text" => false,
            "refusal" => true,
            _ => return,
        };
        self.ensure_item(event, false, out);
        let place = event.content_index.0.unwrap_or(0);
        // Its text comes in deltas, or at the end.
        self.on_item(event, out, |item, sink| item.words(place, refusal, "".into(), sink));
    }

    fn failed(&self, response: Option<Raw<'_>>) -> Error {
        let mut value = response.and_then(parse::<Value>).unwrap_or_default();
        if let Some(fields) = value.as_object_mut() {
            fields.insert("status".to_owned(), "failed".into());
        }
        complaint(&value, &self.dialect)
    }

    /// The error that an event reports, in either of its two forms.
    fn complaint(&self, data: &[u8]) -> Error {
        let mut value: Value = serde_json::from_slice(data).unwrap_or_default();
        if let Some(fields) = value.as_object_mut() {
            // The type of the event, not of the error.
            fields.remove("type");
            fields.insert("status".to_owned(), "failed".into());
        }
        complaint(&value, &self.dialect)
    }

    /// The last event. `status` is what its name says, should the answer in it not say it.
    fn finish(&mut self, response: Option<Raw<'_>>, status: &str, out: &mut EventQueue) -> Result<(), Error> {
        let answer: Answer<'_> = response
            .map(|raw| serde_json::from_str(raw.get()))
            .transpose()
            .map_err(|error| malformed("the end of the stream", &error))?
            .unwrap_or_default();
        if answer.error.is_some_and(|raw| !is_empty(raw)) || &*answer.status.0 == "failed" {
            return Err(self.failed(response));
        }
        if let Some(opening) = response.filter(|_| !self.opening.is_over()).and_then(parse::<Opened<'_>>) {
            self.start(Some(&opening), out);
        }
        self.start(None, out);
        let sink = &mut Sink { out, next_part: &mut self.next_part };
        if self.items.is_empty() {
            // No item came by itself: they are all here.
            for raw in answer.output.unwrap_or_default() {
                for part in item::parts(raw, &mut self.calls) {
                    sink.whole(part);
                }
            }
        }
        let status = answer.status.as_some().unwrap_or(status);
        let end = finish::decode(status, &answer.incomplete.reason.0, self.calls > 0);
        let cut_short = end.reason == FinishReason::Length;
        for item in &mut self.items {
            item.close(cut_short, sink);
        }
        let counted = answer.usage.and_then(|raw| usage::decode(raw, self.dialect.reasoning_tokens));
        let mut finish = StreamFinish::new(end, counted.unwrap_or_default());
        finish.service_tier = answer.service_tier.owned().or_else(|| self.service_tier.take());
        finish.ext = read_ext(&answer.rest);
        self.finished = true;
        out.push(Event::Finish(Box::new(finish)));
        Ok(())
    }
}

/// The item's own id; it stands among the fields that are kept.
fn id_of<'a>(item: &Item<'a>) -> &'a str {
    item.rest.word("id").unwrap_or_default()
}

impl StreamDecoder for Decoder {
    fn frame(&mut self, frame: Frame<'_>, out: &mut EventQueue) -> Result<(), Error> {
        let data = frame.data.trim_ascii();
        if self.finished || data.is_empty() || data == b"[DONE]" {
            return Ok(());
        }
        let mut event: Happened<'_> = read(data).map_err(|error| malformed("an event of the stream", &error))?;
        if event.kind.is_empty()
            && let Some(name) = frame.name
        {
            if name == "error" {
                return Err(self.complaint(data));
            }
            if name.starts_with("response.") {
                event.kind.0 = name.to_owned().into();
            }
        }
        self.happened(&mut event, data, out)
    }

    fn end(&mut self, _out: &mut EventQueue) -> Result<(), Error> {
        if self.finished { Ok(()) } else { Err(Error::truncated()) }
    }

    fn is_done(&self) -> bool {
        self.finished
    }
}
