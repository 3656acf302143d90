#![doc = include_str!("../README.md")]

mod bound;
mod builder;
mod classify;
mod contest;
mod control;
mod decide;
mod draw;
mod experiment;
mod explain;
mod facts;
mod filter;
mod health;
mod money;
mod needs;
mod plan;
mod quality;
mod ready;
mod route;
mod router;
mod rule;
mod snapshot;
mod sources;
mod stats;
mod strategy;
mod table;
mod target;
mod view;
mod virtual_route;

pub use bound::{Bound, Held, HeldState};
pub use builder::Builder;
pub use classify::{ByForm, Classifier, Complexity};
pub use contest::Contest;
pub use decide::{Candidate, Decision, Inputs, decide};
pub use experiment::{
    AfterStop, ArmResults, ArmSpec, Assigned, Assignment, Comparison, Estimate, Experiment, ExperimentResults,
    ExperimentStatus, Experiments, Goal, SavedExperiments, Shadow, StickyBy, StopReason, StopRules, WithoutKey,
};
pub use facts::{ASSUMED_OUTPUT, Facts};
pub use filter::WhyNot;
pub use health::{Health, HealthPolicy, HealthState, ProbeKind, ProbePolicy, Prober, TargetHealth};
pub use money::{BudgetLeft, Payer, Price, Prices};
// Money is one type in the whole workspace; routes are written with it.
pub use llm_core::{ParseUsdError, Usd};
pub use needs::{Given, MediaNeed, Need, Needs};
pub use quality::{
    AllAssessors, Feedback, FormRules, JsonSchemaAssessor, Judge, JudgeSpent, Learner, Quality, SampleCounts,
    SampleWorker, Sampler, Scored, WeightedAssessors,
};
pub use route::Route;
pub use router::Router;
pub use rule::{Between, Rule, When};
pub use snapshot::{Condition, Snapshot, TargetView};
pub use stats::{
    ByPrices, CostModel, FailureStats, LabelStats, LatencyStats, ModelStats, Pulse, QualityStats, ShadowStats, Stats,
    StatsSettings, StatsView, TargetRecord, TargetStats,
};
#[doc(hidden)]
pub use strategy::RegisteredStrategy;
pub use strategy::{
    Adaptive, Belief, Beliefs, BestQuality, BudgetPressure, ByComplexity, Chance, Choice, Cost, Fastest, Guess,
    Latency, Learning, LearningSettings, LeastBusy, Manual, Measure, OwnStrategy, Priority, Reads, Score, Strategy,
    StrategyKind, StrategySpec, TaskRoute, Tasks, Weighted, registered,
};
pub use target::{OnlyIf, REQUIRE, TargetSpec};
pub use view::{PlaceView, RouteView};
pub use virtual_route::{BEST_QUALITY, CHEAPEST, FASTEST};

#[doc(hidden)]
pub use llm_core::inventory;
