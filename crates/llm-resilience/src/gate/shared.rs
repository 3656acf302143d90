//! What all gates have in common.

use super::last_resort::LastResort;
use crate::cooldown::{CoolDowns, Fingerprints};
use crate::limit::Limits;

/// What all gates of a registry share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) cool_downs: CoolDowns,
    pub(super) fingerprints: Fingerprints,
    pub(super) last_resort: LastResort,
    pub(super) limits: Limits,
}
