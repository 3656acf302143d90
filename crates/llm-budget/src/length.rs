//! How long an answer may be: as long as was asked for, or as what is left pays for.

use std::sync::Arc;

use llm_core::{Reasoning, Request, Usd, Warning};

use crate::budget::Budget;
use crate::price::CostEstimate;

/// The length of an answer that is about to be asked for.
pub(crate) struct Length<'a> {
    estimate: CostEstimate,
    /// The caller left it open, so that it may be shortened, but not below this.
    shortest: Option<u64>,
    tokens: u64,
    /// Which budget made it this short, and what that had left.
    by: Option<(&'a Budget, Usd)>,
}

impl<'a> Length<'a> {
    /// As long as the caller allows.
    pub(crate) fn new(estimate: CostEstimate, request: &Request, shortest: u64) -> Self {
        let shortest = open(request).map(|reasoning| shortest.saturating_add(reasoning));
        Self { estimate, shortest, tokens: estimate.max_output, by: None }
    }

    /// What the call costs at most.
    pub(crate) fn needed(&self) -> Usd {
        self.estimate.with_output(self.tokens)
    }

    /// Shortens the answer to what this money pays for; false when that makes no shorter one that is still an answer.
    pub(crate) fn fit(&mut self, budget: &'a Budget, money: Usd) -> bool {
        let Some(shortest) = self.shortest else { return false };
        match self.estimate.affordable(money) {
            Some(tokens) if tokens >= shortest && tokens < self.tokens => {
                self.tokens = tokens;
                self.by = Some((budget, money));
                true
            }
            _ => false,
        }
    }

    /// The answer's bound, where it is not the caller's own.
    pub(crate) fn shortened(&self) -> Option<u64> {
        self.by.map(|_| self.tokens)
    }

    /// What the caller is told of it.
    pub(crate) fn warning(&self) -> Option<Warning> {
        let (budget, money) = self.by?;
        let details =
            format!("the answer has at most {} tokens: budget {:?} has ${money} left", self.tokens, budget.name);
        Some(Warning::Adapted { field: "sampling.max_output_tokens".to_owned(), details })
    }
}

/// Where the caller said nothing about the longest answer: the tokens of it that are for reasoning, behind which the
/// answer proper comes.
fn open(request: &Request) -> Option<u64> {
    let (Request::Chat(chat) | Request::ChatStream(chat)) = request else { return None };
    if chat.sampling.max_output_tokens.is_some() {
        return None;
    }
    match chat.reasoning {
        Some(Reasoning::Budget(tokens)) => Some(tokens.into()),
        _ => Some(0),
    }
}

/// The request with an answer of at most so many tokens.
pub(crate) fn bounded(mut request: Request, tokens: u64) -> Request {
    if let Request::Chat(chat) | Request::ChatStream(chat) = &mut request {
        Arc::make_mut(chat).sampling.max_output_tokens = Some(u32::try_from(tokens).unwrap_or(u32::MAX));
    }
    request
}
