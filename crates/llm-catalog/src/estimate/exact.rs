//! Exact counts of texts for OpenAI's models, by their own vocabularies.
//!
//! `bpe-openai` carries the vocabularies in the crate, takes time in proportion to the text whatever it is, and counts
//! without keeping the tokens.

use std::sync::Arc;

use bpe_openai::{Tokenizer, cl100k_base, o200k_base};
use llm_core::{Request, TokenEstimate, TokenEstimator};
use serde_json::Value;

use super::family::{Family, has};
use super::tally::Tally;
use super::{Estimator, request};

/// Counts texts for OpenAI's models exactly, and has others estimated. What templates put around the texts is the same.
///
/// Its first use reads a vocabulary, which takes some hundredths of a second.
#[derive(Clone, Debug, Default)]
pub struct ExactEstimator {
    estimator: Arc<Estimator>,
}

impl ExactEstimator {
    /// For all other models, this one.
    pub fn new(estimator: Arc<Estimator>) -> Self {
        Self { estimator }
    }

    /// The tokens of a request for a model at a provider.
    pub fn estimate_at(&self, provider: &str, model: &str, request: &Request) -> TokenEstimate {
        let Some(tokenizer) = tokenizer(model) else { return self.estimator.estimate_at(provider, model, request) };
        let mut exact = Exact { tokenizer, thousandths: 0 };
        let fixed = request::count(&mut exact, provider, model, request);
        request::estimate((exact.thousandths + 500) / 1000 + fixed, request)
    }
}

impl TokenEstimator for ExactEstimator {
    fn estimate(&self, model: &str, request: &Request) -> TokenEstimate {
        self.estimate_at("", model, request)
    }
}

/// How many tokens a text has for a model; `None` where its vocabulary is not known.
pub fn exact_tokens(model: &str, text: &str) -> Option<u64> {
    Some(count(tokenizer(model)?, text))
}

fn tokenizer(model: &str) -> Option<&'static Tokenizer> {
    match Family::of(model) {
        Family::GptOss => Some(o200k_base()),
        Family::Gpt if is_before_4o(model) => Some(cl100k_base()),
        Family::Gpt => Some(o200k_base()),
        _ => None,
    }
}

/// GPT-3.5, GPT-4 and GPT-4 Turbo, and the embeddings.
fn is_before_4o(model: &str) -> bool {
    let has = |words: &[&str]| words.iter().any(|word| has(model, word));
    has(&["gpt-3.5", "gpt-35", "embedding"]) || has(&["gpt-4"]) && !has(&["gpt-4o", "gpt-4.1", "gpt-4.5"])
}

fn count(tokenizer: &Tokenizer, text: &str) -> u64 {
    u64::try_from(tokenizer.count(text)).unwrap_or(u64::MAX)
}

struct Exact {
    tokenizer: &'static Tokenizer,
    thousandths: u64,
}

impl Tally for Exact {
    fn text(&mut self, text: &str) {
        self.thousandths += count(self.tokenizer, text) * 1000;
    }

    fn put(&mut self, thousandths: u64) {
        self.thousandths += thousandths;
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.text(text),
            _ => self.text(&value.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use llm_core::ChatRequest;

    use super::*;

    #[test]
    fn texts_are_counted_by_the_models_vocabulary() {
        // From OpenAI's cookbook on counting tokens.
        assert_eq!(exact_tokens("gpt-4-turbo", "antidisestablishmentarianism"), Some(6));
        assert_eq!(exact_tokens("gpt-4o", "antidisestablishmentarianism"), Some(6));
        assert_eq!(exact_tokens("gpt-4-turbo", "お誕生日おめでとう"), Some(9));
        assert_eq!(exact_tokens("gpt-4o", "お誕生日おめでとう"), Some(8));
        assert_eq!(exact_tokens("claude-sonnet-4-5", "hello"), None);
    }

    #[test]
    fn others_are_estimated() {
        let request = Request::Chat(Arc::new(ChatRequest::new("m").with_user("お誕生日おめでとう")));
        let exact = ExactEstimator::default();
        assert_eq!(exact.estimate("gpt-4o", &request).input, 8 + 7);
        let estimator = Estimator::default();
        assert_eq!(exact.estimate("claude-sonnet-4-5", &request), estimator.estimate("claude-sonnet-4-5", &request));
    }
}
