//! What a model costs at a moment, under given terms: a rate for each component, and who said it.

use llm_core::{Component, CostSource, Usd};

use crate::rate::Rate;
use crate::unit::{per, whole};

/// The prices of one model, as they hold for one call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModelPrice {
    rates: Vec<(Component, Rate, CostSource)>,
    /// The list has no prices for the class of service that was asked for: these are the usual ones.
    pub usual: bool,
}

/// Why a call has no price.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unpriced {
    /// The catalogue does not know the provider.
    #[error("the catalogue has no prices of the provider {0}: give some in the configuration")]
    Provider(String),
    /// The catalogue does not know the model.
    #[error("the catalogue has no prices of {0}/{1}: give some in the configuration, or name its base_model")]
    Model(String, String),
    /// The catalogue knows the model, and no price of what was billed.
    #[error("the catalogue knows {0}/{1}, but not what it costs: give prices in the configuration")]
    Price(String, String),
    /// The vendor did not say how much was used.
    #[error("the vendor reported no usage")]
    Usage,
}

impl ModelPrice {
    /// The rate of a component, or of what it is a part of; `None` when it is not known.
    pub fn rate(&self, component: Component) -> Option<&Rate> {
        self.own(component).or_else(|| self.rate(whole(component)?))
    }

    /// The rate of a component alone.
    fn own(&self, component: Component) -> Option<&Rate> {
        self.rates.iter().find(|(of, _, _)| *of == component).map(|(_, rate, _)| rate)
    }

    /// What a million input tokens cost, at the shortest inputs.
    pub fn input(&self) -> Option<Usd> {
        self.rate(Component::Input).map(|rate| rate.at(0))
    }

    /// What a million output tokens cost, at the shortest inputs.
    pub fn output(&self) -> Option<Usd> {
        self.rate(Component::Output).map(|rate| rate.at(0))
    }

    /// What has a price: the component, its rate for [`per`] units, and who said so.
    pub fn rates(&self) -> impl Iterator<Item = (Component, &Rate, CostSource)> {
        self.rates.iter().map(|(component, rate, source)| (*component, rate, *source))
    }

    /// True when nothing has a price.
    pub fn is_empty(&self) -> bool {
        self.rates.is_empty()
    }

    /// What so much of a component costs, in [`COMMON`](crate::unit::COMMON)ths of a trillionth of a dollar.
    pub(crate) fn exact(&self, component: Component, count: u64, input_tokens: u64) -> Option<u128> {
        let rate = self.rate(component)?.at(input_tokens).picos();
        let share = crate::unit::COMMON / u128::from(per(component));
        Some(u128::from(count).saturating_mul(rate).saturating_mul(share))
    }

    /// Whom to believe of all that said something.
    pub(crate) fn source(&self) -> CostSource {
        self.rates.iter().map(|(_, _, source)| *source).min().unwrap_or(CostSource::Embedded)
    }

    /// Rates of a source that counts more replace those that are there, key by key.
    pub(crate) fn lay_over(&mut self, rates: impl IntoIterator<Item = (Component, Rate)>, source: CostSource) {
        for (component, rate) in rates {
            match self.rates.iter_mut().find(|(of, _, _)| *of == component) {
                Some(there) => *there = (component, rate, source),
                None => self.rates.push((component, rate, source)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(micros: u64) -> Rate {
        Rate::flat(Usd::from_micros(micros))
    }

    #[test]
    fn a_part_without_a_price_costs_what_its_whole_costs() {
        let mut price = ModelPrice::default();
        price.lay_over([(Component::Input, usd(10)), (Component::CacheWrite, usd(12))], CostSource::Embedded);
        assert_eq!(price.rate(Component::CacheRead), Some(&usd(10)));
        assert_eq!(price.rate(Component::CacheWrite1h), Some(&usd(12)));
        assert_eq!(price.rate(Component::Reasoning), None);
        assert_eq!((price.input(), price.output()), (Some(Usd::from_micros(10)), None));
    }

    #[test]
    fn layers_replace_key_by_key() {
        let mut price = ModelPrice::default();
        price.lay_over([(Component::Input, usd(10)), (Component::Output, usd(20))], CostSource::Embedded);
        price.lay_over([(Component::Output, usd(5))], CostSource::User);
        assert_eq!(price.rate(Component::Output), Some(&usd(5)));
        assert_eq!(price.rate(Component::Input), Some(&usd(10)));
        assert_eq!(price.source(), CostSource::User);
        assert_eq!(price.rates().count(), 2);
    }
}
