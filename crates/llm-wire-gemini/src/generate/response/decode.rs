//! A whole answer.

use std::sync::Arc;

use llm_core::{Candidate, ChatResponse, Error, ErrorKind, Finish, FinishReason, Message, Origin, PartKind, Role};
use llm_wire::json::malformed;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::citation::citations;
use super::finish::finish;
use super::wire::{WireCandidate, WireResponse};
use super::{MORE, OF_THE_ANSWER};
use crate::API;
use crate::error::in_band;
use crate::generate::part::{CallIds, read_part};
use crate::wire::{Fill, Str, keep, parse_time, wire_object};

/// Reads an answer. An error object in its place is that error, classified.
pub fn decode_response(body: &[u8], origin: &Arc<Origin>) -> Result<ChatResponse, Error> {
    let mut wire = WireResponse::default();
    read_wire(body, &mut wire)?;
    if let Some(error) = wire.error {
        return Err(in_band(error.get()));
    }
    if wire.candidates.is_none() && wire.feedback.is_none() && wire.usage.is_none() {
        return Err(Error::new(ErrorKind::Malformed, "reading the vendor's answer: it holds no candidates"));
    }
    let mut ext = Map::new();
    keep(wire.other, &mut ext);
    let blocked = wire.feedback.and_then(blocked);
    if let Some(feedback) = wire.feedback {
        keep(vec![(Str(OF_THE_ANSWER[0].into()), feedback)], &mut ext);
    }

    let mut calls = CallIds::default();
    let mut candidates: Vec<_> = wire.candidates.into_iter().flatten().collect();
    candidates.sort_by_key(|candidate: &WireCandidate<'_>| candidate.index.unwrap_or_default());
    let mut answers = candidates.into_iter().map(|candidate| read_candidate(candidate, &mut calls, origin));
    let first = match answers.next() {
        Some((answer, facts)) => {
            keep(facts, &mut ext);
            answer
        }
        None => Candidate { message: message(origin), finish: finish(None, false) },
    };
    let (more, facts): (Vec<_>, Vec<_>) = answers.unzip();
    let facts = facts.into_iter().map(|facts| {
        let mut object = Map::new();
        keep(facts, &mut object);
        object
    });
    add_more(facts, &mut ext);

    let finish = match blocked {
        Some(reason) if first.finish.raw.is_none() => Finish::new(FinishReason::ContentFilter, reason),
        _ => first.finish,
    };
    let mut response = ChatResponse::new(origin.clone(), first.message, finish);
    response.more = more;
    response.id = wire.id.map(Str::into_owned);
    response.model = wire.model.map(Str::into_owned);
    response.created = wire.created.and_then(|time| parse_time(&time));
    if let Some(usage) = wire.usage {
        (response.usage, response.service_tier) = usage.read();
    }
    if !ext.is_empty() {
        *response.ext.of_mut(API) = ext;
    }
    Ok(response)
}

/// Reads the frame of an answer or of a chunk.
pub(crate) fn read_wire<'a>(body: &'a [u8], wire: &mut WireResponse<'a>) -> Result<(), Error> {
    // One look at all bytes is faster than one at every string.
    let json = std::str::from_utf8(body)
        .map_err(|_| Error::new(ErrorKind::Malformed, "reading the vendor's answer: it is not UTF-8"))?;
    let mut deserializer = serde_json::Deserializer::from_str(json);
    wire.fill(&mut deserializer).and_then(|()| deserializer.end()).map_err(|error| malformed("the answer", &error))
}

/// Puts the facts about further candidates into ext, if there are any.
pub(crate) fn add_more(facts: impl Iterator<Item = Map<String, Value>>, ext: &mut Map<String, Value>) {
    let facts: Vec<_> = facts.map(Value::Object).collect();
    if facts.iter().any(|facts| facts.as_object().is_some_and(|facts| !facts.is_empty())) {
        ext.insert(MORE.to_owned(), facts.into());
    }
}

/// Why the prompt was blocked, if it was.
pub(crate) fn blocked(feedback: &RawValue) -> Option<String> {
    wire_object! {
        WireFeedback {
            reason: Str<'a> = "blockReason",
        }
    }
    serde_json::from_str::<WireFeedback<'_>>(feedback.get()).ok()?.reason.map(Str::into_owned)
}

fn message(origin: &Arc<Origin>) -> Message {
    let mut message = Message::new(Role::Assistant, Vec::new());
    message.origin = Some(origin.clone());
    message
}

type Facts<'a> = Vec<(Str<'a>, &'a RawValue)>;

fn read_candidate<'a>(
    mut wire: WireCandidate<'a>,
    calls: &mut CallIds,
    origin: &Arc<Origin>,
) -> (Candidate, Facts<'a>) {
    let mut message = message(origin);
    // Citations count the vendor's parts, of which the empty ones are gone.
    let mut places = Vec::new();
    for part in wire.parts() {
        places.push(message.content.len());
        message.content.extend(read_part(std::mem::take(part), calls));
    }
    for (index, citation) in citations(wire.grounding, wire.pages, wire.citations) {
        let place = places.get(index).copied().unwrap_or_default();
        let is_text = |kind: &PartKind| matches!(kind, PartKind::Text { text, .. } if !text.is_empty());
        let place = match message.content.get(place) {
            Some(part) if is_text(&part.kind) => Some(place),
            _ => message.content.iter().position(|part| is_text(&part.kind)),
        };
        if let Some(PartKind::Text { citations, .. }) =
            place.and_then(|place| message.content.get_mut(place)).map(|part| &mut part.kind)
        {
            citations.push(citation);
        }
    }
    let has_calls = message.content.iter().any(|part| matches!(part.kind, PartKind::ToolCall(_)));
    let finish = finish(wire.finish.as_deref(), has_calls);
    (Candidate { message, finish }, wire.take_facts().collect())
}
