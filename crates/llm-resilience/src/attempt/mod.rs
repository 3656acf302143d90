//! The driver: the only place that starts attempts. It owns retry, fallback and hedging for every operation alike.
//!
//! One request is one plan, one course through it, one attempt log and one deadline.
//! `course` decides, `trip` carries out, `start` makes the attempts, `race` several beside each other, `leg` is one of them, `commit` and `stream` hold a
//! stream to its commit point and after it, `record` keeps the log and tells the observer, `failure` makes the one error
//! of a request that failed.

mod builder;
mod canned;
mod commit;
mod course;
mod failure;
mod fallback;
mod judge;
mod leg;
mod race;
mod record;
mod run;
mod shadow;
mod size;
mod start;
mod stream;
mod trip;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use llm_core::{Availability, Capabilities, Cx, Error, Planner, Provider, Request, Response, TokenEstimator};

pub use builder::Builder;
pub use canned::CANNED;
pub use failure::{ALL_TARGETS_FAILED, RETRY_BUDGET_EXHAUSTED};
pub use fallback::FallbackPolicy;
pub use stream::policy::{Commit, OnBreak, StreamPolicy, Window};

use crate::gate::Gates;
use crate::learned::Learned;
use crate::settings::Settings;

/// The driver: a provider that makes attempts along a plan until one succeeds.
///
/// It serves every operation; `Models` goes to the first target of the plan only.
/// For a stream, `call` returns at the first content: what fails before is tried again unseen, and a request that
/// fails altogether is an error of `call`. Dropping the future or the stream ends the attempt in flight.
pub struct Resilient(Arc<Driver>);

/// What the requests of a driver share.
pub(crate) struct Driver {
    id: Arc<str>,
    planner: Arc<dyn Planner>,
    settings: Arc<Settings>,
    /// Settings of routes that have their own, by name.
    routes: HashMap<Arc<str>, Arc<Settings>>,
    gates: Option<Gates>,
    learned: Learned,
    estimator: Arc<dyn TokenEstimator>,
    /// Shadows that may still be started.
    shadows: Arc<AtomicU32>,
    random: Mutex<fastrand::Rng>,
    /// Names of requests: they start anywhere, so that those of two drivers differ, and count up.
    ids: AtomicU64,
}

impl Resilient {
    /// Starts building one.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) fn new(driver: Driver) -> Self {
        Self(Arc::new(driver))
    }
}

impl Driver {
    /// The number that names a request which has no name of its own and is observed.
    fn id_of(&self, cx: &Cx) -> u64 {
        if cx.request_id.is_none() && cx.observer.is_some() { self.ids.fetch_add(1, Ordering::Relaxed) } else { 0 }
    }

    /// The settings of requests of this route.
    fn settings_of(&self, route: Option<&str>) -> &Arc<Settings> {
        route.and_then(|route| self.routes.get(route)).unwrap_or(&self.settings)
    }

    /// 64 random bits. The lock is held for a few nanoseconds.
    fn draw(&self) -> u64 {
        self.random.lock().unwrap_or_else(PoisonError::into_inner).u64(..)
    }
}

#[async_trait]
impl Provider for Resilient {
    fn id(&self) -> &str {
        &self.0.id
    }

    fn api(&self) -> &'static str {
        ""
    }

    fn capabilities(&self, model: &str) -> Capabilities {
        self.0.planner.capabilities(model)
    }

    fn availability(&self) -> Availability {
        self.0.planner.availability()
    }

    async fn call(&self, cx: &Cx, request: Request) -> Result<Response, Error> {
        run::run(&self.0, cx, request).await
    }
}

impl fmt::Debug for Resilient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Driver { id, settings, routes, gates, learned, .. } = &*self.0;
        f.debug_struct("Resilient")
            .field("id", id)
            .field("settings", settings)
            .field("routes", routes)
            .field("gates", gates)
            .field("learned", learned)
            .finish_non_exhaustive()
    }
}
