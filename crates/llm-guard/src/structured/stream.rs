//! Streams: the arguments of the tool become words as they come, and the end is held to the schema.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use futures_util::stream::unfold;
use llm_core::{
    ChatResponse, ChatStream, Cx, Error, Event, Executor, FinishReason, Message, Origin, PartId, PartKind, Progress,
    Provider, StreamFinish,
};

use super::broken;
use super::layer::Asking;
use super::mode::Mode;
use super::read::{Broken, Why, arguments, ended};

/// A stream whose text is the answer, or which ends in an error.
pub(super) fn held(events: ChatStream, asking: Asking, inner: Arc<dyn Provider>, cx: Cx) -> ChatStream {
    let held = Held {
        asking,
        inner,
        cx,
        events,
        origin: None,
        call: None,
        left_out: BTreeSet::new(),
        kept_back: BTreeSet::new(),
        next: PartId(0),
        calls_others: false,
        shown: false,
        text: String::new(),
        ready: VecDeque::new(),
    };
    ChatStream::new(unfold(Some(held), |held| async move {
        let mut held = held?;
        match held.next().await {
            Some(Ok(event)) => Some((Ok(event), Some(held))),
            Some(Err(error)) => Some((Err(error), None)),
            None => None,
        }
    }))
}

struct Held {
    asking: Asking,
    inner: Arc<dyn Provider>,
    cx: Cx,
    events: ChatStream,
    origin: Option<Arc<Origin>>,
    /// The call whose arguments are the answer.
    call: Option<PartId>,
    /// Parts that nobody sees: further calls.
    left_out: BTreeSet<PartId>,
    /// Texts beside the tool: the answer if no call comes.
    kept_back: BTreeSet<PartId>,
    /// A number that no part has.
    next: PartId,
    /// One of the caller's own tools is called: a step on the way, not the answer.
    calls_others: bool,
    /// Some of the answer was shown.
    shown: bool,
    /// The answer so far.
    text: String,
    ready: VecDeque<Result<Event, Error>>,
}

impl Held {
    async fn next(&mut self) -> Option<Result<Event, Error>> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            match self.events.next().await? {
                Ok(Event::Finish(finish)) => {
                    if let Err(error) = self.finish(finish).await {
                        // Whoever puts the stream together takes the usage from its events.
                        let usage = error.partial().map(|partial| Box::new(partial.usage.clone()));
                        self.ready.extend(usage.map(|usage| Ok(Event::Usage(usage))));
                        self.ready.push_back(Err(error));
                    }
                }
                Ok(event) => {
                    if let Some(event) = self.pass(event) {
                        return Some(Ok(event));
                    }
                }
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// An event as the caller sees it; `None` for one that is not for the caller.
    fn pass(&mut self, mut event: Event) -> Option<Event> {
        match &mut event {
            Event::Start(start) => {
                self.origin = Some(start.origin.clone());
                start.warnings.extend(self.asking.asked.told(false));
            }
            Event::PartStart { part, candidate, shell } => {
                self.next = self.next.max(PartId(part.0.saturating_add(1)));
                let of_the_answer = *candidate == 0;
                match (&mut **shell, self.asking.asked.mode) {
                    (PartKind::Text { text, .. }, Mode::Tool) => {
                        self.kept_back.insert(*part);
                        self.text.push_str(if self.call.is_none() { text } else { "" });
                        return None;
                    }
                    (PartKind::Text { text, .. }, _) if of_the_answer => {
                        self.shown |= !text.is_empty();
                        self.text.push_str(text);
                        self.kept_back.insert(*part);
                    }
                    (PartKind::ToolCall(call), Mode::Tool) if call.executed_by == Executor::Client => {
                        if self.call.is_some() {
                            self.left_out.insert(*part);
                            return None;
                        }
                        self.call = Some(*part);
                        self.text = std::mem::take(&mut call.arguments);
                        self.shown = true;
                        **shell = PartKind::Text { text: self.text.clone(), citations: Vec::new() };
                    }
                    (PartKind::ToolCall(call), _) => {
                        let is_own = call.executed_by == Executor::Client && self.asking.asked.has_tools();
                        self.calls_others |= is_own;
                    }
                    _ => {}
                }
            }
            Event::TextDelta { part, text } if self.kept_back.contains(part) => {
                if self.asking.asked.mode == Mode::Tool {
                    self.text.push_str(if self.call.is_none() { text } else { "" });
                    return None;
                }
                self.shown = true;
                self.text.push_str(text);
            }
            Event::ArgumentsDelta { part, json } if self.call == Some(*part) => {
                self.text.push_str(json);
                return Some(Event::TextDelta { part: *part, text: std::mem::take(json) });
            }
            // A signature over a call says nothing of a text.
            Event::SignatureDelta { part, .. } if self.call == Some(*part) => return None,
            Event::PartEnd { part, ext, .. } if self.call == Some(*part) => {
                *ext = None;
                if self.text.trim().is_empty() {
                    let part = *part;
                    arguments("").clone_into(&mut self.text);
                    self.ready.push_back(Ok(event));
                    return Some(Event::TextDelta { part, text: self.text.clone() });
                }
            }
            Event::TextDelta { part, .. }
            | Event::ArgumentsDelta { part, .. }
            | Event::SignatureDelta { part, .. }
            | Event::Citation { part, .. }
            | Event::PartEnd { part, .. } => {
                let beside = self.asking.asked.mode == Mode::Tool && self.kept_back.contains(part);
                if beside || self.left_out.contains(part) {
                    return None;
                }
            }
            _ => {}
        }
        Some(event)
    }

    /// The end of the vendor's stream: the caller's comes only if the answer follows the schema.
    async fn finish(&mut self, mut finish: Box<StreamFinish>) -> Result<(), Error> {
        if self.calls_others {
            self.ready.push_back(Ok(Event::Finish(finish)));
            return Ok(());
        }
        let json = match self.asking.asked.hold(&self.text) {
            Ok(json) => json.to_owned(),
            Err(why) => {
                let why = ended(&finish.finish.reason).unwrap_or(why);
                return self.broken(why, &mut finish).await.map(|()| self.ready.push_back(Ok(Event::Finish(finish))));
            }
        };
        if !self.shown {
            self.show(json);
        }
        if finish.finish.reason == FinishReason::ToolCalls {
            finish.finish.reason = FinishReason::Stop;
        }
        self.ready.push_back(Ok(Event::Finish(finish)));
        Ok(())
    }

    /// Asks again where nothing of the answer was shown, and shows what comes of it.
    async fn broken(&mut self, why: Why, finish: &mut StreamFinish) -> Result<(), Error> {
        let origin = self.origin.clone().unwrap_or_else(|| Arc::new(Origin::new("", "", "")));
        let said = Message::assistant(std::mem::take(&mut self.text));
        let mut response = ChatResponse::new(origin, said, finish.finish.clone());
        response.usage = finish.usage.clone();
        response.cost.clone_from(&finish.cost);
        let broken = Broken { why, response: Box::new(response) };
        if self.shown {
            return Err(broken::error(broken).with_progress(Progress::Committed));
        }
        let again = self.asking.again(broken, &*self.inner, &self.cx).await?;
        self.show(again.text());
        finish.finish = again.finish;
        finish.usage = again.usage;
        finish.cost = again.cost;
        finish.warnings.extend(again.warnings);
        Ok(())
    }

    /// The whole answer as one part.
    fn show(&mut self, json: String) {
        let part = self.next;
        let shell = Box::new(PartKind::Text { text: String::new(), citations: Vec::new() });
        self.ready.extend([
            Ok(Event::PartStart { part, candidate: 0, shell }),
            Ok(Event::TextDelta { part, text: json }),
            Ok(Event::PartEnd { part, truncated: false, ext: None }),
        ]);
    }
}
