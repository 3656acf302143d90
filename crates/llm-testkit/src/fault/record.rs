//! What a vendor remembers of each call.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use llm_core::ErrorKind;
use tokio::time::Instant;

use super::answer::Answer;
use super::limiter::Limiter;

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It has not ended.
    Open,
    /// It was answered, a stream to its end.
    Answered,
    /// It was refused or broke off.
    Failed(ErrorKind),
    /// The caller dropped it.
    Dropped,
}

/// One call, as the vendor saw it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Call {
    /// The name of the request, where the caller gave it one.
    pub request: Option<Arc<str>>,
    /// The number of the attempt within its request.
    pub attempt: u32,
    /// The model that was asked for.
    pub model: Arc<str>,
    /// A number that stands for the credential of the call; `None` for the provider's own.
    pub credential: Option<u64>,
    /// When it came.
    pub started: Instant,
    /// When it was answered, failed or was dropped.
    pub ended: Option<Instant>,
    /// Until when the caller wants it done.
    pub deadline: Option<Instant>,
    /// How it ended.
    pub outcome: Outcome,
    /// How long its refusal asked to wait.
    pub hint: Option<Duration>,
    /// The refusal that said to come later, where the call came before that time.
    pub early: Option<ErrorKind>,
    /// Words that were handed out.
    pub delivered: u32,
    pub(super) answer: Answer,
}

impl Call {
    /// The whole answer, whether or not it was given.
    pub fn answer(&self) -> String {
        self.answer.text()
    }

    /// The words that were handed out.
    pub fn delivered_text(&self) -> String {
        Answer { words: self.delivered, ..self.answer }.text()
    }
}

/// What a provider knows: its random numbers, its calls and its limits.
pub(super) struct State {
    pub(super) random: fastrand::Rng,
    pub(super) calls: Vec<Call>,
    pub(super) in_flight: u32,
    pub(super) most_in_flight: u32,
    pub(super) limiter: Limiter,
}

/// Shared with the bodies of its streams.
#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<State>>);

impl Shared {
    pub(super) fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(State {
            random: fastrand::Rng::with_seed(seed),
            calls: Vec::new(),
            in_flight: 0,
            most_in_flight: 0,
            limiter: Limiter::default(),
        })))
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call at work. Dropped before it was settled, the caller gave it up.
pub(super) struct Working {
    pub(super) shared: Shared,
    pub(super) number: usize,
    settled: bool,
}

impl Working {
    /// Enters a call into the record.
    pub(super) fn new(shared: &Shared, state: &mut State, call: Call) -> Self {
        state.in_flight += 1;
        state.most_in_flight = state.most_in_flight.max(state.in_flight);
        state.calls.push(call);
        Self { shared: shared.clone(), number: state.calls.len() - 1, settled: false }
    }

    /// The call has ended.
    pub(super) fn settle(&mut self, outcome: Outcome) {
        if std::mem::replace(&mut self.settled, true) {
            return;
        }
        let now = Instant::now();
        let mut state = self.shared.state();
        state.in_flight -= 1;
        if let Some(call) = state.calls.get_mut(self.number) {
            call.outcome = outcome;
            call.ended = Some(now);
        }
    }

    /// The refusal asks to wait so long.
    pub(super) fn told(&self, credential: Option<u64>, wait: Duration, kind: ErrorKind) {
        let mut state = self.shared.state();
        state.limiter.told(credential, Instant::now(), wait, kind);
        if let Some(call) = state.calls.get_mut(self.number) {
            call.hint = Some(wait);
        }
    }

    /// So many words were handed out.
    pub(super) fn delivered(&self, words: u32) {
        if let Some(call) = self.shared.state().calls.get_mut(self.number) {
            call.delivered = words;
        }
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.settle(Outcome::Dropped);
    }
}
