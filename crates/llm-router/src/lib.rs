#![doc = include_str!("../README.md")]

mod builder;
mod explain;
mod health;
mod plan;
mod route;
mod router;
mod stats;
mod strategy;
mod target;

pub use builder::Builder;
pub use explain::{ExplainedSkip, Explanation};
pub use health::{Health, HealthPolicy, HealthState};
pub use plan::{Decision, Skipped, WhyNot};
pub use route::Route;
pub use router::Router;
pub use stats::{
    CostModel, FailureStats, LabelStats, LatencyStats, ModelStats, Pulse, QualityStats, ShadowStats, Stats,
    StatsSettings, StatsView, TargetRecord, TargetStats,
};
pub use strategy::{Manual, Priority, Strategy, StrategyKind};
pub use target::TargetSpec;
