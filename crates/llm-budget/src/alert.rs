//! Telling that a budget is nearly gone.

use std::sync::Arc;

use llm_core::Usd;

/// A budget has reached a part of its limit. Told once per account and window, by one of all replicas.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Alert {
    /// Which budget.
    pub budget: Arc<str>,
    /// Which account of it.
    pub account: Arc<str>,
    /// The amount that was reached.
    pub reached: Usd,
    /// What is spent by now.
    pub spent: Usd,
    /// The limit.
    pub limit: Usd,
    /// When the window ends, in Unix milliseconds.
    pub ends: Option<u64>,
}

/// Told of alerts. Must not block. Closures are sinks.
pub trait AlertSink: Send + Sync + 'static {
    /// A budget has reached a part of its limit.
    fn on(&self, alert: &Alert);
}

impl<F: Fn(&Alert) + Send + Sync + 'static> AlertSink for F {
    fn on(&self, alert: &Alert) {
        self(alert);
    }
}
