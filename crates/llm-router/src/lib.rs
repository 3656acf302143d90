#![doc = include_str!("../README.md")]

mod builder;
mod experiment;
mod explain;
mod health;
mod money;
mod plan;
mod quality;
mod route;
mod router;
mod stats;
mod strategy;
mod target;

pub use builder::Builder;
pub use experiment::{
    AfterStop, ArmResults, ArmSpec, Assignment, Comparison, Estimate, Experiment, ExperimentResults, ExperimentStatus,
    Experiments, Goal, SavedExperiments, Shadow, StickyBy, StopReason, StopRules, WithoutKey,
};
pub use explain::{ExplainedSkip, Explanation};
pub use health::{Health, HealthPolicy, HealthState};
pub use money::{BudgetLeft, ParseUsdError, Price, Prices, Usd};
pub use plan::{Decision, Skipped, WhyNot};
pub use quality::{Feedback, Learner, Quality, Scored};
pub use route::Route;
pub use router::Router;
pub use stats::{
    CostModel, FailureStats, LabelStats, LatencyStats, ModelStats, Pulse, QualityStats, ShadowStats, Stats,
    StatsSettings, StatsView, TargetRecord, TargetStats,
};
pub use strategy::{Manual, Priority, Strategy, StrategyKind};
pub use target::TargetSpec;
