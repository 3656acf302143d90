//! Tools that a model may call.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ext::Extensions;

/// A tool offered to the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Tool {
    /// A function of the caller's.
    Function(FunctionTool),
    /// A tool that the vendor runs itself (web search, code execution); only that vendor can take it.
    Provider {
        /// `{provider}.{tool}`, for example `anthropic.web_search_20250305`.
        id: String,
        /// The name the model sees, where the vendor asks for one.
        #[serde(default)]
        name: String,
        /// The vendor's own settings of it.
        #[serde(default)]
        args: Map<String, Value>,
    },
}

/// A function of the caller's that the model may ask for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FunctionTool {
    /// Its name.
    pub name: String,
    /// What it does, for the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// JSON schema of its arguments (an object).
    #[serde(alias = "parameters")]
    pub schema: Value,
    /// Whether the vendor must hold the arguments to the schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strict: Option<bool>,
    /// Ask the vendor to cache the prompt up to here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<CacheHint>,
    /// Vendor-specific settings of this tool.
    #[serde(skip_serializing_if = "Extensions::is_empty")]
    pub ext: Extensions,
}

impl Tool {
    /// A function with its name, description and argument schema.
    pub fn function(name: impl Into<String>, description: impl Into<String>, schema: Value) -> Self {
        Self::Function(FunctionTool {
            name: name.into(),
            description: Some(description.into()),
            schema,
            ..FunctionTool::default()
        })
    }

    /// The name the model sees.
    pub fn name(&self) -> &str {
        match self {
            Self::Function(function) => &function.name,
            Self::Provider { id, name, .. } if name.is_empty() => id,
            Self::Provider { name, .. } => name,
        }
    }
}

/// Which tool the model must call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ToolChoice {
    /// The model decides.
    #[default]
    Auto,
    /// No tool.
    None,
    /// Any tool, but one at least.
    Required,
    /// This tool.
    Named(String),
}

/// Who runs a called tool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Executor {
    /// The caller.
    #[default]
    Client,
    /// The vendor; its result is in the same answer.
    Provider,
}

/// How a tool's run ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolStatus {
    /// It worked.
    #[default]
    Ok,
    /// It failed; the content says how.
    Error,
    /// It was not allowed to run.
    Denied,
}

/// Asks the vendor to cache the prompt up to the place where this stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheHint {
    /// How long, where the vendor lets one choose; its default otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Duration>,
}
