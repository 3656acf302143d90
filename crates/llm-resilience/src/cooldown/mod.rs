//! Cool-downs: keys that a vendor refused, or asked to wait with, are left alone for a while.
//!
//! A breaker is about the target and concerns everybody; a cool-down is about one key at a provider, or one key at one
//! model, and other keys go on. So a wrong key never opens a breaker, and an open breaker never hides a wrong key.

mod fingerprint;
mod policy;
mod registry;
mod state;

pub use fingerprint::Fingerprint;
pub(crate) use fingerprint::Fingerprints;
pub use policy::CoolDownPolicy;
pub use registry::CoolDownStatus;
pub(crate) use registry::{CoolDowns, Place, Turn};
pub(crate) use state::Cooled;
