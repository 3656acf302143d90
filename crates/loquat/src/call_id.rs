//! Our own names of calls, under which observers, feedback and logs know them.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Makes names that no other process is likely to make: they start anywhere and count up.
pub(crate) struct CallIds(AtomicU64);

impl CallIds {
    pub(crate) fn new() -> Self {
        // Seeded by the operating system, and the standard library needs no generator of its own for it.
        Self(AtomicU64::new(RandomState::new().hash_one(0)))
    }

    /// The next name: `call-` and 16 hexadecimal digits.
    pub(crate) fn next(&self) -> Arc<str> {
        format!("call-{:016x}", self.0.fetch_add(1, Ordering::Relaxed)).into()
    }
}
