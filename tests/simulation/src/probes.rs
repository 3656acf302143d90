//! An observer that counts the probes of half-open breakers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use llm_core::{Observed, Observer, Target};
use llm_resilience::{BreakerPolicy, BreakerState, Gates};
use tokio::time::Instant;

/// Notes where a half-open breaker let more through than its probes and the last resort of a route.
pub(crate) struct Probes {
    gates: Gates,
    most: u32,
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    /// When each target's breaker became what it is.
    since: HashMap<Target, Instant>,
    /// Calls without a verdict that a half-open breaker let through since, and whether as probes.
    open: HashMap<(Arc<str>, u32), (Target, bool)>,
    /// When a route last called a target beyond its probes.
    beyond: HashMap<Option<Arc<str>>, Instant>,
    problems: Vec<String>,
}

/// A route has its last resort once in this time.
const APART: Duration = Duration::from_secs(1);

impl Probes {
    pub(crate) fn new(gates: Gates, breaker: &BreakerPolicy) -> Self {
        Self { gates, most: breaker.half_open_probes, book: Mutex::default() }
    }

    pub(crate) fn problems(&self) -> Vec<String> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner).problems.clone()
    }
}

impl Observer for Probes {
    fn on(&self, event: &Observed) {
        match event {
            Observed::AttemptStarted { request, target, number, .. } => {
                let statuses = self.gates.statuses();
                let Some(status) = statuses.iter().find(|status| status.target == *target) else { return };
                if status.breaker != BreakerState::HalfOpen {
                    return;
                }
                let now = Instant::now();
                let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
                let Book { since, open, beyond, problems } = &mut *book;
                let began = now - status.since;
                if since.insert(target.clone(), began) != Some(began) {
                    // Another time of being half-open: what is still under way was let through before.
                    open.retain(|_, (of, _)| of != target);
                }
                let probes = open.values().filter(|(of, probe)| of == target && *probe).count();
                let is_probe = probes < self.most as usize;
                open.insert((request.id.clone(), *number), (target.clone(), is_probe));
                if !is_probe {
                    let last = beyond.insert(request.route.clone(), now);
                    if last.is_some_and(|last| now - last < APART) {
                        problems.push(format!(
                            "{target}: a call beyond {probes} probes, and its route had its last resort in the same second"
                        ));
                    }
                }
            }
            Observed::AttemptDone { request, attempt, .. } => {
                let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
                book.open.remove(&(request.id.clone(), attempt.number));
            }
            _ => {}
        }
    }
}
