#![doc = include_str!("../README.md")]
#![deny(unused_crate_dependencies)]

mod active;
mod around;
mod assessors;
mod batch;
mod builder;
#[cfg(feature = "cache")]
mod cached;
mod call_id;
mod chat_call;
mod client;
mod conduct;
mod config;
mod configured;
mod control;
mod credentials;
mod current;
mod environment;
mod function;
mod gates;
mod health;
mod misspelt;
#[cfg(feature = "budget")]
mod money;
pub mod normal;
mod offered;
mod operations;
#[cfg(feature = "prompt")]
mod prompt;
pub mod providers;
mod reply;
mod reply_stream;
mod routes;
mod served;
mod state;

pub use batch::{Batch, BatchItem, BatchOutcome, BatchProgress, BatchStream, Stop};
pub use builder::ClientBuilder;
#[cfg(feature = "cache")]
pub use cached::Cached;
pub use chat_call::ChatCall;
pub use client::{Client, Status};
pub use config::{
    AssessorsConfig, Config, CredentialsConfig, Defaults, HealthConfig, JudgeConfig, LimitsConfig, ProviderConfig,
    QualityGateConfig, RouteConfig, SharedConfig, StrategyName,
};
pub use configured::is_configured;
pub use control::TargetReport;
pub use environment::Environment;
pub use function::{FunctionModel, function};
pub use misspelt::misspelt_keys;
#[cfg(feature = "budget")]
pub use money::{Forecast, Money};
pub use offered::offered_operations;
pub use operations::{Operated, Operation};
pub use reply::Reply;
pub use reply_stream::{Piece, ReplyStream, Summary};
pub use served::{Listing, ServedModel};
pub use state::EngineState;

#[cfg(feature = "budget")]
pub use config::PricesConfig;
#[cfg(feature = "prompt")]
pub use config::PromptConfig;
#[cfg(feature = "cache")]
pub use config::{CacheConfig, CacheScope, CacheStore, EvictionName, RouteCacheConfig, SemanticConfig};
#[cfg(feature = "budget")]
pub use llm_budget as budget;
#[cfg(feature = "cache")]
pub use llm_cache as cache;
#[cfg(feature = "budget")]
pub use llm_catalog as catalog;
pub use llm_core as core;
pub use llm_core::{
    ChatRequest, ChatResponse, EmbedRequest, Error, ErrorKind, ImageRequest, Media, Message, ModerateRequest, Part,
    RerankRequest, SpeechRequest, Tool, TranscribeRequest,
};
#[cfg(feature = "structured")]
pub use llm_guard::structured;
#[cfg(feature = "prompt")]
pub use llm_prompt as prompts;
pub use llm_resilience::{
    BreakerPolicy, FallbackPolicy, HedgePolicy, KeyCooling, KeyStatus, LimitPolicy, RetryPolicy, StreamPolicy,
};
pub use llm_router::{
    Decision, Experiment, Feedback, Health, ProbeKind, Rule, Shadow, StrategyKind, TargetHealth, TargetSpec,
};

/// What most functions of this crate return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Every provider plugin that is linked into this binary: those of the enabled features and of third-party crates
/// that the application names in its code.
pub fn registry() -> Result<llm_core::Registry> {
    Ok(llm_core::Registry::linked()?)
}

/// Asks one question and returns the words of the answer: `LOQUAT_MODEL` answers, or the only configured provider.
///
/// Builds a client for this one call; a program that asks more than once builds a [`Client`] once.
pub async fn ask(text: impl Into<String>) -> Result<String> {
    Ok(Client::from_env()?.chat(text).await?.text())
}

// Used by the benchmark only.
#[cfg(test)]
use cpu_time as _;

/// The README's examples must compile.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// So must the guide's.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guides/providers.md")]
struct ProvidersGuide;
