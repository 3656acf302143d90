//! An observer that holds the one it watches to its word: every attempt ends once, every request ends once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use llm_core::{AttemptReason, ErrorKind, Observed, Observer, Target};

/// What became of one request, as its observer heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Told {
    /// Attempts that started.
    pub attempts: u32,
    /// Of these, those that came to a verdict.
    pub verdicts: u32,
    /// Attempts that were made beside the others, for comparison only.
    pub shadows: u32,
    /// How often it was said to be over.
    pub completions: u32,
    /// The class of the error it ended in; `None` when it ended well, or not yet.
    pub error: Option<ErrorKind>,
    /// Who answered.
    pub target: Option<Target>,
}

/// Counts what happens to every request, and notes what must not happen.
#[derive(Default)]
pub struct Ledger(Mutex<Book>);

#[derive(Default)]
struct Book {
    requests: HashMap<Arc<str>, Entry>,
    problems: Vec<String>,
}

#[derive(Default)]
struct Entry {
    told: Told,
    /// Attempts without a verdict, with their reasons.
    open: Vec<(u32, AttemptReason)>,
}

impl Ledger {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was told of a request.
    pub fn told(&self, request: &str) -> Option<Told> {
        self.book().requests.get(request).map(|entry| entry.told.clone())
    }

    /// Attempts that started and have no verdict.
    pub fn open_attempts(&self) -> u64 {
        self.book().requests.values().map(|entry| entry.open.len() as u64).sum()
    }

    /// Requests that were heard of and are not over.
    pub fn open_requests(&self) -> u64 {
        self.book().requests.values().filter(|entry| entry.told.completions == 0).count() as u64
    }

    /// Requests that were heard of.
    pub fn requests(&self) -> usize {
        self.book().requests.len()
    }

    /// What must not happen and did: an attempt with two verdicts or with none at the end of its request, a request
    /// that was over twice, an attempt after the end.
    pub fn problems(&self) -> Vec<String> {
        self.book().problems.clone()
    }
}

impl Observer for Ledger {
    fn on(&self, event: &Observed) {
        let mut book = self.book();
        let Book { requests, problems } = &mut *book;
        let mut problem = |id: &str, what: String| problems.push(format!("request {id}: {what}"));
        match event {
            Observed::AttemptStarted { request, number, reason, .. } => {
                let entry = requests.entry(request.id.clone()).or_default();
                if entry.told.completions > 0 && *reason != AttemptReason::Shadow {
                    problem(&request.id, format!("attempt {number} starts after the end"));
                }
                if entry.open.contains(&(*number, *reason)) {
                    problem(&request.id, format!("attempt {number} starts twice"));
                }
                entry.open.push((*number, *reason));
                match reason {
                    AttemptReason::Shadow => entry.told.shadows += 1,
                    _ => entry.told.attempts += 1,
                }
            }
            Observed::AttemptDone { request, attempt, .. } => {
                let entry = requests.entry(request.id.clone()).or_default();
                let place = entry.open.iter().position(|open| *open == (attempt.number, attempt.reason));
                match place {
                    Some(place) => drop(entry.open.swap_remove(place)),
                    None => problem(&request.id, format!("attempt {} ends and did not start", attempt.number)),
                }
                if attempt.reason != AttemptReason::Shadow {
                    entry.told.verdicts += 1;
                }
            }
            Observed::Completed { request, target, attempts, error, .. } => {
                let entry = requests.entry(request.id.clone()).or_default();
                entry.told.completions += 1;
                entry.told.error = error.as_ref().map(llm_core::Error::kind);
                entry.told.target.clone_from(target);
                if entry.told.completions > 1 {
                    problem(&request.id, "it is over twice".to_owned());
                }
                let open = entry.open.iter().filter(|(_, reason)| *reason != AttemptReason::Shadow).count();
                if open > 0 {
                    problem(&request.id, format!("it is over, and {open} attempts have no verdict"));
                }
                if *attempts != entry.told.attempts {
                    let started = entry.told.attempts;
                    problem(&request.id, format!("it says {attempts} attempts, and {started} started"));
                }
            }
            _ => {}
        }
    }
}
