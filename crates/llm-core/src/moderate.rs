//! The operation that says whether content breaks a vendor's rules.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::answer::answer;
use crate::ext::Extensions;
use crate::part::Part;
use crate::warning::OnUnsupported;

/// Contents to judge, each by itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ModerateRequest {
    /// The model: a route or `provider/model` above the router, the vendor's own name below it.
    pub model: String,
    /// The contents.
    pub inputs: Vec<ModerateInput>,
    /// What to do with fields that the target cannot express.
    pub on_unsupported: OnUnsupported,
    /// Vendor-specific settings.
    #[serde(skip_serializing_if = "Extensions::is_empty")]
    pub ext: Extensions,
}

/// One content: words, and images where a vendor looks at them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ModerateInput {
    /// Its parts, which are judged together.
    pub content: Vec<Part>,
}

impl ModerateRequest {
    /// Contents for a model.
    pub fn new(model: impl Into<String>, inputs: impl IntoIterator<Item = impl Into<ModerateInput>>) -> Self {
        Self { model: model.into(), inputs: inputs.into_iter().map(Into::into).collect(), ..Self::default() }
    }
}

impl ModerateInput {
    /// A content of these parts.
    pub fn new(content: Vec<Part>) -> Self {
        Self { content }
    }

    /// Its words, where it is nothing but one text.
    pub fn as_text(&self) -> Option<&str> {
        match &*self.content {
            [part] => part.as_text(),
            _ => None,
        }
    }
}

impl From<&str> for ModerateInput {
    fn from(text: &str) -> Self {
        Self::new(vec![Part::text(text)])
    }
}

impl From<String> for ModerateInput {
    fn from(text: String) -> Self {
        Self::new(vec![Part::text(text)])
    }
}

answer! {
    /// Judgements, one per content, in the order of the contents.
    pub struct ModerateResponse {
        /// The judgements.
        pub results: Vec<Moderation>,
    }
}

/// What a vendor says of one content.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Moderation {
    /// It breaks a rule. Where a vendor does not say so itself, it does when any category does.
    pub flagged: bool,
    /// The vendor's categories, by its own names.
    pub categories: BTreeMap<String, ModerationCategory>,
}

/// What a vendor says of one content in one category.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ModerationCategory {
    /// It breaks this rule.
    pub flagged: bool,
    /// How sure the vendor is, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// The kinds of content that the score is about (`text`, `image`), where a vendor says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applies_to: Option<Vec<String>>,
}

impl Moderation {
    /// With one more category; a broken one breaks the whole.
    pub fn with_category(mut self, name: impl Into<String>, flagged: bool, score: Option<f64>) -> Self {
        self.flagged |= flagged;
        self.categories.insert(name.into(), ModerationCategory { flagged, score, applies_to: None });
        self
    }
}

impl ModerationCategory {
    /// A judgement in one category.
    pub fn new(flagged: bool, score: Option<f64>) -> Self {
        Self { flagged, score, applies_to: None }
    }
}
