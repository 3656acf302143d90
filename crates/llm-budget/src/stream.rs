//! A stream whose output is counted as it comes, and settled at its end.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use llm_core::stream::{ChatStream, Event};
use llm_core::{Error, Message, Origin, PartKind, Usage, Warning};

use crate::call::Call;

/// Bytes of output that make a token where the vendor does not say: fewer than most texts have, so it errs upwards.
const BYTES_PER_TOKEN: u64 = 3;

/// The same stream, whose call is settled when it ends or is dropped.
pub(crate) fn metered(inner: ChatStream, call: Call, warnings: Vec<Warning>) -> ChatStream {
    ChatStream::new(Metered { inner, call: Some(call), warnings, origin: None, usage: None, bytes: 0 })
}

struct Metered {
    inner: ChatStream,
    call: Option<Call>,
    /// What the caller is yet to be told.
    warnings: Vec<Warning>,
    origin: Option<Arc<Origin>>,
    usage: Option<Box<Usage>>,
    bytes: u64,
}

impl Metered {
    fn see(&mut self, event: &mut Event) {
        let Some(call) = &mut self.call else { return };
        match event {
            Event::Start(start) => {
                self.origin = Some(start.origin.clone());
                start.warnings.append(&mut self.warnings);
            }
            Event::TextDelta { text, .. } | Event::ReasoningDelta { text, .. } => {
                self.bytes += length(text.len());
                call.delivered(self.bytes.div_ceil(BYTES_PER_TOKEN));
            }
            Event::ArgumentsDelta { json, .. } => {
                self.bytes += length(json.len());
                call.delivered(self.bytes.div_ceil(BYTES_PER_TOKEN));
            }
            Event::Usage(usage) => {
                call.delivered(usage.output.unwrap_or(0));
                self.usage = Some(usage.clone());
            }
            Event::Finish(finish) => {
                let Some(call) = self.call.take() else { return };
                let (origin, tier) = (self.origin.as_deref(), finish.service_tier.as_deref());
                let cost = call.answered(origin, &finish.usage, tier, finish.cost.as_ref());
                finish.warnings.append(&mut self.warnings);
                if finish.cost.is_none() {
                    finish.cost = cost;
                }
            }
            _ => {}
        }
    }

    /// Settles by the last usage that the vendor said, or by what came.
    fn end_early(&mut self) {
        let Some(call) = self.call.take() else { return };
        let cost = match (&self.origin, &self.usage) {
            (Some(origin), Some(usage)) => call.price(&origin.provider, &origin.model, usage),
            _ => None,
        };
        // A snapshot from before the last words may be behind what came since.
        let behind =
            self.usage.as_ref().is_some_and(|usage| usage.output.unwrap_or(0) < self.bytes / (2 * BYTES_PER_TOKEN));
        call.ended_early(if behind { None } else { cost });
    }
}

impl Stream for Metered {
    type Item = Result<Event, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let mut polled = Pin::new(&mut this.inner).poll_next(cx);
        match &mut polled {
            Poll::Ready(Some(Ok(event))) => this.see(event),
            Poll::Ready(Some(Err(error))) => {
                if this.bytes == 0 && this.usage.is_none() {
                    if let Some(call) = this.call.take() {
                        call.failed(error);
                    }
                } else {
                    this.end_early();
                }
            }
            Poll::Ready(None) => this.end_early(),
            Poll::Pending => {}
        }
        polled
    }
}

impl Drop for Metered {
    fn drop(&mut self) {
        self.end_early();
    }
}

/// About how many tokens an answer has whose vendor does not say.
pub(crate) fn tokens_of(message: &Message) -> u64 {
    let bytes = message.content.iter().map(|part| match &part.kind {
        PartKind::Text { text, .. } | PartKind::Reasoning { text, .. } | PartKind::Refusal { text } => {
            length(text.len())
        }
        PartKind::ToolCall(call) => length(call.arguments.len()),
        _ => 0,
    });
    bytes.sum::<u64>().div_ceil(BYTES_PER_TOKEN)
}

fn length(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
