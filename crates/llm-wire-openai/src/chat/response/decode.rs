//! A whole answer from JSON. Absent, null and empty mean the same everywhere; what is not known is kept.

use std::borrow::Cow;
use std::sync::Arc;

use llm_core::{
    Candidate, ChatResponse, Citation, Error, ErrorKind, Extensions, Finish, FinishReason, Message, Origin, Part,
    PartKind, Role, ToolCall,
};
use llm_wire::json::malformed;
use serde_json::Value;

use crate::chat::arguments::Arguments;
use crate::chat::kept::{self, ANNOTATIONS, CHOICES, LOGPROBS, MESSAGES};
use crate::chat::piece::{self, Audio, Piece};
use crate::chat::sources;
use crate::chat::wire::{self, Answer, AnswerChoice, Call, Content, Said};
use crate::dialect::Dialect;
use crate::json::{Raw, is_empty, parse, read};
use crate::{FAMILY, error, usage};

/// Reads a whole answer. An error object in it is an error, classified.
///
/// Blanks around the JSON are fine: OpenRouter and DeepSeek send them while they wait.
pub fn decode_response(body: &[u8], origin: &Arc<Origin>, dialect: &Dialect) -> Result<ChatResponse, Error> {
    let answer: Answer<'_> = read(body).map_err(|error| malformed("the vendor's answer", &error))?;
    if answer.error.is_some_and(|raw| !is_empty(raw)) || answer.choices.is_empty() {
        return Err(complaint(body, dialect));
    }
    let mut ext = Extensions::default();
    kept::keep_top(&mut ext, &answer.rest);
    let mut answers = Vec::new();
    for (number, choice) in answer.choices.into_iter().enumerate() {
        answers.push(candidate(choice, number, origin, dialect, &mut ext));
    }
    let mut answers = answers.into_iter();
    let Some(mut first) = answers.next() else { return Err(complaint(body, dialect)) };
    if let Some(fields) = ext.of(FAMILY) {
        cite(&mut first.message, sources::of(fields));
    }
    let mut response = ChatResponse::new(origin.clone(), first.message, first.finish);
    response.more = answers.collect();
    response.id = answer.id.owned();
    response.model = answer.model.owned();
    response.created = answer.created.0.filter(|created| *created != 0);
    response.system_fingerprint = answer.system_fingerprint.owned();
    response.service_tier = answer.service_tier.owned();
    response.usage = read_usage(answer.usage, answer.x_groq, dialect).unwrap_or_default();
    response.ext = ext;
    Ok(response)
}

/// Gives the last words the sources of the answer as a whole, where they have none of their own.
fn cite(message: &mut Message, sources: Vec<Citation>) {
    let last_text = message.content.iter_mut().rev().find_map(|part| match &mut part.kind {
        PartKind::Text { citations, .. } => Some(citations),
        _ => None,
    });
    if let Some(citations) = last_text.filter(|citations| citations.is_empty()) {
        *citations = sources;
    }
}

/// An answer without choices, or with an error in it.
fn complaint(body: &[u8], dialect: &Dialect) -> Error {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    error::in_band(&value, dialect)
        .unwrap_or_else(|| Error::new(ErrorKind::Malformed, "reading the vendor's answer: it has no choices"))
}

/// The usage of an answer or chunk; at Groq also inside `x_groq`.
pub(crate) fn read_usage(raw: Option<Raw<'_>>, x_groq: Option<Raw<'_>>, dialect: &Dialect) -> Option<llm_core::Usage> {
    #[derive(serde::Deserialize)]
    struct Groq<'a> {
        #[serde(borrow, default)]
        usage: Option<Raw<'a>>,
    }
    let groq = || parse::<Groq<'_>>(x_groq?)?.usage;
    usage::decode(raw.or_else(groq)?, dialect.reasoning_tokens)
}

fn candidate(
    choice: AnswerChoice<'_>,
    number: usize,
    origin: &Arc<Origin>,
    dialect: &Dialect,
    ext: &mut Extensions,
) -> Candidate {
    kept::keep(ext, CHOICES, number, &choice.rest);
    if let Some(logprobs) = choice.logprobs.filter(|raw| !says_nothing(raw))
        && let Some(logprobs) = parse(logprobs)
    {
        kept::insert(ext, CHOICES, number, LOGPROBS, logprobs);
    }
    let word = choice.finish_reason.some().or_else(|| wire::finish_word(choice.finish_details?));
    let mut reader = Reader { parts: Vec::new(), calls: 0, origin, dialect };
    let mut said = choice.message;
    if matches!(said.content, Content::Nothing) && !choice.text.is_empty() {
        said.content = Content::Text(choice.text.0);
    }
    let others = reader.said(said, ext, number);
    if !others.is_empty() {
        kept::insert(ext, MESSAGES, number, ANNOTATIONS, Value::Array(others));
    }
    let finish = dialect.decode_finish(word.as_deref(), reader.calls > 0);
    let mut parts = reader.parts;
    cut_last(&mut parts, &finish);
    let mut message = Message::new(Role::Assistant, parts);
    message.origin = Some(origin.clone());
    Candidate { message, finish }
}

/// `{"content": null, "refusal": null}`, as Snowflake writes it.
pub(crate) fn says_nothing(logprobs: Raw<'_>) -> bool {
    is_empty(logprobs)
        || parse::<Value>(logprobs)
            .and_then(|value| Some(value.as_object()?.values().all(Value::is_null)))
            .unwrap_or_default()
}

/// A call without arguments at the end of an answer that ran into its limit was about to get some.
fn cut_last(parts: &mut [Part], finish: &Finish) {
    if finish.reason == FinishReason::Length
        && let Some(Part { kind: PartKind::ToolCall(call), .. }) = parts.last_mut()
    {
        call.truncated |= call.arguments.is_empty();
    }
}

struct Reader<'r> {
    parts: Vec<Part>,
    calls: usize,
    origin: &'r Origin,
    dialect: &'r Dialect,
}

impl Reader<'_> {
    /// Takes everything a message says; returns annotations that are no citations.
    fn said(&mut self, mut said: Said<'_>, ext: &mut Extensions, number: usize) -> Vec<Value> {
        let (reasoning, newer) = said.take_reasoning();
        let newer = newer && reasoning.is_some();
        let details = said.reasoning_details.and_then(parse);
        if let Some(mut part) = piece::reasoning(reasoning.map(Cow::into_owned), details, &self.origin.provider) {
            if let Some(mark) = newer.then(|| piece::named(self.dialect)).flatten() {
                part.ext.0.extend(mark.0);
            }
            self.parts.push(part);
        }
        match said.content {
            Content::Nothing => {}
            Content::Text(text) => self.text(text),
            Content::Parts(parts) => parts.into_iter().filter_map(Piece::read).for_each(|piece| self.piece(piece)),
        }
        if let Some(text) = said.refusal.owned() {
            self.parts.push(Part::new(PartKind::Refusal { text }));
        }
        if let Some(images) = said.images {
            self.parts.extend(piece::images(images).map(Part::media));
        }
        if let Some(audio) = said.audio.and_then(Audio::read) {
            let mut part = Part::new(piece::sound(audio.bytes().unwrap_or_default()));
            audio.write_into(part.ext.of_mut(crate::FAMILY));
            self.parts.push(part);
        }
        for call in wire::calls(said.tool_calls, said.function_call) {
            self.call(call);
        }
        kept::keep(ext, MESSAGES, number, &said.rest);
        said.annotations.map(|raw| self.annotations(raw)).unwrap_or_default()
    }

    fn text(&mut self, more: Cow<'_, str>) {
        if more.is_empty() {
            return;
        }
        match self.parts.last_mut() {
            Some(Part { kind: PartKind::Text { text, .. }, .. }) => text.push_str(&more),
            _ => self.parts.push(Part::text(more.into_owned())),
        }
    }

    fn piece(&mut self, piece: Piece<'_>) {
        match piece {
            Piece::Text(text) => self.text(text),
            Piece::Reasoning(more) => match self.parts.last_mut() {
                Some(Part { kind: PartKind::Reasoning { text, .. }, .. }) => text.push_str(&more),
                _ => self.parts.push(Part::reasoning(more)),
            },
            Piece::Refusal(text) => self.parts.push(Part::new(PartKind::Refusal { text: text.into_owned() })),
            Piece::Whole(kind) => self.parts.push(Part::new(kind)),
        }
    }

    fn call(&mut self, call: Call<'_>) {
        let custom = &*call.kind.0 == "custom" || !call.custom.name.is_empty();
        let function = if custom { call.custom } else { call.function };
        let arguments = if custom { function.input.0.into_owned() } else { function.arguments.0.into_owned() };
        // Snowflake sends an empty `function_call` with every answer.
        if function.name.is_empty() && call.id.is_empty() && arguments.is_empty() {
            return;
        }
        let truncated = !custom && Arguments::of(&arguments).is_cut();
        let mut part = Part::new(PartKind::ToolCall(ToolCall {
            id: call.id.owned().unwrap_or_else(|| format!("call_{}", self.calls)),
            name: function.name.0.into_owned(),
            arguments,
            truncated,
            ..ToolCall::default()
        }));
        part.ext = piece::call_facts(&call.rest, custom, &self.origin.provider);
        self.calls += 1;
        self.parts.push(part);
    }

    fn annotations(&mut self, raw: Raw<'_>) -> Vec<Value> {
        let last_text = self.parts.iter_mut().rev().find_map(|part| match &mut part.kind {
            PartKind::Text { text, citations } => Some((text.is_ascii(), citations)),
            _ => None,
        });
        match last_text {
            Some((ascii, citations)) => {
                let (found, others) = piece::annotations(raw, ascii);
                citations.extend(found);
                others
            }
            None => parse(raw).unwrap_or_default(),
        }
    }
}
