//! How good answers are: what callers say of them, and what assessors find.
//!
//! [`Quality`] joins a score with the request that it is about and tells those who learn: statistics, experiments,
//! strategies. The assessors implement [`llm_core::Assessor`], so a driver's quality gate takes them, too.

mod feedback;
mod learner;
mod ring;

pub use feedback::{Feedback, Quality};
pub use learner::{Learner, Scored};
