#![doc = include_str!("../README.md")]

mod attempt;
mod breaker;
mod cooldown;
mod credential;
mod gate;
mod hedge;
mod learned;
pub mod limit;
mod quality;
mod retry;
mod settings;
mod share;
mod shed;
mod timeout;

pub mod backoff;

pub use attempt::{
    ALL_TARGETS_FAILED, Builder, CANNED, Commit, FallbackPolicy, OnBreak, RETRY_BUDGET_EXHAUSTED, Resilient,
    StreamPolicy, Window,
};
pub use breaker::{Breaker, BreakerPolicy, BreakerReason, BreakerState, Outcome, Permit, Refusal};
pub use cooldown::{CoolDownPolicy, CoolDownStatus, Fingerprint};
pub use credential::{FixedKey, KeyCooling, KeyPools, KeySource, KeyStatus, Keys};
pub use gate::{Asked, COOLED_DOWN, Gate, GateScope, GateSettings, GateStatus, Gates, Pass, Verdict};
pub use hedge::{HedgeAfter, HedgePolicy};
pub use learned::Learned;
pub use limit::{LimitPolicy, LimitScope, Limits};
pub use quality::{QUALITY_GATE, QualityGate};
pub use retry::{Decision, RetryBudget, RetryLayer, RetryPolicy, Situation};
pub use settings::Settings;
pub use share::Share;
pub use shed::{ShedLevel, ShedLoad, ShedPolicy, Throttle};
pub use timeout::{SHORTEST_ATTEMPT, TimeoutPolicy, TimeoutProfile};
