//! What all pools of a process share, and what outlives each of them.

use std::fmt;
use std::sync::Arc;

use tokio::time::Instant;

use super::sealed::Sealed;
use crate::cooldown::{CoolDowns, Fingerprints};

/// What was learned of keys: which are left alone, and which made what only their account can read.
///
/// A handle, cheap to clone, all clones the same. It outlives the pools: one that is built anew with the same handle knows
/// what the last one learned.
#[derive(Clone, Default)]
pub struct KeyPools(Arc<Shared>);

#[derive(Default)]
struct Shared {
    cool_downs: Arc<CoolDowns>,
    fingerprints: Fingerprints,
    sealed: Sealed,
}

impl KeyPools {
    /// Nothing learned yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends the cool-downs of keys that were refused, for an operator who has mended them. Where a vendor said until when
    /// to wait, that is kept.
    pub fn forget_refused(&self) {
        self.0.cool_downs.forget_refused_of_all(Instant::now());
    }

    pub(super) fn cool_downs(&self) -> &Arc<CoolDowns> {
        &self.0.cool_downs
    }

    pub(super) fn fingerprints(&self) -> &Fingerprints {
        &self.0.fingerprints
    }

    pub(super) fn sealed(&self) -> &Sealed {
        &self.0.sealed
    }

    /// The hash of a text, in this process.
    pub(super) fn hash(&self, text: &str) -> u64 {
        self.0.fingerprints.of_text(text).number()
    }
}

impl fmt::Debug for KeyPools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyPools").finish_non_exhaustive()
    }
}
