//! How good answers must be, and who says so.

use llm_router::FormRules;
use serde::Deserialize;

/// Who says how good an answer is. The lowest of their scores counts.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct AssessorsConfig {
    /// Rules of form: lengths, texts that must or must not be there, refusals, answers that were cut.
    pub rules: Option<FormRules>,
    /// An answer to a request for JSON must fit the schema of the request.
    pub json_schema: bool,
    /// Another model reads the answer. It costs what it costs.
    pub judge: Option<JudgeConfig>,
}

/// A model that judges answers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct JudgeConfig {
    /// A route or `provider/model`; its own answers are not judged.
    pub model: String,
    /// What makes an answer good, in words. Default: that it is correct, complete and does what was asked.
    #[serde(default)]
    pub criteria: Option<String>,
}

/// The lowest score with which an answer passes; a worse one is a failed attempt, and the next target is asked.
///
/// ```toml
/// [model.quality_gate]
/// min_score = 0.7
/// rules = { min_chars = 20 }
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct QualityGateConfig {
    /// From 0 to 1.
    pub min_score: f64,
    /// When no answer passes: an error instead of the best one. Default false.
    #[serde(default)]
    pub strict: bool,
    /// See [`AssessorsConfig::rules`].
    #[serde(default)]
    pub rules: Option<FormRules>,
    /// See [`AssessorsConfig::json_schema`].
    #[serde(default)]
    pub json_schema: bool,
    /// See [`AssessorsConfig::judge`].
    #[serde(default)]
    pub judge: Option<JudgeConfig>,
}

impl QualityGateConfig {
    pub(crate) fn assessors(&self) -> AssessorsConfig {
        AssessorsConfig { rules: self.rules.clone(), json_schema: self.json_schema, judge: self.judge.clone() }
    }
}
