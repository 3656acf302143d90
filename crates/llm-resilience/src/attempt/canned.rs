//! The answer that is given when every target failed, where the operator configured one.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use llm_core::{
    Attempt, ChatResponse, ChatStream, Error, ErrorKind, Event, Finish, FinishReason, Message, Origin, Part, PartId,
    PartKind, Request, Response, StreamFinish, StreamStart, Usage, Warning,
};

/// Provider and wire family of a canned answer.
pub const CANNED: &str = "canned";

/// The canned answer to `request`, for errors that it may stand in for: not for those of the request itself, of its
/// budget or its caller, who must learn of them.
pub(super) fn answer(text: &str, request: &Request, error: &Error) -> Option<Response> {
    use ErrorKind as K;
    if matches!(
        error.kind(),
        K::InvalidRequest
            | K::PayloadTooLarge
            | K::ContextLength
            | K::ContentFilter
            | K::BudgetExceeded
            | K::Cancelled
            | K::Config
            | K::Internal
    ) {
        return None;
    }
    let origin = Arc::new(Origin::new(CANNED, CANNED, request.model()));
    let attempts = error.attempts().to_vec();
    let warnings =
        vec![Warning::Other { message: format!("no target answered, this text is configured: {}", error.message()) }];
    match request {
        Request::Chat(_) => {
            let mut message = Message::assistant(text);
            message.origin = Some(origin.clone());
            let mut response = ChatResponse::new(origin, message, Finish::new(FinishReason::Stop, CANNED));
            response.warnings = warnings;
            response.attempts = attempts;
            Some(Response::Chat(Box::new(response)))
        }
        Request::ChatStream(_) => {
            Some(Response::ChatStream(ChatStream::new(Script(events(text, origin, warnings, attempts)))))
        }
        _ => None,
    }
}

fn events(text: &str, origin: Arc<Origin>, warnings: Vec<Warning>, attempts: Vec<Attempt>) -> VecDeque<Event> {
    let mut start = StreamStart::new(origin);
    start.warnings = warnings;
    start.attempts = attempts;
    let part = PartId(0);
    let finish = StreamFinish::new(Finish::new(FinishReason::Stop, CANNED), Usage::default());
    VecDeque::from([
        Event::Start(Box::new(start)),
        Event::PartStart { part, candidate: 0, shell: Box::new(shell()) },
        Event::TextDelta { part, text: text.to_owned() },
        Event::PartEnd { part, truncated: false, ext: None },
        Event::Finish(Box::new(finish)),
    ])
}

fn shell() -> PartKind {
    Part::text("").kind
}

struct Script(VecDeque<Event>);

impl Stream for Script {
    type Item = Result<Event, Error>;

    fn poll_next(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.pop_front().map(Ok))
    }
}
