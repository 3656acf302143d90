//! Key pools: several keys of one provider, and keys that change while the process runs.
//!
//! `pool` decides which key a call gets and what its outcome means, as a pure state machine; `known` follows where a key
//! comes from; `layer` stands around one provider and carries both out; `stream` does so for streams up to their first
//! content; `sealed` remembers which key made what only that key's account can read.
//!
//! A key that a vendor refused is left alone by the rules of [`cooldown`](crate::CoolDownPolicy), and the next one is
//! asked within the same attempt: the driver above hears of it only when no key is left.

mod known;
mod layer;
mod noted;
mod pool;
#[cfg(test)]
mod pool_model;
#[cfg(test)]
mod pool_tests;
mod sealed;
mod seen;
mod shared;
mod source;
mod status;
mod stream;

pub use layer::Keys;
pub(crate) use noted::is_noted;
pub use shared::KeyPools;
pub use source::{FixedKey, KeySource};
pub use status::{KeyCooling, KeyStatus};
