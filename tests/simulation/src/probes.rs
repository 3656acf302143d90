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
    open: HashMap<(Arc<str>, u32), Target>,
    /// When a target was last called beyond its probes.
    beyond: HashMap<Target, Instant>,
    problems: Vec<String>,
}

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
                let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
                book.open.insert((request.id.clone(), *number), target.clone());
                let open = book.open.values().filter(|open| *open == target).count();
                if open > self.most as usize {
                    // Two routes may have their last resort in the same second.
                    let now = Instant::now();
                    let last = book.beyond.insert(target.clone(), now);
                    let often = last.is_some_and(|last| now - last < Duration::from_millis(500));
                    if open > self.most as usize + 2 || often {
                        book.problems.push(format!("{target}: {open} probes at a time, and {} are allowed", self.most));
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
