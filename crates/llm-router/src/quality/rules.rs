//! Rules of form: what can be said of an answer without understanding it.

use async_trait::async_trait;
use llm_core::{Assessment, Assessor, ChatRequest, ChatResponse, Cx, Error, FinishReason, PartKind};
use serde::{Deserialize, Serialize};

/// Assesses answers by their form. An answer that was refused, filtered, cut off or is empty is worth nothing; of the
/// other rules each that fails takes away its part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct FormRules {
    /// The fewest characters. Default none.
    pub min_chars: Option<usize>,
    /// The most characters. Default none.
    pub max_chars: Option<usize>,
    /// Texts of which each must be there, in capitals or not.
    pub must_contain: Vec<String>,
    /// Texts of which none may be there, in capitals or not.
    pub must_not_contain: Vec<String>,
    /// Whether an answer that reached the longest allowed length is good enough. Default false.
    pub allow_truncated: bool,
    /// Whether an answer by which the model declines is good enough. Default false.
    pub allow_refusal: bool,
}

impl FormRules {
    /// With the fewest characters.
    pub fn with_min_chars(mut self, chars: usize) -> Self {
        self.min_chars = Some(chars);
        self
    }

    /// With the most characters.
    pub fn with_max_chars(mut self, chars: usize) -> Self {
        self.max_chars = Some(chars);
        self
    }

    /// With a text that must be there.
    pub fn with_required(mut self, text: impl Into<String>) -> Self {
        self.must_contain.push(text.into());
        self
    }

    /// With a text that may not be there.
    pub fn with_forbidden(mut self, text: impl Into<String>) -> Self {
        self.must_not_contain.push(text.into());
        self
    }

    /// What makes an answer worth nothing.
    fn spoilt(&self, response: &ChatResponse) -> Option<&'static str> {
        let refused = || response.message.content.iter().any(|part| matches!(part.kind, PartKind::Refusal { .. }));
        match &response.finish.reason {
            FinishReason::ContentFilter => return Some("it was filtered"),
            FinishReason::Error => return Some("it broke off"),
            FinishReason::Length | FinishReason::ContextWindow if !self.allow_truncated => {
                return Some("it was cut off");
            }
            FinishReason::Refusal if !self.allow_refusal => return Some("the model declined"),
            _ if !self.allow_refusal && refused() => return Some("the model declined"),
            _ => {}
        }
        let is_empty = |text: &str| text.trim().is_empty();
        let nothing = response.message.content.iter().all(|part| match &part.kind {
            PartKind::Reasoning { .. } => true,
            _ => part.as_text().is_some_and(is_empty),
        });
        nothing.then_some("it is empty")
    }

    /// The assessment itself, which needs neither environment nor request.
    pub fn judge(&self, response: &ChatResponse) -> Assessment {
        if let Some(why) = self.spoilt(response) {
            return Assessment::new(0.0, why);
        }
        let text = response.text();
        // Only tools are called: there is no text to look at.
        if text.is_empty() {
            return Assessment::new(1.0, "there is no text to look at");
        }
        let chars = text.chars().count();
        let lower = text.to_lowercase();
        let has = |wanted: &String| lower.contains(&wanted.to_lowercase());
        let lengths = [
            self.min_chars.map(|least| (chars >= least, "it is too short")),
            self.max_chars.map(|most| (chars <= most, "it is too long")),
        ];
        let required = self.must_contain.iter().map(|text| (has(text), "a required text is missing"));
        let forbidden = self.must_not_contain.iter().map(|text| (!has(text), "a forbidden text is there"));
        let (mut rules, mut kept, mut first) = (0u32, 0u32, None);
        for (holds, otherwise) in lengths.into_iter().flatten().chain(required).chain(forbidden) {
            rules += 1;
            kept += u32::from(holds);
            if !holds && first.is_none() {
                first = Some(otherwise);
            }
        }
        let score = if rules == 0 { 1.0 } else { f64::from(kept) / f64::from(rules) };
        Assessment::new(score, first.unwrap_or("all rules hold"))
    }
}

#[async_trait]
impl Assessor for FormRules {
    fn name(&self) -> &'static str {
        "rules"
    }

    async fn assess(&self, _cx: &Cx, _request: &ChatRequest, response: &ChatResponse) -> Result<Assessment, Error> {
        Ok(self.judge(response))
    }
}
