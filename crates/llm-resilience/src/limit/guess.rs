//! What the book expects from what it has seen: tokens of an answer, time until a turn.

use std::time::Duration;

use llm_core::TokenEstimate;
use tokio::time::Instant;

use super::accounts::Path;
use super::amounts::Tokens;
use super::book::{Book, Refused};
use super::refusal::{Refusal, Why};
use crate::shed::jittered;

/// The least output that is expected of a request.
const LEAST_OUTPUT: u64 = 64;
/// What is expected of a request that says nothing, at a target that has not answered yet.
const USUAL_OUTPUT: u64 = 1024;

impl Book {
    /// What a refusal says to whoever asked.
    pub(super) fn refusal(&self, refused: &Refused, draw: u64) -> Refusal {
        let account = &self.accounts[refused.at];
        let wait = match refused.why {
            Why::TooLarge(..) => None,
            _ => refused.wait.or_else(|| {
                // Nobody knows when a place is free; this is when the queue has moved up, if all goes as usual.
                let ahead = u32::try_from(account.queue.len()).unwrap_or(u32::MAX).saturating_add(1);
                let usual = account.places.usual().unwrap_or(Duration::from_secs(1));
                let rounds = ahead.div_ceil(account.places.limit().unwrap_or(1).max(1));
                Some(jittered(usual.saturating_mul(rounds).min(Duration::from_secs(60)), draw))
            }),
        };
        Refusal { holder: account.holder.clone(), why: refused.why, wait }
    }

    /// The tokens that are reserved for a request.
    pub(super) fn expected(&self, target: u32, tokens: TokenEstimate) -> Tokens {
        let account = &self.accounts[target];
        let usual = account.outputs.p95().map_or(USUAL_OUTPUT, |p95| p95.max(LEAST_OUTPUT));
        let output = match tokens.max_output {
            Some(most) if account.policy.strict => most,
            Some(most) => most.min(usual),
            None => usual,
        };
        let mut expected = Tokens::new(tokens.input, output);
        if let Some(uncached) = account.uncached.p95().filter(|_| !account.policy.strict) {
            expected.cached = tokens.input - tokens.input.saturating_mul(uncached.min(1000)) / 1000;
        }
        expected
    }

    /// When a request stops waiting.
    pub(super) fn gives_up_at(&self, path: &Path, at: u32, deadline: Instant, now: Instant) -> Instant {
        let usual = self.accounts[path.target()].places.usual().unwrap_or_default();
        let patience = now.checked_add(self.accounts[at].policy.queue_timeout).unwrap_or(deadline);
        deadline.checked_sub(usual).unwrap_or(now).min(patience)
    }
}
