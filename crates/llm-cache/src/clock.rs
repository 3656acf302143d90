//! The wall clock, as a value: entries outlive processes, so their age is told in Unix time.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

/// Tells the time since the Unix epoch.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Duration + Send + Sync>);

impl Clock {
    /// A clock of one's own, for tests and simulations.
    pub fn new(now: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The clock of the system.
    pub fn system() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads it; everything else takes a Clock")]
        Self::new(|| std::time::SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
    }

    /// A clock that begins at a time and goes as fast as tokio's, paused when that is.
    pub fn from_tokio(begin: Duration) -> Self {
        let start = tokio::time::Instant::now();
        Self::new(move || begin + start.elapsed())
    }

    /// Milliseconds since the Unix epoch.
    pub fn now(&self) -> u64 {
        millis((self.0)())
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// A time in whole milliseconds.
pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
