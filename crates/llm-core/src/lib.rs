#![doc = include_str!("../README.md")]

mod accumulate;
mod assess;
mod attempt;
mod cache;
mod capability;
mod chat;
mod closest;
mod cost;
mod cx;
pub mod duration_text;
mod embed;
mod error;
mod error_kind;
mod estimate;
mod ext;
mod hints;
mod id;
mod layer;
mod media;
mod message;
mod models;
mod money;
mod observer;
mod open_enum;
mod part;
mod plan;
mod plugin;
mod provider;
mod redact;
mod registry;
mod response;
mod savings;
mod secret;
pub mod stream;
mod target_state;
mod tool;
mod transport;
mod usage;
mod warning;

pub use accumulate::{Accumulator, SequenceError};
pub use assess::{Assessment, Assessor};
pub use attempt::{Attempt, AttemptFailure, AttemptReason};
pub use cache::{CacheControl, CacheStatus};
#[cfg(not(target_family = "wasm"))]
pub use capability::MODEL_CARDS;
pub use capability::{Availability, Capabilities, KnownModels, LinkedCards, ModelCard, Support, model_card};
pub use chat::{ChatRequest, Effort, JsonSchema, OutputFormat, Reasoning, Sampling};
pub use closest::closest;
pub use cost::{Component, Cost, CostLine, CostSource};
pub use cx::{Cx, Timeouts};
pub use embed::{EmbedRequest, EmbedResponse};
pub use error::{Error, Progress};
pub use error_kind::{Billed, ErrorKind, Fallback, Policy, Retry, TimeoutStage};
pub use estimate::{BytesEstimator, TokenEstimate, TokenEstimator};
pub use ext::Extensions;
pub use hints::{Hints, Priority, QualityNeed};
pub use id::{Origin, ParseTargetError, Target};
pub use layer::Layer;
pub use media::{Media, MediaData, base64_text};
pub use message::{Message, Role};
pub use models::ModelInfo;
pub use money::{ParseUsdError, Usd};
pub use observer::{Observed, Observer, RequestInfo};
pub use part::{Citation, Part, PartKind, ToolCall, ToolResult, Visibility};
pub use plan::{Arm, Plan, PlanTarget, Planner};
pub use plugin::{Build, BuildCx, ProviderPlugin, Setting, read_config};
pub use provider::{Adapter, Provider, Request, Response};
#[cfg(not(target_family = "wasm"))]
pub use redact::REDACTION_PATTERNS;
pub use redact::{RedactionPattern, redact};
#[doc(hidden)]
pub use registry::Registration;
pub use registry::{Registry, RegistryError};
pub use response::{Candidate, ChatResponse, Finish, FinishReason, RateLimits, Timing};
pub use savings::PromptSavings;
pub use secret::Secret;
pub use stream::{ChatStream, Event, PartId, StreamFinish, StreamStart};
pub use target_state::{Load, TargetState, TargetStates};
pub use tool::{CacheHint, Executor, FunctionTool, Tool, ToolChoice, ToolStatus};
pub use transport::{Body, HttpRequest, HttpResponse, Transport};
pub use usage::Usage;
pub use warning::{OnUnsupported, Resumption, Warning, Warnings};

pub use async_trait::async_trait;
#[doc(hidden)]
pub use inventory;
#[doc(hidden)]
pub use linkme;
pub use tokio_util::sync::CancellationToken;
