//! What a stream carries on routes that hold back its newest part or go on with it after a break.

use std::collections::VecDeque;

use llm_core::{Event, Resumption, Usage, Warning};
use tokio::time::Instant;

use super::sent::Sent;
use super::splice::{Mismatch, Splice};
use super::window::HoldBack;
use super::{usage, window};
use crate::attempt::record::Record;

/// What is kept for the case of a break.
#[derive(Default)]
pub(super) struct More {
    pub(super) back: Option<HoldBack>,
    pub(super) sent: Option<Sent>,
    pub(super) joined: Option<Joined>,
    /// What the first call reported of its tokens, and how much of its answer came.
    pub(super) reported: Usage,
    pub(super) received: usize,
}

/// The second answer, after it has joined the first.
pub(super) struct Joined {
    pub(super) splice: Splice,
    pub(super) how: Resumption,
    pub(super) warning: Warning,
}

impl More {
    /// An event came; what need not be held back is ready for the caller.
    pub(super) fn take(&mut self, event: Event, ready: &mut VecDeque<Event>) -> Result<(), Mismatch> {
        if let Some(joined) = &mut self.joined {
            return joined.splice.push(event, ready);
        }
        self.received += window::content_len(&event);
        if let Event::Usage(usage) = &event {
            self.reported.clone_from(usage);
        }
        match &mut self.back {
            Some(back) if !matches!(event, Event::Ping) => {
                let now = Instant::now();
                let finish = matches!(event, Event::Finish(_));
                back.push(event, now);
                ready.extend(std::iter::from_fn(|| if finish { back.pop() } else { back.pop_due(now) }));
            }
            _ => ready.push_back(event),
        }
        Ok(())
    }

    /// An event on its way to the caller.
    pub(super) fn pass(&mut self, event: &mut Event, record: Option<&Record>) {
        if let Some(joined) = &self.joined {
            match event {
                Event::Usage(usage) => **usage = usage::total(&self.reported, self.received, usage, joined.how),
                Event::Finish(finish) => {
                    finish.usage = usage::total(&self.reported, self.received, &finish.usage, joined.how);
                    finish.warnings.push(joined.warning.clone());
                    finish.attempts = record.map(|record| record.attempts.clone()).unwrap_or_default();
                }
                _ => {}
            }
        } else if let Some(sent) = &mut self.sent {
            sent.record(event);
        }
    }
}
