//! An answer as it is made, in the four kinds of pieces that most programs look at.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use llm_core::{
    Attempt, ChatStream, Cost, Cx, Error, Event, Executor, Finish, PartId, PartKind, PromptSavings, Timing, ToolCall,
    Usage, Warning,
};

/// One piece of a streamed answer.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Piece {
    /// More words, also those of a refusal: [`Summary::finish`] tells which.
    Text(String),
    /// More reasoning.
    Reasoning(String),
    /// A tool call that the caller must run, whole. Never run one that is `truncated`.
    ToolCall(ToolCall),
    /// The answer is whole.
    Done(Box<Summary>),
}

/// What is known when a streamed answer is whole.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Summary {
    /// Who answered, as `provider/model`.
    pub target: String,
    /// The model, as the answer names it.
    pub model: Option<String>,
    /// Why the answer ended.
    pub finish: Finish,
    /// Tokens.
    pub usage: Usage,
    /// What it cost, where that is known.
    pub cost: Option<Cost>,
    /// Every attempt that was made, the one that answered last.
    pub attempts: Vec<Attempt>,
    /// What the caller should know, above all what the target could not be asked for.
    pub warnings: Vec<Warning>,
    /// How long it took.
    pub timing: Timing,
    /// By how much the prompt was made shorter before it was sent.
    pub prompt_savings: Option<PromptSavings>,
}

/// A streamed answer. Dropping it ends the call at the vendor.
///
/// Where several answers were asked for it is the first; [`into_events`](Self::into_events) has all of them.
/// It ends after [`Piece::Done`]; an error after the first piece means that the answer was cut.
pub struct ReplyStream {
    events: ChatStream,
    call_id: Arc<str>,
    target: String,
    model: Option<String>,
    attempts: Vec<Attempt>,
    warnings: Vec<Warning>,
    prompt_savings: Option<PromptSavings>,
    calls: BTreeMap<PartId, ToolCall>,
    /// Parts of further answers.
    others: BTreeSet<PartId>,
}

impl ReplyStream {
    pub(crate) fn new(events: ChatStream, cx: &Cx) -> Self {
        Self {
            events,
            call_id: cx.request_id.clone().unwrap_or_default(),
            target: String::new(),
            model: None,
            attempts: Vec::new(),
            warnings: Vec::new(),
            prompt_savings: None,
            calls: BTreeMap::new(),
            others: BTreeSet::new(),
        }
    }

    /// Our own name of the call, for [`Client::feedback`](crate::Client::feedback) and for looking it up in logs.
    pub fn call_id(&self) -> &str {
        &self.call_id
    }

    /// The next piece; `None` after the end.
    pub async fn next(&mut self) -> Option<Result<Piece, Error>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// All events as the core defines them, for programs that need every detail.
    pub fn into_events(self) -> ChatStream {
        self.events
    }

    /// What a caller sees of an event, if anything.
    fn piece(&mut self, event: Event) -> Option<Piece> {
        match event {
            Event::TextDelta { part, text } if self.shows(part, &text) => Some(Piece::Text(text)),
            Event::ReasoningDelta { part, text } if self.shows(part, &text) => Some(Piece::Reasoning(text)),
            Event::Start(start) => {
                self.target = format!("{}/{}", start.origin.provider, start.origin.model);
                self.model = start.model;
                self.attempts = start.attempts;
                self.warnings = start.warnings;
                self.prompt_savings = start.prompt_savings;
                None
            }
            Event::PartStart { part, candidate, .. } if candidate > 0 => {
                self.others.insert(part);
                None
            }
            Event::PartStart { part, shell, .. } => match *shell {
                PartKind::ToolCall(call) if call.executed_by == Executor::Client => {
                    self.calls.insert(part, call);
                    None
                }
                PartKind::Text { text, .. } | PartKind::Refusal { text } if !text.is_empty() => Some(Piece::Text(text)),
                PartKind::Reasoning { text, .. } if !text.is_empty() => Some(Piece::Reasoning(text)),
                _ => None,
            },
            Event::ArgumentsDelta { part, json } => {
                if let Some(call) = self.calls.get_mut(&part) {
                    call.arguments.push_str(&json);
                }
                None
            }
            Event::PartEnd { part, truncated, .. } => self.calls.remove(&part).map(|mut call| {
                call.truncated |= truncated;
                Piece::ToolCall(call)
            }),
            Event::Finish(finish) => {
                self.warnings.extend(finish.warnings);
                if !finish.attempts.is_empty() {
                    self.attempts = finish.attempts;
                }
                Some(Piece::Done(Box::new(Summary {
                    target: std::mem::take(&mut self.target),
                    model: self.model.take(),
                    finish: finish.finish,
                    usage: finish.usage,
                    cost: finish.cost,
                    attempts: std::mem::take(&mut self.attempts),
                    warnings: std::mem::take(&mut self.warnings),
                    timing: finish.timing,
                    prompt_savings: self.prompt_savings,
                })))
            }
            _ => None,
        }
    }

    /// Whether a piece of this part is one of the first answer and says anything.
    fn shows(&self, part: PartId, piece: &str) -> bool {
        !piece.is_empty() && !self.others.contains(&part)
    }
}

impl Stream for ReplyStream {
    type Item = Result<Piece, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match Pin::new(&mut self.events).poll_next(cx) {
                Poll::Ready(Some(Ok(event))) => {
                    if let Some(piece) = self.piece(event) {
                        return Poll::Ready(Some(Ok(piece)));
                    }
                }
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

impl fmt::Debug for ReplyStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplyStream").field("target", &self.target).finish_non_exhaustive()
    }
}
