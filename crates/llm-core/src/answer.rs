//! What answers of all operations but chat have in common, written once.

use std::sync::Arc;

use crate::attempt::Attempt;
use crate::cache::CacheStatus;
use crate::cost::Cost;
use crate::id::Origin;
use crate::usage::Usage;
use crate::warning::Warning;

/// The answer of an operation: what the vendor gave, of which the first field is its heart, and the facts about it that
/// every answer has.
macro_rules! answer {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $(#[$first_meta:meta])*
            pub $first:ident: $first_kind:ty,
            $($(#[$field_meta:meta])* pub $field:ident: $kind:ty,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[non_exhaustive]
        pub struct $name {
            /// Who answered.
            pub origin: std::sync::Arc<$crate::id::Origin>,
            /// The vendor's id of the answer.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub id: Option<String>,
            /// The model, as the answer names it.
            #[serde(default)]
            pub model: Option<String>,
            /// The vendor's id of the HTTP request, for its support.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub request_id: Option<String>,
            $(#[$first_meta])*
            pub $first: $first_kind,
            $($(#[$field_meta])* pub $field: $kind,)*
            /// What was used: tokens, and what is counted beside them.
            #[serde(default)]
            pub usage: $crate::usage::Usage,
            /// What it cost, where that is known: all attempts that were billed.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub cost: Option<$crate::cost::Cost>,
            /// What the response cache did for it; `None` where there is no cache.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub cache: Option<$crate::cache::CacheStatus>,
            /// What the caller should know.
            #[serde(default)]
            pub warnings: Vec<$crate::warning::Warning>,
            /// Every attempt that was made for it, the successful one last; empty below the driver.
            #[serde(default, skip_serializing_if = "Vec::is_empty")]
            pub attempts: Vec<$crate::attempt::Attempt>,
        }

        impl $name {
            /// An answer with nothing but its heart; set the other fields on it.
            pub fn new(origin: std::sync::Arc<$crate::id::Origin>, $first: $first_kind) -> Self {
                Self {
                    origin,
                    id: None,
                    model: None,
                    request_id: None,
                    $first,
                    $($field: Default::default(),)*
                    usage: $crate::usage::Usage::default(),
                    cost: None,
                    cache: None,
                    warnings: Vec::new(),
                    attempts: Vec::new(),
                }
            }

        }

        impl $crate::answer::Answer for $name {
            fn about(&mut self) -> $crate::answer::About<'_> {
                $crate::answer::About {
                    origin: &self.origin,
                    request_id: &mut self.request_id,
                    usage: &self.usage,
                    cost: &mut self.cost,
                    cache: &mut self.cache,
                    warnings: &mut self.warnings,
                    attempts: &mut self.attempts,
                }
            }
        }
    };
}
pub(crate) use answer;

/// An answer of any operation, of which the facts are known that all have in common.
pub trait Answer {
    /// The facts about it.
    fn about(&mut self) -> About<'_>;
}

/// The facts about an answer, whatever operation it is of: what layers read and set.
#[derive(Debug)]
#[non_exhaustive]
pub struct About<'a> {
    /// Who answered.
    pub origin: &'a Arc<Origin>,
    /// The vendor's id of the HTTP request.
    pub request_id: &'a mut Option<String>,
    /// What was used.
    pub usage: &'a Usage,
    /// What it cost, where that is known.
    pub cost: &'a mut Option<Cost>,
    /// What the response cache did for it.
    pub cache: &'a mut Option<CacheStatus>,
    /// What the caller should know.
    pub warnings: &'a mut Vec<Warning>,
    /// Every attempt that was made for it.
    pub attempts: &'a mut Vec<Attempt>,
}
