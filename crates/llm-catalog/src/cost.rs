//! What a call cost: each token in one line, one sum, one rounding.

use llm_core::{Component, Cost, CostLine, CostSource, Usage, Usd};

use crate::catalog::Catalog;
use crate::overlay::ModelOverlay;
use crate::price::{ModelPrice, Unpriced};
use crate::quantity::Quantities;
use crate::terms::Terms;
use crate::unit::COMMON;
use crate::vendor;

/// A call to be priced: who answered, what was used, and under which terms.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Call<'a> {
    /// The provider: the id of its plugin, or the catalogue's name.
    pub provider: &'a str,
    /// The model, as the answer names it where the catalogue knows that, else as it was asked for.
    pub model: &'a str,
    /// What was used.
    pub usage: &'a Usage,
    /// When, and in which class.
    pub terms: Terms<'a>,
    /// What was counted beside the usage: searches, seconds, pages.
    pub counted: &'a [(Component, u64)],
    /// Prices that came with the request.
    pub prices: Option<&'a ModelOverlay>,
    /// The usage is an estimate: a stream that ended early, a vendor that reports nothing.
    pub estimated: bool,
}

impl<'a> Call<'a> {
    /// A call under these terms.
    pub fn new(provider: &'a str, model: &'a str, usage: &'a Usage, terms: Terms<'a>) -> Self {
        Self { provider, model, usage, terms, counted: &[], prices: None, estimated: false }
    }

    /// With what was counted beside the usage.
    pub fn with_counted(mut self, counted: &'a [(Component, u64)]) -> Self {
        self.counted = counted;
        self
    }

    /// With prices that came with the request.
    pub fn with_prices(mut self, prices: Option<&'a ModelOverlay>) -> Self {
        self.prices = prices;
        self
    }

    /// Of an estimated usage.
    pub fn as_estimate(mut self) -> Self {
        self.estimated = true;
        self
    }
}

impl Catalog {
    /// What a call cost. What the vendor itself reported counts more than any price.
    /// Without a price there is no cost: it is unknown, never nothing.
    pub fn cost(&self, call: &Call<'_>) -> Result<Cost, Unpriced> {
        let mut terms = call.terms;
        // Anthropic says in its usage that it answered at its higher speed (its API reference, 2026).
        terms.fast |= says(call.usage, "speed", "fast");
        self.cost_at(call, self.price_with(call.provider, call.model, &terms, call.prices).as_ref())
    }

    /// What a call cost at a price that was looked up before, for callers who keep prices: it must be the price of the
    /// call's model under the call's terms.
    pub fn cost_at(&self, call: &Call<'_>, price: Result<&ModelPrice, &Unpriced>) -> Result<Cost, Unpriced> {
        let reported = vendor::reported(self.plugin(call.provider), call.usage);
        let quantities = Quantities::of(call.usage, call.counted);
        if let Some(total) = reported {
            let lines = lines(&quantities, price.unwrap_or(&ModelPrice::default())).0;
            return Ok(Cost::new(total, CostSource::Vendor).with_lines(lines));
        }
        let price = price.map_err(Clone::clone)?;
        if quantities.input.is_none() && quantities.output.is_none() && quantities.counts.is_empty() {
            return Err(Unpriced::Usage);
        }
        let (lines, sum) = lines(&quantities, price);
        if !lines.iter().any(|line| line.amount.is_some()) && !lines.is_empty() {
            return Err(Unpriced::Price(call.provider.to_owned(), call.model.to_owned()));
        }
        let mut cost = Cost::new(rounded(sum), price.source());
        cost.complete = is_complete(&quantities, price) && lines.iter().all(|line| line.amount.is_some());
        cost.estimated =
            call.estimated || price.usual || is_guessed(&quantities, price) || says(call.usage, "inference_geo", "us");
        cost.lines = lines;
        Ok(cost)
    }
}

fn says(usage: &Usage, key: &str, value: &str) -> bool {
    usage.extra.get(key).and_then(|said| said.as_str()) == Some(value)
}

/// The lines, and their exact sum in [`COMMON`]ths of a trillionth of a dollar.
fn lines(quantities: &Quantities, price: &ModelPrice) -> (Vec<CostLine>, u128) {
    // One request, where the vendor did not count it as several.
    let is_counted = quantities.counts.iter().any(|(component, _)| *component == Component::Request);
    let request = price.rate(Component::Request).filter(|_| !is_counted).map(|_| (Component::Request, 1));
    let input = quantities.input.unwrap_or(0);
    let mut sum: u128 = 0;
    let mut line = |(component, count): (Component, u64)| {
        let exact = price.exact(component, count, input);
        sum = sum.saturating_add(exact.unwrap_or(0));
        CostLine::new(component, count, exact.map(|exact| Usd::from_picos(half_even(exact, COMMON))))
    };
    let lines = quantities.counts.iter().copied().chain(request).map(&mut line).collect();
    (lines, sum)
}

/// Everything that has a price was reported.
fn is_complete(quantities: &Quantities, price: &ModelPrice) -> bool {
    let counted = |component: Component| quantities.counts.iter().any(|(of, _)| *of == component);
    price.rates().all(|(component, rate, _)| match component {
        _ if rate.at(u64::MAX).is_zero() => true,
        Component::Input => quantities.input.is_some(),
        Component::Output => quantities.output.is_some(),
        // These are billed in place of tokens, and never by chance.
        Component::AudioSecond | Component::InputAudioSecond if quantities.input.is_none() => counted(component),
        Component::InputPage | Component::InputCharacter if quantities.input.is_none() => counted(component),
        _ => true,
    })
}

/// Parts were cut that cost something else than what they were cut to.
fn is_guessed(quantities: &Quantities, price: &ModelPrice) -> bool {
    let same = |component: Component, other: Component| price.rate(component) == price.rate(other);
    quantities.overlaps.iter().any(|component| {
        let rest = if component.is_input_token() { Component::Input } else { Component::Output };
        !same(*component, rest)
    })
}

/// A sum of [`COMMON`]ths of a trillionth of a dollar as dollars: the one rounding.
pub(crate) fn rounded(sum: u128) -> Usd {
    Usd::from_picos(half_even(sum, COMMON * 1000).saturating_mul(1000))
}

fn half_even(number: u128, by: u128) -> u128 {
    let (whole, rest) = (number / by, number % by);
    let up = rest * 2 > by || (rest * 2 == by && whole % 2 == 1);
    whole + u128::from(up)
}
