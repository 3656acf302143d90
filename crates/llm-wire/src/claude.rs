//! What holds of Claude at every host: which requests its models take, whatever the protocol they come in.

use llm_core::{Error, Sampling, Warnings};

/// The smallest budget for reasoning (API reference, 2026-11).
const LEAST_BUDGET: u32 = 1024;

/// How the next token is drawn, as far as it may be said.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Drawn {
    /// Sampling temperature.
    pub temperature: Option<f64>,
    /// Nucleus sampling.
    pub top_p: Option<f64>,
    /// Only the k likeliest tokens.
    pub top_k: Option<u32>,
}

impl Drawn {
    /// What of a request's sampling may be sent: nothing to a model that refuses it all, and beside a budget for
    /// reasoning only a temperature of 1, no `top_k`, and `top_p` from 0.95 on (extended thinking guide, 2026-11).
    pub fn of(sampling: &Sampling, refused: bool, budget: bool, warnings: &mut Warnings) -> Result<Self, Error> {
        let mut drawn = Self { temperature: sampling.temperature, top_p: sampling.top_p, top_k: sampling.top_k };
        if drawn.temperature.is_some_and(|t| t > 1.0) && !refused {
            warnings.adapted("sampling.temperature", "the vendor's highest temperature is 1");
            drawn.temperature = Some(1.0);
        }
        let mut keep = |is_set: bool, wrong: bool, field: &str| match (refused, budget && wrong) {
            _ if !is_set => Ok(true),
            (true, _) => warnings.unsupported(field, "this model refuses sampling parameters").map(|()| false),
            (_, true) => {
                warnings.unsupported(field, "the model refuses it together with a budget for reasoning").map(|()| false)
            }
            _ => Ok(true),
        };
        #[expect(clippy::float_cmp, reason = "the vendor compares with exactly 1")]
        let warm = drawn.temperature.is_some_and(|temperature| temperature != 1.0);
        if !keep(drawn.temperature.is_some(), warm, "sampling.temperature")? {
            drawn.temperature = None;
        }
        if !keep(drawn.top_p.is_some(), drawn.top_p.is_some_and(|top_p| top_p < 0.95), "sampling.top_p")? {
            drawn.top_p = None;
        }
        if !keep(drawn.top_k.is_some(), true, "sampling.top_k")? {
            drawn.top_k = None;
        }
        Ok(drawn)
    }

    /// True when something is said of it.
    pub fn is_some(&self) -> bool {
        self.temperature.is_some() || self.top_p.is_some() || self.top_k.is_some()
    }
}

/// A budget for reasoning that the model takes: it counts against the longest answer, and must be less than it. `None`
/// when there is none.
pub fn budget(asked: u32, longest_answer: Option<u32>, warnings: &mut Warnings) -> Result<Option<u32>, Error> {
    let most = longest_answer.map_or(u32::MAX, |longest| longest.saturating_sub(1));
    let fitting = asked.max(LEAST_BUDGET).min(most);
    if fitting < LEAST_BUDGET {
        let why = "the budget is at least 1024 and less than the longest answer";
        return warnings.unsupported("reasoning", why).map(|()| None);
    }
    if fitting != asked {
        warnings.adapted("reasoning", "the budget was brought between 1024 and the longest answer");
    }
    Ok(Some(fitting))
}
