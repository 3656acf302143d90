//! What is done to prompts before they are sent.

use llm_prompt::optimise::Settings;
use serde::Deserialize;

/// What is done to prompts before they are sent.
///
/// ```toml
/// [prompt]
/// optimise = ["whitespace"]                      # or "phrases" too, which changes words
///
/// [[model]]
/// name = "essays"
/// targets = ["openai/gpt-5.4-mini"]
/// prompt = { optimise = { rules = ["whitespace", "phrases"], roles = ["user", "system"] } }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct PromptConfig {
    /// How prompts are made shorter: a list of rules, or a table. Default: not at all.
    pub optimise: Option<Settings>,
}

impl PromptConfig {
    /// Prompts are made shorter like this.
    pub fn optimise(settings: Settings) -> Self {
        Self { optimise: Some(settings) }
    }
}
