//! A price: one amount, or several that depend on how long the input is.

use llm_core::Usd;
use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

/// What a number of units cost ([`per`](crate::per)). With tiers, the last one that the input tokens exceed is the price
/// of all units, not only of those beyond it: so all vendors do it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rate {
    base: Usd,
    tiers: Box<[(u64, Usd)]>,
}

impl Rate {
    /// The same for every length of input.
    pub fn flat(price: Usd) -> Self {
        Self { base: price, tiers: Box::default() }
    }

    /// With another price above so many input tokens; tiers are given in ascending order.
    pub fn with_tier(self, above: u64, price: Usd) -> Self {
        let mut tiers = self.tiers.into_vec();
        tiers.push((above, price));
        Self { tiers: tiers.into(), ..self }
    }

    /// The other prices: above so many input tokens, in ascending order.
    pub fn tiers(&self) -> &[(u64, Usd)] {
        &self.tiers
    }

    /// The price at so many input tokens.
    pub fn at(&self, input_tokens: u64) -> Usd {
        let tier = self.tiers.iter().rev().find(|(above, _)| input_tokens > *above);
        tier.map_or(self.base, |(_, price)| *price)
    }
}

/// As the data has it: `75000` or `[75000, [200000, 150000]]`, in micro-dollars.
impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;

        impl<'de> Visitor<'de> for Read {
            type Value = Rate;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("micro-dollars, or a list of them and of tiers")
            }

            fn visit_u64<E: Error>(self, micros: u64) -> Result<Rate, E> {
                Ok(Rate::flat(Usd::from_micros(micros)))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut steps: A) -> Result<Rate, A::Error> {
                let base = steps.next_element()?.ok_or_else(|| A::Error::invalid_length(0, &self))?;
                let mut tiers: Vec<(u64, Usd)> = Vec::new();
                while let Some((above, micros)) = steps.next_element()? {
                    tiers.push((above, Usd::from_micros(micros)));
                }
                Ok(Rate { base: Usd::from_micros(base), tiers: tiers.into() })
            }
        }

        deserializer.deserialize_any(Read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_tier_that_is_exceeded_counts_for_everything() {
        let rate: Rate = serde_json::from_str("[1,[200,2],[500,5]]").unwrap();
        for (tokens, micros) in [(0, 1), (200, 1), (201, 2), (500, 2), (501, 5), (u64::MAX, 5)] {
            assert_eq!(rate.at(tokens), Usd::from_micros(micros), "{tokens}");
        }
        let built = Rate::flat(Usd::from_micros(1)).with_tier(200, Usd::from_micros(2));
        assert_eq!(built.with_tier(500, Usd::from_micros(5)), rate);
        assert_eq!(rate.tiers(), [(200, Usd::from_micros(2)), (500, Usd::from_micros(5))]);
        assert_eq!(serde_json::from_str::<Rate>("7").unwrap().at(9), Usd::from_micros(7));
        for wrong in ["-1", "1.5", "[]", "[1,[2]]", "\"1\""] {
            assert!(serde_json::from_str::<Rate>(wrong).is_err(), "{wrong}");
        }
    }
}
