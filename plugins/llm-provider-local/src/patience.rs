//! Waiting, as long as the caller's timers allow: the same stages and errors as a real connection gives.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use llm_core::{CancellationToken, Cx, Error, ErrorKind, TimeoutStage};
use tokio::time::{Instant, sleep_until};

/// How long the caller waits, and since when nothing has come.
#[derive(Clone, Debug)]
pub(crate) struct Patience {
    stage: TimeoutStage,
    limit: Option<Duration>,
    idle: Option<Duration>,
    deadline: Option<Instant>,
    cancel: Option<CancellationToken>,
    quiet_since: Instant,
}

impl Patience {
    /// The patience of a call that begins now: it waits for headers.
    pub(crate) fn new(cx: &Cx) -> Self {
        Self {
            stage: TimeoutStage::FirstByte,
            limit: cx.timeouts.first_byte,
            idle: cx.timeouts.idle,
            deadline: cx.deadline.map(Instant::from_std),
            cancel: cx.cancel.clone(),
            quiet_since: Instant::now(),
        }
    }

    /// The headers came: from here on it is silence that counts.
    pub(crate) fn began(&mut self) {
        self.stage = TimeoutStage::Idle;
        self.limit = self.idle;
        self.heard();
    }

    /// Something came.
    pub(crate) fn heard(&mut self) {
        if self.stage == TimeoutStage::Idle {
            self.quiet_since = Instant::now();
        }
    }

    /// The error of a call that is over already.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.cancel.as_ref().is_some_and(CancellationToken::is_cancelled) {
            return Err(cancelled());
        }
        match self.deadline {
            Some(deadline) if deadline <= Instant::now() => Err(timeout(TimeoutStage::Total)),
            _ => Ok(()),
        }
    }

    /// Waits for a pause, or without end for `None`, unless a timer or the caller ends it before.
    pub(crate) async fn wait(self, pause: Option<Duration>) -> Result<(), Error> {
        let ends = pause.and_then(|pause| Some((Instant::now().checked_add(pause)?, None)));
        let limit = self.limit.and_then(|limit| Some((self.quiet_since.checked_add(limit)?, Some(self.stage))));
        let total = self.deadline.map(|deadline| (deadline, Some(TimeoutStage::Total)));
        let first = [ends, limit, total].into_iter().flatten().min_by_key(|(at, _)| *at);
        let mut over = pin!(async {
            match first {
                Some((at, stage)) => {
                    sleep_until(at).await;
                    stage
                }
                None => std::future::pending().await,
            }
        });
        let mut given_up = pin!(async {
            match &self.cancel {
                Some(cancel) => cancel.cancelled().await,
                None => std::future::pending().await,
            }
        });
        poll_fn(|cx| {
            if given_up.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Err(cancelled()));
            }
            over.as_mut().poll(cx).map(|stage| stage.map_or(Ok(()), |stage| Err(timeout(stage))))
        })
        .await
    }
}

fn cancelled() -> Error {
    Error::new(ErrorKind::Cancelled, "playing a script: the caller cancelled")
}

fn timeout(stage: TimeoutStage) -> Error {
    let message = match stage {
        TimeoutStage::Idle => "playing a script: nothing came in time",
        TimeoutStage::Total => "playing a script: the deadline of the request has passed",
        _ => "playing a script: the answer did not begin in time",
    };
    Error::new(ErrorKind::Timeout(stage), message)
}
