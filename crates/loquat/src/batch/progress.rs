//! How far a batch is, and why it stopped.

use std::fmt;

use llm_core::{Error, ErrorKind, Usd};

use crate::reply::Reply;

/// How far a batch is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchProgress {
    /// Requests that were answered.
    pub done: u64,
    /// Requests that failed.
    pub failed: u64,
    /// Requests under way.
    pub running: usize,
    /// All requests, where their number is known.
    pub total: Option<u64>,
    /// What the answers cost together, as far as that is known.
    pub cost: Usd,
    /// Answers whose cost is not known, or not wholly.
    pub unpriced: u64,
}

impl BatchProgress {
    pub(super) fn count(&mut self, result: &Result<Reply, Error>) {
        let Ok(reply) = result else {
            self.failed += 1;
            return;
        };
        self.done += 1;
        if let Some(cost) = &reply.cost {
            self.cost = self.cost.saturating_add(cost.total);
        }
        self.unpriced += u64::from(!reply.cost.as_ref().is_some_and(|cost| cost.complete));
    }
}

impl fmt::Display for BatchProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} answered, {} failed", self.done, self.failed)?;
        if let Some(total) = self.total {
            write!(f, " of {total}")?;
        }
        if self.unpriced < self.done {
            write!(f, ", ${}", self.cost)?;
            if self.unpriced > 0 {
                write!(f, " and {} of unknown cost", self.unpriced)?;
            }
        }
        Ok(())
    }
}

/// Why a batch begins nothing more.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Stop {
    /// It was cancelled.
    Cancelled,
    /// More failed than is allowed.
    TooManyFailures,
    /// Every request would fail like this one.
    Hopeless(Error),
}

impl Stop {
    /// Whether a result means that all would fail alike. A key that is wrong may be that of one provider of several: it counts
    /// only while nothing was answered.
    pub(super) fn after(result: &Result<Reply, Error>, progress: &BatchProgress) -> Option<Self> {
        let error = result.as_ref().err()?;
        let is_hopeless = match error.kind() {
            ErrorKind::BudgetExceeded => true,
            ErrorKind::Auth | ErrorKind::Permission | ErrorKind::Config | ErrorKind::QuotaExhausted => {
                progress.done == 0
            }
            _ => false,
        };
        is_hopeless.then(|| Self::Hopeless(error.clone()))
    }
}
