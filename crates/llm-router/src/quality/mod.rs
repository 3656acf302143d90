//! How good answers are: what callers say of them, and what assessors find.
//!
//! [`Quality`] joins a score with the request that it is about and tells those who learn: statistics, experiments,
//! strategies. The assessors implement [`llm_core::Assessor`], so a driver's quality gate takes them, too.

mod combine;
mod feedback;
mod judge;
mod learner;
mod ring;
mod rules;
mod sampling;
mod schema;

pub use combine::{AllAssessors, WeightedAssessors};
pub use feedback::{Feedback, Quality};
pub use judge::{Judge, JudgeSpent};
pub use learner::{Learner, Scored};
pub use rules::FormRules;
pub use sampling::{SampleCounts, SampleWorker, Sampler};
pub use schema::JsonSchemaAssessor;
