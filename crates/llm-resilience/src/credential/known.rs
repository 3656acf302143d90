//! A key as it was last read: looked at again when that is due or when the vendor refused it, once for all calls.
//!
//! Every look is a task of its own: a caller who gives up does not end it for the others.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use llm_core::{Error, Secret};
use tokio::time::Instant;

use super::source::KeySource;

/// A source that failed and has no key yet is not asked again before.
const FAILED: Duration = Duration::from_secs(10);

/// What is known of one source.
pub(super) struct Known {
    source: Arc<dyn KeySource>,
    state: Mutex<State>,
    /// Held by the one who looks.
    looking: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    key: Option<Secret>,
    /// When somebody last began to look.
    looked: Option<Instant>,
    /// Why the last look failed.
    error: Option<Error>,
}

impl Known {
    pub(super) fn new(source: Arc<dyn KeySource>) -> Self {
        Self { source, state: Mutex::default(), looking: tokio::sync::Mutex::default() }
    }

    pub(super) fn name(&self) -> &str {
        self.source.name()
    }

    pub(super) fn key(&self) -> Option<Secret> {
        self.state().key.clone()
    }

    /// Why the last look failed.
    pub(super) fn error(&self) -> Option<Error> {
        self.state().error.clone()
    }

    /// Whether a look is due, or there is no key yet.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        let state = self.state();
        let Some(looked) = state.looked else { return true };
        let every = match &state.key {
            Some(_) => self.source.look_every(),
            None => Some(self.source.look_every().map_or(FAILED, |every| every.min(FAILED))),
        };
        every.is_some_and(|every| now.saturating_duration_since(looked) >= every)
    }

    /// Begins a look where that is due and nobody has: a task of its own, so that no call waits for it or ends it.
    pub(super) fn follow(self: &Arc<Self>, now: Instant) {
        if self.is_due(now) && self.looking.try_lock().is_ok() {
            tokio::spawn(self.clone().followed(now));
        }
    }

    /// Looks where that is due, or waits for who does.
    pub(super) async fn followed(self: Arc<Self>, now: Instant) {
        let held = self.looking.lock().await;
        if self.is_due(now) {
            self.look(false, now).await;
        }
        drop(held);
    }

    /// The vendor refused the key of a call that began at `began`: looks again, unless somebody has since. True when the
    /// key is another one now.
    pub(super) async fn refused(self: Arc<Self>, key: Secret, began: Instant) -> bool {
        let (this, refused) = (self.clone(), key.clone());
        let look = tokio::spawn(async move {
            let held = this.looking.lock().await;
            let unseen = { this.state().looked }.is_none_or(|looked| looked < began);
            if unseen && this.key().as_ref() == Some(&refused) {
                this.look(true, Instant::now()).await;
            }
            drop(held);
        });
        // Should the source have panicked, its key is what it was.
        let _ = look.await;
        self.key().is_some_and(|known| known != key)
    }

    /// Whether it is worth a look when the vendor refuses the key.
    pub(super) fn may_change(&self) -> bool {
        self.source.may_change()
    }

    /// Only who holds `looking` looks. Should that fail, the old key stays.
    async fn look(&self, refused: bool, now: Instant) {
        self.state().looked = Some(now);
        let read = self.source.read(refused).await;
        let mut state = self.state();
        match read {
            Ok(key) => {
                if state.key.as_ref().is_some_and(|old| *old != key) {
                    tracing::info!("the key of {} is another one from now on", self.source.name());
                }
                (state.key, state.error) = (Some(key), None);
            }
            Err(error) => {
                let is_news = state.error.as_ref().is_none_or(|old| old.message() != error.message());
                if is_news {
                    let kept = if state.key.is_some() { ": the old key stays" } else { "" };
                    tracing::warn!("{}{kept}", error.message());
                }
                state.error = Some(error);
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
