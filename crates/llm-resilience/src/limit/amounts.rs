//! What one request takes of each dimension: estimated before it, known after it.

use std::fmt;

use llm_core::Usage;

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dimension {
    /// Requests a minute.
    Requests,
    /// Requests a day.
    RequestsPerDay,
    /// Tokens a minute.
    Tokens,
    /// Input tokens a minute.
    InputTokens,
    /// Output tokens a minute.
    OutputTokens,
}

impl Dimension {
    /// All, in the order in which amounts are kept.
    pub const ALL: [Self; 5] =
        [Self::Requests, Self::RequestsPerDay, Self::Tokens, Self::InputTokens, Self::OutputTokens];
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Requests => "requests a minute (rpm)",
            Self::RequestsPerDay => "requests a day (rpd)",
            Self::Tokens => "tokens a minute (tpm)",
            Self::InputTokens => "input tokens a minute (itpm)",
            Self::OutputTokens => "output tokens a minute (otpm)",
        })
    }
}

/// Tokens of a request: estimated before it, reported after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tokens {
    /// Every input token.
    pub(crate) input: u64,
    /// Of `input`: read from the prompt cache.
    pub(crate) cached: u64,
    /// Output tokens, reasoning included.
    pub(crate) output: u64,
}

impl Tokens {
    /// So many tokens in and out, nothing of it cached.
    pub(crate) fn new(input: u64, output: u64) -> Self {
        Self { input, cached: 0, output }
    }

    /// What was used. What the vendor did not report stays as it was thought.
    pub(crate) fn corrected(self, usage: &Usage) -> Self {
        let input = usage.input.unwrap_or(self.input);
        let cached = if usage.input.is_some() { usage.cache_read.unwrap_or(0) } else { self.cached };
        Self { input, cached: cached.min(input), output: usage.output.unwrap_or(self.output) }
    }
}

/// What one request takes of each dimension.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Amounts {
    pub(crate) requests: u64,
    pub(crate) tokens: Tokens,
}

impl Amounts {
    /// One request.
    pub(crate) fn one(tokens: Tokens) -> Self {
        Self { requests: 1, tokens }
    }

    /// The part that counts in a dimension.
    pub(crate) fn of(&self, dimension: Dimension, cached_input: bool) -> u64 {
        let tokens = &self.tokens;
        match dimension {
            Dimension::Requests | Dimension::RequestsPerDay => self.requests,
            Dimension::Tokens => tokens.input.saturating_add(tokens.output),
            Dimension::InputTokens if cached_input => tokens.input,
            Dimension::InputTokens => tokens.input.saturating_sub(tokens.cached),
            Dimension::OutputTokens => tokens.output,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dimension_counts_its_own() {
        let amounts = Amounts::one(Tokens { input: 100, cached: 30, output: 7 });
        assert_eq!(Dimension::ALL.map(|dimension| amounts.of(dimension, false)), [1, 1, 107, 70, 7]);
        assert_eq!(amounts.of(Dimension::InputTokens, true), 100);
    }

    #[test]
    fn usage_corrects_what_it_reports() {
        let estimate = Tokens { input: 100, cached: 30, output: 7 };
        assert_eq!(estimate.corrected(&Usage::default()), estimate);
        assert_eq!(estimate.corrected(&Usage::new(50, 20)), Tokens::new(50, 20));
        let mut usage = Usage::new(50, 20);
        usage.cache_read = Some(60);
        assert_eq!(estimate.corrected(&usage), Tokens { input: 50, cached: 50, output: 20 });
    }
}
