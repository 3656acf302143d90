//! The gate of one target.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use llm_core::{Availability, Error, Load, Target, TargetState};
use tokio::time::Instant;

use super::asked::Asked;
use super::last_resort::LastResort;
use super::pass::Pass;
use super::refusal;
use super::settings::GateSettings;
use super::status::GateStatus;
use crate::breaker::{Breaker, BreakerState, Permit};

/// The gate of one target. Everybody who calls the target passes through the same one.
#[derive(Debug)]
pub struct Gate {
    target: Target,
    breaker: Mutex<Breaker>,
    /// Passes that are not dropped.
    in_flight: AtomicU32,
    last_resort: Arc<LastResort>,
}

impl Gate {
    pub(super) fn new(target: Target, settings: &GateSettings, last_resort: Arc<LastResort>, now: Instant) -> Self {
        let breaker = Mutex::new(Breaker::new(settings.breaker.clone(), now));
        Self { target, breaker, in_flight: AtomicU32::new(0), last_resort }
    }

    /// Whose gate it is.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Asks for one attempt, and waits for its turn where that is allowed.
    ///
    /// The error is one of our own (`circuit_open`, `limited`): nothing was sent, and its `retry_after` says when it is
    /// worth asking again.
    #[expect(clippy::unused_async, reason = "limits wait for their turn here")]
    pub async fn enter(self: &Arc<Self>, asked: Asked<'_>) -> Result<Pass, Error> {
        let permit = self.permit(&asked, asked.now)?;
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        Ok(Pass::new(Arc::clone(self), permit, asked.draw))
    }

    /// The breaker's permit, the last thing that an attempt takes.
    fn permit(&self, asked: &Asked<'_>, now: Instant) -> Result<Permit, Error> {
        self.with_breaker(|breaker| match breaker.admit(now) {
            Err(_) if asked.last_resort.is_some_and(|route| self.last_resort.take(route, now)) => {
                breaker.admit_last_resort(now)
            }
            permit => permit,
        })
        .map_err(|refused| refusal::circuit_open(&self.target, refused))
    }

    /// The only way to the breaker. Its changes are logged here, once each and outside of the lock.
    pub(super) fn with_breaker<R>(&self, act: impl FnOnce(&mut Breaker) -> R) -> R {
        let (result, change) = {
            let mut breaker = self.breaker.lock().unwrap_or_else(PoisonError::into_inner);
            let generation = breaker.generation();
            let result = act(&mut breaker);
            let changed = breaker.generation() != generation;
            (result, changed.then(|| (breaker.state(), breaker.reason(), breaker.last_error())))
        };
        if let Some((state, reason, last_error)) = change {
            let (target, reason, last_error) =
                (&self.target, reason.as_str(), last_error.map_or("", |kind| kind.as_str()));
            match state {
                BreakerState::Open | BreakerState::Isolated => {
                    tracing::warn!(%target, reason, last_error, "breaker is {}", state.as_str());
                }
                _ => tracing::info!(%target, reason, last_error, "breaker is {}", state.as_str()),
            }
        }
        result
    }

    /// Puts other settings in place; what was learned is kept.
    pub(super) fn configure(&self, settings: &GateSettings, now: Instant) {
        self.with_breaker(|breaker| breaker.set_policy(settings.breaker.clone(), now));
    }

    /// A pass was dropped.
    pub(super) fn left(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    /// What it shows of itself.
    pub fn status(&self, now: Instant) -> GateStatus {
        let load = self.load();
        self.with_breaker(|breaker| GateStatus {
            target: self.target.clone(),
            breaker: breaker.state(),
            reason: breaker.reason(),
            since: now.saturating_duration_since(breaker.since()),
            retry_in: breaker.until().map(|until| until.saturating_duration_since(now)),
            last_error: breaker.last_error(),
            in_flight: load.in_flight,
            queued: load.queued,
            limit: load.limit,
        })
    }
}

impl TargetState for Gate {
    fn availability(&self, now: std::time::Instant) -> Availability {
        let now = Instant::from_std(now);
        match self.with_breaker(|breaker| breaker.refuses(now)) {
            None => Availability::Ready,
            Some(refusal) => {
                let until = refusal.retry_after.and_then(|wait| now.checked_add(wait)).map(Instant::into_std);
                Availability::Shut { until }
            }
        }
    }

    fn load(&self) -> Load {
        Load::new(self.in_flight.load(Ordering::Relaxed), 0, None)
    }
}
