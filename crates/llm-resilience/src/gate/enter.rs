//! The gate of one target.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use llm_core::{Availability, Error, Load, Target, TargetState};
use tokio::time::Instant;

use super::asked::{Asked, Verdict};
use super::last_resort::Resort;
use super::pass::Pass;
use super::refusal;
use super::registry::Key;
use super::settings::GateSettings;
use super::shared::Shared;
use super::status::GateStatus;
use crate::breaker::{Breaker, BreakerState, Outcome, Permit};
use crate::cooldown::{CoolDownPolicy, Fingerprint, Place, Turn};
use crate::credential::is_noted;
use crate::limit::LimitAsk;
use crate::timeout::after;

/// An answer is lately when it is not older than this.
const LATELY: Duration = Duration::from_secs(5 * 60);

/// The gate of one target. Everybody who calls the target passes through the same one.
#[derive(Debug)]
pub struct Gate {
    target: Target,
    /// The address, where it is one that calls chose.
    endpoint: Option<Fingerprint>,
    breaker: Mutex<Breaker>,
    cool_down: Mutex<CoolDownPolicy>,
    /// Calls that have their permit and are not over.
    in_flight: AtomicU32,
    made: Instant,
    /// When the target last answered, in seconds after `made`, plus one; 0 is never.
    answered: AtomicU64,
    shared: Arc<Shared>,
}

impl Gate {
    pub(super) fn new(key: Key, settings: &GateSettings, shared: Arc<Shared>, now: Instant) -> Self {
        Self {
            target: key.target,
            endpoint: key.endpoint,
            breaker: Mutex::new(Breaker::new(settings.breaker.clone(), now)),
            cool_down: Mutex::new(settings.cool_down),
            in_flight: AtomicU32::new(0),
            made: now,
            answered: AtomicU64::new(0),
            shared,
        }
    }

    /// Whose gate it is.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Asks for one attempt, and waits for its turn where that is allowed.
    ///
    /// Of an error nothing was sent, and its `retry_after` says when it is worth asking again. It is `circuit_open` or
    /// `limited`, or for a key that is left alone the class of the vendor's own refusal with the code [`COOLED_DOWN`].
    ///
    /// [`COOLED_DOWN`]: crate::COOLED_DOWN
    pub async fn enter(self: &Arc<Self>, asked: Asked<'_>) -> Result<Pass, Error> {
        let now = asked.now;
        let mut last_resort = Resort { route: asked.last_resort, taken: false };
        let credential = asked.credential.map(|secret| self.shared.fingerprints.of(secret));
        let mut pass = Pass::new(Arc::clone(self), credential, asked.draw, now);
        pass.turn = self.turn(credential, &mut last_resort, now)?;
        if asked.last_resort.is_none()
            && let Some(refused) = self.with_breaker(|breaker| breaker.refuses(now))
        {
            // Nobody waits for a turn that would be of no use.
            return Err(refusal::circuit_open(&self.target, refused));
        }
        let slot = self.shared.limits.enter(self.limit_ask(&asked, credential)).await?;
        if slot.waited() {
            // Behind a wait the key may have been refused to others.
            pass.end_turn();
            pass.turn = self.turn(credential, &mut last_resort, slot.since())?;
        }
        let permit = self.permit(&mut last_resort, slot.since())?;
        pass.begin(permit, slot);
        Ok(pass)
    }

    fn limit_ask<'a>(&'a self, asked: &Asked<'a>, credential: Option<Fingerprint>) -> LimitAsk<'a> {
        LimitAsk {
            now: asked.now,
            deadline: asked.deadline,
            target: &self.target,
            tenant: asked.tenant,
            credential: credential.map(Fingerprint::number),
            priority: asked.priority,
            tokens: asked.tokens,
            draw: asked.draw,
            may_wait: asked.may_wait,
        }
    }

    /// Whether the key may be used, and whether this call finds out for the others.
    fn turn(
        &self,
        credential: Option<Fingerprint>,
        last_resort: &mut Resort<'_>,
        now: Instant,
    ) -> Result<Option<Turn>, Error> {
        let (place, cool_downs) = (Place { target: &self.target, credential }, &self.shared.cool_downs);
        cool_downs
            .enter(place, false, now)
            .or_else(|cooled| match cool_downs.refuses(place, true, now) {
                None if last_resort.take(&self.shared, now) => cool_downs.enter(place, true, now),
                _ => Err(cooled),
            })
            .map_err(|cooled| refusal::cooled_down(&self.target, cooled))
    }

    /// The breaker's permit, the last thing that an attempt takes.
    fn permit(&self, last_resort: &mut Resort<'_>, now: Instant) -> Result<Permit, Error> {
        self.with_breaker(|breaker| match breaker.admit(now) {
            Err(_) if breaker.spares_last_resort(now) && last_resort.take(&self.shared, now) => {
                breaker.admit_last_resort(now)
            }
            permit => permit,
        })
        .map_err(|refused| refusal::circuit_open(&self.target, refused))
    }

    /// Learns how a call went.
    pub(super) fn record(&self, call: &Pass, permit: Permit, verdict: Verdict<'_>, now: Instant) {
        let place = Place { target: &self.target, credential: call.credential };
        let outcome = match verdict {
            Verdict::Answered { .. } | Verdict::Whole { .. } => {
                let after = now.saturating_duration_since(self.made).as_secs();
                self.answered.store(after.saturating_add(1), Ordering::Relaxed);
                self.shared.cool_downs.answered(place, call.began, now);
                let first_content =
                    if let Verdict::Answered { first_content } = verdict { first_content } else { Duration::ZERO };
                Outcome::Answered { first_content }
            }
            Verdict::Failed(error) => {
                // A pool of keys knows which of them was refused, and has noted it.
                if !is_noted(error) {
                    let policy = *self.cool_down.lock().unwrap_or_else(PoisonError::into_inner);
                    self.shared.cool_downs.failed(place, error, self.answered_lately(now), &policy, (call.began, now));
                }
                Outcome::Failed { kind: error.kind(), retry_after: error.retry_after() }
            }
        };
        self.with_breaker(|breaker| breaker.record(permit, outcome, now, call.draw));
    }

    fn answered_lately(&self, now: Instant) -> bool {
        let answered = self.answered.load(Ordering::Relaxed);
        let age = now.saturating_duration_since(self.made).as_secs().saturating_sub(answered.saturating_sub(1));
        answered > 0 && age <= LATELY.as_secs()
    }

    /// The call that was to find out whether its key is good is over.
    pub(super) fn release(&self, credential: Option<Fingerprint>, turn: &Turn) {
        self.shared.cool_downs.release(Place { target: &self.target, credential }, turn);
    }

    /// A call has its permit.
    pub(super) fn begun(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    /// A call is over.
    pub(super) fn ended(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
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

    /// Whether nothing at all is held against the target: its breaker is closed, and no key of it is left alone.
    pub(crate) fn is_calm(&self, now: Instant) -> bool {
        self.breaker_state() == BreakerState::Closed && self.availability(now.into_std()) == Availability::Ready
    }

    pub(super) fn breaker_state(&self) -> BreakerState {
        self.with_breaker(|breaker| breaker.state())
    }

    /// Puts other settings in place; what was learned is kept.
    pub(super) fn configure(&self, settings: &GateSettings, now: Instant) {
        self.with_breaker(|breaker| breaker.set_policy(settings.breaker.clone(), now));
        *self.cool_down.lock().unwrap_or_else(PoisonError::into_inner) = settings.cool_down;
    }

    /// What it shows of itself.
    pub fn status(&self, now: Instant) -> GateStatus {
        let load = self.load();
        self.with_breaker(|breaker| GateStatus {
            target: self.target.clone(),
            endpoint: self.endpoint.map(|endpoint| endpoint.to_string()),
            breaker: breaker.state(),
            reason: breaker.reason(),
            since: now.saturating_duration_since(breaker.since()),
            retry_in: breaker.until().map(|until| until.saturating_duration_since(now)),
            last_error: breaker.last_error(),
            in_flight: load.in_flight,
            queued: load.queued,
            limit: load.limit,
            left: self.shared.limits.left(&self.target, now),
        })
    }
}

impl TargetState for Gate {
    fn availability(&self, now: std::time::Instant) -> Availability {
        let now = Instant::from_std(now);
        let breaker = self.with_breaker(|breaker| breaker.refuses(now)).map(|refusal| refusal.retry_after);
        let place = Place { target: &self.target, credential: None };
        let cooled = self.shared.cool_downs.refuses(place, false, now).map(|cooled| Some(cooled.wait));
        let wait = match (breaker, cooled) {
            (None, None) => return Availability::Ready,
            (Some(breaker), Some(cooled)) => breaker.and_then(|breaker| Some(breaker.max(cooled?))),
            (Some(wait), None) | (None, Some(wait)) => wait,
        };
        Availability::Shut { until: wait.map(|wait| after(now, wait).into_std()) }
    }

    fn load(&self) -> Load {
        let limited = self.shared.limits.load(&self.target);
        Load::new(self.in_flight.load(Ordering::Relaxed), limited.queued, limited.limit)
    }
}
