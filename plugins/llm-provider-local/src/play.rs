//! Plays steps as a stream of events.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use llm_core::{
    ChatRequest, ChatStream, Cx, Error, ErrorKind, Event, Finish, FinishReason, Origin, PartId, PartKind, Progress,
    StreamFinish, StreamStart, ToolCall, Usage, Visibility, Warning,
};
use serde_json::Value;

use crate::patience::Patience;
use crate::script::{ScriptedCall, Step};
use crate::{count, hash};

/// Pieces of arguments have so many bytes at most, so that even a small call comes in several.
const ARGUMENTS_PIECE: usize = 8;

type Waiting = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// Begins an answer: waits and fails like a server before its headers, and then gives the stream.
pub(crate) async fn open(
    cx: &Cx,
    origin: Arc<Origin>,
    request: &ChatRequest,
    steps: Vec<Step>,
    warnings: Vec<Warning>,
) -> Result<ChatStream, Error> {
    let mut patience = Patience::new(cx);
    patience.check()?;
    let mut steps = VecDeque::from(steps);
    loop {
        match steps.front() {
            Some(Step::DelayMs(0)) => {}
            Some(Step::DelayMs(pause)) => patience.clone().wait(Some(Duration::from_millis(*pause))).await?,
            Some(Step::Stall) => patience.clone().wait(None).await?,
            Some(Step::Error(failure)) if !failure.in_band => return Err(failure.error()),
            _ => break,
        }
        steps.pop_front();
    }
    patience.began();
    let mut play = Play {
        steps,
        patience,
        waiting: None,
        events: VecDeque::new(),
        then: Then::Step,
        committed: false,
        open: None,
        parts: 0,
        calls: 0,
        said: Said { input: count::request(request), ..Said::default() },
    };
    play.start(origin, request, warnings);
    Ok(ChatStream::new(play))
}

struct Play {
    steps: VecDeque<Step>,
    patience: Patience,
    waiting: Option<Waiting>,
    events: VecDeque<Event>,
    /// What follows once the events are out.
    then: Then,
    committed: bool,
    open: Option<(PartId, Kind)>,
    parts: u32,
    calls: usize,
    said: Said,
}

enum Then {
    /// The next step.
    Step,
    /// This error.
    Fail(Error),
    /// Nothing.
    End,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Reasoning,
}

/// What was said so far, for the token counts.
#[derive(Default)]
struct Said {
    input: u64,
    text: String,
    reasoning: String,
    arguments: u64,
    usage: Option<Usage>,
}

impl Said {
    fn usage(self) -> Usage {
        self.usage.unwrap_or_else(|| {
            let reasoning = count::words(&self.reasoning);
            let mut usage = Usage::new(self.input, count::words(&self.text) + reasoning + self.arguments);
            usage.reasoning = Some(reasoning).filter(|reasoning| *reasoning > 0);
            usage
        })
    }
}

impl Play {
    fn start(&mut self, origin: Arc<Origin>, request: &ChatRequest, warnings: Vec<Warning>) {
        let asked = request.messages.iter().flat_map(|message| message.text().into_bytes());
        let id = hash::fnv(request.model.bytes().chain(asked));
        let mut start = StreamStart::new(origin);
        start.id = Some(format!("local-{id:016x}"));
        start.model = Some(request.model.clone());
        start.warnings = warnings;
        self.events.push_back(Event::Start(Box::new(start)));
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Start => {}
            Step::Text(chunks) => chunks.into_pieces().into_iter().for_each(|text| {
                let part = self.part(Kind::Text);
                self.said.text.push_str(&text);
                self.events.push_back(Event::TextDelta { part, text });
            }),
            Step::Reasoning(chunks) => chunks.into_pieces().into_iter().for_each(|text| {
                let part = self.part(Kind::Reasoning);
                self.said.reasoning.push_str(&text);
                self.events.push_back(Event::ReasoningDelta { part, text });
            }),
            Step::ToolCall(call) => self.call(call),
            Step::DelayMs(0) => {}
            Step::DelayMs(pause) => self.wait(Some(Duration::from_millis(pause))),
            Step::Stall => self.wait(None),
            Step::Usage(usage) => {
                self.said.usage = Some((*usage).clone());
                self.events.push_back(Event::Usage(usage));
            }
            Step::Finish(word) => self.finish(Some(word.into())),
            Step::Error(failure) => self.then = Then::Fail(failure.error()),
            Step::Cut => self.then = Then::Fail(Error::truncated()),
            Step::Malformed => {
                let message = "playing a script: it sends something that is not what the protocol says";
                self.then = Then::Fail(Error::new(ErrorKind::Malformed, message));
            }
        }
    }

    fn wait(&mut self, pause: Option<Duration>) {
        self.waiting = Some(Box::pin(self.patience.clone().wait(pause)));
    }

    /// The running part of a kind, begun when another runs or none.
    fn part(&mut self, kind: Kind) -> PartId {
        if let Some((part, running)) = self.open
            && running == kind
        {
            return part;
        }
        let part = self.begin(match kind {
            Kind::Text => PartKind::Text { text: String::new(), citations: Vec::new() },
            Kind::Reasoning => {
                PartKind::Reasoning { text: String::new(), visibility: Visibility::Full, encrypted: None }
            }
        });
        self.open = Some((part, kind));
        part
    }

    fn begin(&mut self, shell: PartKind) -> PartId {
        self.close();
        let part = PartId(self.parts);
        self.parts += 1;
        self.events.push_back(Event::PartStart { part, candidate: 0, shell: Box::new(shell) });
        part
    }

    fn close(&mut self) {
        if let Some((part, _)) = self.open.take() {
            self.events.push_back(Event::PartEnd { part, truncated: false, ext: None });
        }
    }

    fn call(&mut self, call: ScriptedCall) {
        let arguments = match call.arguments {
            Value::String(text) => text,
            Value::Null => "{}".to_owned(),
            arguments => arguments.to_string(),
        };
        let id = call.id.unwrap_or_else(|| format!("call_{}", self.calls));
        let part = self.begin(PartKind::ToolCall(ToolCall { id, name: call.name, ..ToolCall::default() }));
        let truncated = serde_json::from_str::<serde::de::IgnoredAny>(&arguments).is_err();
        self.calls += 1;
        self.said.arguments += count::words(&arguments);
        let mut rest = arguments.as_str();
        while !rest.is_empty() {
            let (piece, tail) = rest.split_at(rest.ceil_char_boundary(ARGUMENTS_PIECE.min(rest.len())));
            self.events.push_back(Event::ArgumentsDelta { part, json: piece.to_owned() });
            rest = tail;
        }
        self.events.push_back(Event::PartEnd { part, truncated, ext: None });
    }

    fn finish(&mut self, reason: Option<FinishReason>) {
        self.close();
        let by_itself = if self.calls > 0 { FinishReason::ToolCalls } else { FinishReason::Stop };
        let reason = reason.unwrap_or(by_itself);
        let raw = Some(reason.as_str().to_owned());
        let usage = std::mem::take(&mut self.said).usage();
        self.events.push_back(Event::Finish(Box::new(StreamFinish::new(Finish { reason, raw }, usage))));
        self.then = Then::End;
    }
}

impl Stream for Play {
    type Item = Result<Event, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(event) = this.events.pop_front() {
                this.patience.heard();
                this.committed |= event.is_content();
                return Poll::Ready(Some(Ok(event)));
            }
            match std::mem::replace(&mut this.then, Then::End) {
                Then::Step => this.then = Then::Step,
                Then::Fail(error) => {
                    let progress = if this.committed { Progress::Committed } else { Progress::Sent };
                    return Poll::Ready(Some(Err(error.with_progress(progress))));
                }
                Then::End => return Poll::Ready(None),
            }
            if let Some(waiting) = &mut this.waiting {
                let waited = ready!(waiting.as_mut().poll(cx));
                this.waiting = None;
                if let Err(error) = waited {
                    this.then = Then::Fail(error);
                }
                continue;
            }
            match this.steps.pop_front() {
                Some(step) => this.step(step),
                None => this.finish(None),
            }
        }
    }
}
