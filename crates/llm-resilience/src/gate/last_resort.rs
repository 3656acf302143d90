//! Who may still ask when all targets of a route are shut: one request a second for each route.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::shared::Shared;

/// A route's requests of this kind are so far apart.
const APART: Duration = Duration::from_secs(1);
/// Routes that are remembered. Names of routes come from a configuration, so there are few.
const ROUTES: usize = 10_000;

/// When each route last used its last resort.
#[derive(Debug, Default)]
pub(super) struct LastResort(Mutex<HashMap<Arc<str>, Instant>>);

impl LastResort {
    /// Takes the turn of this second; false when another request has it.
    pub(super) fn take(&self, route: &str, now: Instant) -> bool {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = turns.get_mut(route) {
            let free = now.saturating_duration_since(*last) >= APART;
            if free {
                *last = now;
            }
            return free;
        }
        if turns.len() >= ROUTES {
            turns.retain(|_, last| now.saturating_duration_since(*last) < APART);
        }
        let room = turns.len() < ROUTES;
        if room {
            turns.insert(route.into(), now);
        }
        room
    }
}

/// The last resort of one attempt: taken when it is needed, and then for all that would hold the attempt back.
pub(super) struct Resort<'a> {
    pub(super) route: Option<&'a str>,
    pub(super) taken: bool,
}

impl Resort<'_> {
    pub(super) fn take(&mut self, shared: &Shared, now: Instant) -> bool {
        self.taken = self.taken || self.route.is_some_and(|route| shared.last_resort.take(route, now));
        self.taken
    }
}
