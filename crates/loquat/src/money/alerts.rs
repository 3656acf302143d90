//! Who is told that a budget is nearly gone: the log, and whom the application names.

use std::sync::{Arc, PoisonError, RwLock};

use llm_budget::{Alert, AlertSink};

/// Everybody who is told. Cheap to clone; clones are one.
#[derive(Clone, Default)]
pub(crate) struct Alerts(Arc<RwLock<Vec<Arc<dyn AlertSink>>>>);

impl Alerts {
    /// These in place of those that were told until now.
    pub(crate) fn tell_from_now_on(&self, sinks: Vec<Arc<dyn AlertSink>>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = sinks;
    }

    pub(crate) fn tell(&self, alert: &Alert) {
        tracing::warn!(
            budget = %alert.budget, account = %alert.account,
            "the budget {} has reached ${} of ${}", alert.budget, alert.reached, alert.limit
        );
        // Told without the lock: a sink may look at the client.
        let sinks = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        for sink in sinks {
            sink.on(alert);
        }
    }
}
