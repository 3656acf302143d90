//! What was seen of each target: counts, latencies, throughput, cost and quality, decaying with time.
//!
//! [`Stats`] is an observer of requests. It keeps a fixed amount of memory per target and forgets the targets that were
//! not used for longest. Strategies ask it through [`StatsView`]; people read [`TargetStats`].

mod view;

pub use view::{Pulse, StatsView, TargetRecord};
