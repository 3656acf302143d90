//! Limits: how much may be asked of a target, a provider, a credential, for a tenant, and at all.

mod amounts;
mod bucket;
mod learned;
mod policy;
mod set;

pub use amounts::{Dimension, TokenEstimate};
pub use bucket::{Bucket, Rate, Short};
pub use learned::{Learned, Report};
pub use policy::LimitPolicy;
