//! A name for a key that does not show it.

use std::fmt;
use std::hash::{BuildHasher, RandomState};

use llm_core::Secret;

/// A name for a key, or for an address that a caller chose: 8 hexadecimal digits that are worth nothing outside of this process.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// The whole hash, for maps of this process.
    pub(crate) fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Half of the hash: enough to tell the keys of an operator apart, too little to find one from.
        write!(f, "{:08x}", self.0 >> 32)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Makes fingerprints with a hash key of its own, drawn once, so that nobody can make them from a guessed key.
#[derive(Debug, Default)]
pub(crate) struct Fingerprints(RandomState);

impl Fingerprints {
    pub(crate) fn of(&self, secret: &Secret) -> Fingerprint {
        self.of_text(secret.expose())
    }

    pub(crate) fn of_text(&self, text: &str) -> Fingerprint {
        Fingerprint(self.0.hash_one(text))
    }
}
