//! Error answers before they take a vendor's form.

use std::time::Duration;

use llm_core::duration_text;
use serde::{Deserialize, Serialize};

/// An error that a vendor reports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Problem {
    /// What is wrong.
    pub class: Class,
    /// Another status than the vendor's own for this class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// How long to wait, said in the vendor's way.
    #[serde(default, with = "duration_text::option", skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<Duration>,
    /// Another wording than the emulator's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The request field that is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub param: Option<String>,
    /// The vendor's machine code, where it has one for the very case.
    #[serde(skip)]
    pub(crate) code: Option<&'static str>,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Class {
    /// The key is missing or wrong.
    Auth,
    /// The key may not do this.
    Permission,
    /// No such model or path.
    NotFound,
    /// The request is wrong in itself.
    Invalid,
    /// Too many bytes.
    TooLarge,
    /// Too many tokens for the model.
    ContextLength,
    /// The filter refuses the prompt.
    ContentFilter,
    /// Too many requests for now.
    RateLimited,
    /// Credit or plan is used up.
    Quota,
    /// The vendor has no capacity.
    Overloaded,
    /// The vendor failed.
    Server,
}

impl Class {
    /// The class that fits a status.
    pub(crate) fn of_status(status: u16) -> Self {
        match status {
            401 => Self::Auth,
            402 => Self::Quota,
            403 => Self::Permission,
            404 => Self::NotFound,
            413 => Self::TooLarge,
            429 => Self::RateLimited,
            503 | 529 => Self::Overloaded,
            500.. => Self::Server,
            _ => Self::Invalid,
        }
    }
}

impl Problem {
    /// A problem in the vendor's usual form.
    pub fn new(class: Class) -> Self {
        Self { class, status: None, retry_after: None, message: None, param: None, code: None }
    }

    /// The problem that a status stands for, with that status at every vendor.
    pub fn of_status(status: u16) -> Self {
        Self { status: Some(status), ..Self::new(Class::of_status(status)) }
    }

    /// With how long to wait.
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// With other words.
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// A field of the request that is wrong.
    pub(crate) fn invalid(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self { param: Some(param.into()), message: Some(message.into()), ..Self::new(Class::Invalid) }
    }

    /// With the vendor's machine code.
    pub(crate) fn with_code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// The words to report: its own, or these.
    pub(crate) fn message_or(&self, usual: impl Into<String>) -> String {
        self.message.clone().unwrap_or_else(|| usual.into())
    }
}
