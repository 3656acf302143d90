//! Prices, costs and budgets of a client: one handle, which outlives every rebuild.

mod alerts;
mod books;
mod costs;
mod knowing;
mod price_list;
mod report;

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use llm_budget::{AlertSink, Budgets};
use llm_catalog::Estimator;

use crate::config::Config;

use self::alerts::Alerts;
use self::books::Books;
pub(crate) use self::books::Prepared;
pub(crate) use self::costs::Costs;
pub(crate) use self::knowing::Knowing;
pub(crate) use self::price_list::{OfInstance, PriceList};
pub use self::report::Forecast;

/// The wall clock in Unix milliseconds.
pub(crate) type WallClock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// Prices, costs and budgets. Cheap to clone; clones are one.
#[derive(Clone)]
pub struct Money(Arc<Inner>);

struct Inner {
    clock: WallClock,
    list: RwLock<Arc<PriceList>>,
    estimator: Arc<Estimator>,
    /// Answers whose usage was seen.
    answers: AtomicU64,
    alerts: Alerts,
    books: RwLock<Books>,
}

impl Default for Money {
    fn default() -> Self {
        Self::at(system_time)
    }
}

impl Money {
    /// With another wall clock than the system's, in Unix milliseconds: windows of budgets and prices go by it.
    pub fn at(clock: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        let clock: WallClock = Arc::new(clock);
        let alerts = Alerts::default();
        let books = Books::in_memory(&clock, &alerts);
        Self(Arc::new(Inner {
            list: RwLock::new(Arc::new(PriceList::default())),
            estimator: Arc::default(),
            answers: AtomicU64::new(0),
            alerts,
            books: RwLock::new(books),
            clock,
        }))
    }

    /// The present prices.
    pub(crate) fn list(&self) -> Arc<PriceList> {
        self.0.list.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The present budgets.
    pub fn budgets(&self) -> Arc<Budgets> {
        self.books().budgets.clone()
    }

    /// Who is told from now on when a part of a budget is reached.
    pub(crate) fn tell(&self, sinks: Vec<Arc<dyn AlertSink>>) {
        self.0.alerts.tell_from_now_on(sinks);
    }

    /// How many tokens requests take: learns from what vendors count.
    pub(crate) fn estimator(&self) -> &Estimator {
        &self.0.estimator
    }

    fn books(&self) -> Books {
        self.0.books.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Unix milliseconds.
    pub(crate) fn now(&self) -> u64 {
        (self.0.clock)()
    }

    /// A router with prices, and with what is left of budgets where there are any.
    pub(crate) fn advise(&self, router: llm_router::Builder, config: &Config) -> llm_router::Builder {
        let costs: Arc<Costs> = self.into();
        let router = router.prices(costs.clone());
        if config.budgets.is_empty() { router } else { router.budget(costs) }
    }

    /// Puts what was prepared in place.
    pub(crate) fn establish(&self, Prepared { list, books }: Prepared) {
        *self.0.list.write().unwrap_or_else(PoisonError::into_inner) = list;
        *self.0.books.write().unwrap_or_else(PoisonError::into_inner) = books;
    }
}

#[expect(clippy::disallowed_methods, reason = "windows of budgets and prices go by the calendar; tests bring a clock")]
fn system_time() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Money").finish_non_exhaustive()
    }
}
