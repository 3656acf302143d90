//! The toy's answers: one JSON object, or server-sent events that end in `done`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use llm_core::{
    ChatResponse, ChatStream, EmbedResponse, Error, ErrorKind, Event, Finish, FinishReason, HttpResponse, Message,
    Origin, Part, PartId, PartKind, Role, StreamFinish, StreamStart, ToolCall, Usage, Visibility, Warning,
};
use llm_wire::{ErrorResponse, EventQueue, Frame, StreamDecoder};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Answer {
    id: Option<String>,
    model: Option<String>,
    parts: Vec<AnswerPart>,
    stop: String,
    usage: Option<Tokens>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum AnswerPart {
    Text { text: String },
    Think { text: String, signature: Option<String> },
    Call { id: String, name: String, arguments: Value },
}

#[derive(Default, Deserialize)]
struct Tokens {
    fresh: Option<u64>,
    cached: Option<u64>,
    said: Option<u64>,
    thought: Option<u64>,
}

impl Tokens {
    fn usage(self, defect: &str) -> Usage {
        let mut usage = Usage::default();
        usage.input = self.fresh.map(|fresh| fresh + self.cached.unwrap_or(0));
        usage.output = self.said.map(|said| said + self.thought.unwrap_or(0));
        (usage.cache_read, usage.reasoning) = (self.cached, self.thought);
        match defect {
            "leaves cached tokens out of the input" => usage.input = self.cached.map(|_| 1),
            "leaves reasoning out of the output" => usage.output = self.thought.map(|_| 1),
            "reports zero for nothing" => usage.input = usage.input.or(Some(0)),
            _ => {}
        }
        usage
    }
}

fn malformed(error: &serde_json::Error, defect: &str) -> Error {
    // serde's words repeat values of the body.
    let message = match defect {
        "repeats the body" => format!("reading the toy's answer: {error}"),
        _ => format!("reading the toy's answer: it is not what the protocol says, at column {}", error.column()),
    };
    Error::new(ErrorKind::Malformed, message)
}

fn finish(stop: String, calls: bool, defect: &str) -> Finish {
    let reason = match &*stop {
        "end" if calls && defect != "forgets that tools were called" => FinishReason::ToolCalls,
        "end" => FinishReason::Stop,
        "long" => FinishReason::Length,
        other => FinishReason::Other(other.to_owned()),
    };
    Finish::new(reason, stop)
}

pub(super) fn response(body: &[u8], origin: &Arc<Origin>, defect: &str) -> Result<ChatResponse, Error> {
    if defect == "takes anything for an answer" && serde_json::from_slice::<Answer>(body).is_err() {
        return Ok(ChatResponse::new(origin.clone(), Message::assistant(""), Finish::new(FinishReason::Stop, "end")));
    }
    if let Ok(Failed { error: failed }) = serde_json::from_slice::<Failed>(body)
        && defect != "overlooks errors in good answers"
    {
        return Err(failed.error(None));
    }
    if defect == "refuses unknown fields" && body.windows(2).any(|pair| pair == b"x_") {
        return Err(Error::new(ErrorKind::Malformed, "an unknown field"));
    }
    let answer: Answer = serde_json::from_slice(body).map_err(|error| malformed(&error, defect))?;
    let parts: Vec<Part> = answer.parts.into_iter().map(|part| self::part(part, defect)).collect();
    let calls = parts.iter().any(|part| matches!(part.kind, PartKind::ToolCall(_)));
    let mut message = Message::new(Role::Assistant, parts);
    if defect != "forgets the origin" {
        message.origin = Some(origin.clone());
    }
    let mut response = ChatResponse::new(origin.clone(), message, finish(answer.stop, calls, defect));
    (response.id, response.model) = (answer.id, answer.model);
    response.usage = answer.usage.unwrap_or_default().usage(defect);
    Ok(response)
}

fn part(part: AnswerPart, defect: &str) -> Part {
    match part {
        AnswerPart::Text { text } => Part::text(text),
        AnswerPart::Think { text, signature } => {
            let signature = signature.filter(|_| defect != "loses signatures");
            Part { signature, ..Part::reasoning(text) }
        }
        AnswerPart::Call { id, name, arguments } => Part::tool_call(id, name, arguments.to_string()),
    }
}

#[derive(Deserialize)]
struct Failed {
    error: ToyError,
}

#[derive(Deserialize)]
struct ToyError {
    code: String,
    #[serde(default)]
    message: String,
}

impl ToyError {
    fn kind(&self) -> ErrorKind {
        match &*self.code {
            "busy" => ErrorKind::Overloaded,
            "slow_down" => ErrorKind::RateLimited,
            "bad_key" => ErrorKind::Auth,
            "bad_request" => ErrorKind::InvalidRequest,
            _ => ErrorKind::Server,
        }
    }

    fn error(&self, response: Option<&ErrorResponse>) -> Error {
        let error = match response {
            Some(response) => response.error(self.kind(), &self.message),
            None => Error::upstream(self.kind(), &self.message),
        };
        error.with_code(&*self.code)
    }
}

/// Vectors, in the form that most vendors have.
pub(super) fn vectors(body: &[u8], origin: &Arc<Origin>) -> Result<EmbedResponse, Error> {
    let body: Value = serde_json::from_slice(body).map_err(|_| Error::new(ErrorKind::Malformed, "no vectors"))?;
    let vector = |data: &Value| serde_json::from_value(data["embedding"].clone()).ok();
    let vectors = body["data"].as_array().into_iter().flatten().filter_map(vector).collect();
    Ok(EmbedResponse::new(origin.clone(), vectors))
}

pub(super) fn error(response: &ErrorResponse, defect: &str) -> Error {
    let error = match serde_json::from_slice::<Failed>(&response.body) {
        Ok(failed) => failed.error.error(Some(response)),
        Err(_) => response.error(ErrorKind::of_status(response.status), &response.text()),
    };
    match defect {
        "calls every error a server error" => error.with_kind(ErrorKind::Server),
        "looks for words in messages" if error.message().contains("rate limit") => {
            error.with_kind(ErrorKind::RateLimited)
        }
        "forgets how long to wait" => error.with_retry_after(None),
        "loses the vendor's words" => error.with_message("it failed"),
        "loses the status" => {
            Error::new(error.kind(), error.message().to_owned()).with_retry_after(error.retry_after())
        }
        _ => error,
    }
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ToyFrame<'a> {
    Start {
        id: Option<String>,
        model: Option<String>,
    },
    Part {
        part: u32,
        kind: &'a str,
        #[serde(default)]
        id: String,
        #[serde(default)]
        name: String,
    },
    More {
        part: u32,
        #[serde(borrow)]
        text: Option<Cow<'a, str>>,
        #[serde(borrow)]
        signature: Option<Cow<'a, str>>,
    },
    End {
        part: u32,
    },
    Stop {
        stop: String,
        usage: Option<Tokens>,
    },
    Error {
        error: ToyError,
    },
    Done,
    #[serde(other)]
    Unknown,
}

/// The decoder of the toy's stream.
pub(super) struct Decoder {
    origin: Arc<Origin>,
    warnings: Vec<Warning>,
    defect: String,
    kinds: BTreeMap<u32, String>,
    stopped: Option<StreamFinish>,
    finished: bool,
}

impl Decoder {
    pub(super) fn new(origin: Arc<Origin>, warnings: Vec<Warning>, defect: &str) -> Self {
        let defect = defect.to_owned();
        Self { origin, warnings, defect, kinds: BTreeMap::new(), stopped: None, finished: false }
    }

    fn done(&mut self, out: &mut EventQueue) {
        if let Some(finish) = self.stopped.take() {
            out.push(Event::Finish(Box::new(finish)));
            self.finished = true;
        }
    }
}

impl StreamDecoder for Decoder {
    fn frame(&mut self, frame: Frame<'_>, out: &mut EventQueue) -> Result<(), Error> {
        let defect = self.defect.clone();
        if defect == "refuses unknown fields" && frame.data.windows(2).any(|pair| pair == b"x_") {
            return Err(Error::new(ErrorKind::Malformed, "an unknown field"));
        }
        let frame = serde_json::from_slice(frame.data).map_err(|error| malformed(&error, &defect))?;
        match frame {
            ToyFrame::Start { id, model } => {
                let mut start = StreamStart::new(self.origin.clone());
                (start.id, start.model, start.warnings) = (id, model, std::mem::take(&mut self.warnings));
                out.push(Event::Start(Box::new(start)));
            }
            ToyFrame::Part { part, kind, id, name } => {
                let shell = match kind {
                    "think" => {
                        PartKind::Reasoning { text: String::new(), visibility: Visibility::Full, encrypted: None }
                    }
                    "call" => PartKind::ToolCall(ToolCall { id, name, ..ToolCall::default() }),
                    _ => PartKind::Text { text: String::new(), citations: Vec::new() },
                };
                self.kinds.insert(part, kind.to_owned());
                out.push(Event::PartStart { part: PartId(part), candidate: 0, shell: Box::new(shell) });
            }
            ToyFrame::More { part, text, signature } => {
                let id = PartId(part);
                let kind = self.kinds.get(&part).map_or("text", String::as_str);
                if let Some(text) = text {
                    let text = text.into_owned();
                    out.push(match kind {
                        "think" => Event::ReasoningDelta { part: id, text },
                        "call" => Event::ArgumentsDelta { part: id, json: text },
                        _ if defect == "doubles streamed text" => Event::TextDelta { part: id, text: text.repeat(2) },
                        _ => Event::TextDelta { part: id, text },
                    });
                }
                if let Some(signature) = signature.filter(|_| defect != "loses streamed signatures") {
                    out.push(Event::SignatureDelta { part: id, signature: signature.into_owned() });
                }
            }
            ToyFrame::End { part } => out.push(Event::PartEnd { part: PartId(part), truncated: false, ext: None }),
            ToyFrame::Stop { stop, usage } => {
                let calls = self.kinds.values().any(|kind| kind == "call");
                let usage = usage.filter(|_| defect != "loses streamed usage").unwrap_or_default().usage(&defect);
                self.stopped = Some(StreamFinish::new(finish(stop, calls, &defect), usage));
                if defect == "needs no end marker" {
                    self.done(out);
                }
            }
            ToyFrame::Error { error } if defect == "takes an error for text" => {
                let text = error.message;
                out.push(Event::TextDelta { part: PartId(0), text });
            }
            ToyFrame::Error { .. } if defect == "swallows errors in the stream" => {}
            ToyFrame::Error { error } => return Err(error.error(None)),
            ToyFrame::Done => self.done(out),
            ToyFrame::Unknown if defect == "refuses unknown events" => {
                return Err(Error::new(ErrorKind::Malformed, "an unknown event"));
            }
            ToyFrame::Unknown => {}
        }
        Ok(())
    }

    fn end(&mut self, out: &mut EventQueue) -> Result<(), Error> {
        if self.defect == "ends a cut stream as if whole" && !self.finished {
            for part in self.kinds.keys() {
                out.push(Event::PartEnd { part: PartId(*part), truncated: false, ext: None });
            }
            self.stopped = Some(StreamFinish::new(Finish::new(FinishReason::Stop, "end"), Usage::default()));
            self.done(out);
        }
        if self.finished { Ok(()) } else { Err(Error::truncated()) }
    }
}

/// The events of a whole answer, as if they had been streamed.
pub(super) fn events(response: ChatResponse) -> Vec<Event> {
    let mut start = StreamStart::new(response.origin);
    (start.model, start.warnings) = (response.model, response.warnings);
    let mut events = vec![Event::Start(Box::new(start))];
    for (part, number) in response.message.content.into_iter().zip(0..) {
        let id = PartId(number);
        events.push(Event::PartStart { part: id, candidate: 0, shell: Box::new(part.kind) });
        events.extend(part.signature.map(|signature| Event::SignatureDelta { part: id, signature }));
        events.push(Event::PartEnd { part: id, truncated: false, ext: None });
    }
    events.push(Event::Finish(Box::new(StreamFinish::new(response.finish, response.usage))));
    events
}

/// A stream whose chunks are read as if each were whole: what a parser without a memory does.
pub(super) fn lenient(response: HttpResponse, mut decoder: Decoder) -> ChatStream {
    use futures_util::StreamExt as _;
    ChatStream::new(response.body.flat_map(move |chunk| {
        let mut out = EventQueue::default();
        let mut events = Vec::new();
        match chunk {
            Ok(chunk) => {
                for line in chunk.split(|byte| *byte == b'\n') {
                    if let Some(data) = line.strip_prefix(b"data: ") {
                        let result = decoder.frame(Frame::data(data), &mut out);
                        events.extend(std::iter::from_fn(|| out.pop()).map(Ok));
                        events.extend(result.err().map(Err));
                    }
                }
            }
            Err(error) => events.push(Err(error)),
        }
        futures_util::stream::iter(events)
    }))
}
