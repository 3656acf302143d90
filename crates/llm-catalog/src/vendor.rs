//! What vendors say themselves that a call cost, in their usage.
//!
//! A vendor's own number beats any list. Each form is believed only of the vendors that are known to use it:
//! the same word may mean credits elsewhere. Sources: recordings of 2026 and the vendors' pages.

use llm_core::{Usage, Usd};
use serde_json::{Map, Value};

/// Trillionths of a dollar in one of xAI's ticks: ten billion ticks are a dollar.
const PER_TICK: u128 = 100;

/// The cost in the usage of a provider's answer, where it says one.
pub(crate) fn reported(provider: &str, usage: &Usage) -> Option<Usd> {
    let extra = &usage.extra;
    match provider {
        "xai" | "x-ai" => Some(Usd::from_picos(u128::from(extra.get("cost_in_usd_ticks")?.as_u64()?) * PER_TICK)),
        "openrouter" | "vercel" | "vercel_gateway" => {
            let fee = amount(extra.get("cost")?)?;
            // With a key of one's own at the vendor behind it, that vendor sends a bill of its own.
            let is_byok = extra.get("is_byok").and_then(Value::as_bool) == Some(true);
            let upstream = || extra.get("cost_details")?.get("upstream_inference_cost").and_then(amount);
            Some(if is_byok { fee + upstream()? } else { fee })
        }
        "perplexity" => perplexity(extra),
        "deepinfra" => amount(extra.get("estimated_cost")?),
        _ => None,
    }
}

fn perplexity(extra: &Map<String, Value>) -> Option<Usd> {
    amount(extra.get("cost")?.get("total_cost")?)
}

fn amount(value: &Value) -> Option<Usd> {
    Usd::from_f64(value.as_f64()?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn cost(provider: &str, usage: Value) -> Option<String> {
        reported(provider, &serde_json::from_value(usage).unwrap()).map(|cost| cost.to_string())
    }

    #[test]
    fn a_vendors_own_number_is_read_to_the_last_digit() {
        assert_eq!(cost("xai", json!({"cost_in_usd_ticks": 5_411_000})).unwrap(), "0.0005411");
        assert_eq!(cost("openrouter", json!({"cost": 0.000_012_35, "is_byok": false})).unwrap(), "0.00001235");
        let own_key = json!({"cost": 0.001, "is_byok": true, "cost_details": {"upstream_inference_cost": 0.02}});
        assert_eq!(cost("openrouter", own_key).unwrap(), "0.021");
        assert_eq!(cost("perplexity", json!({"cost": {"total_cost": 0.005_08}})).unwrap(), "0.00508");
        assert_eq!(cost("deepinfra", json!({"estimated_cost": 1.2e-6})).unwrap(), "0.0000012");
    }

    #[test]
    fn a_number_is_believed_only_of_those_who_are_known_to_mean_dollars() {
        assert_eq!(cost("openai", json!({"cost": 1})), None);
        assert_eq!(cost("openrouter", json!({"cost": "1"})), None);
        assert_eq!(cost("openrouter", json!({"cost": -1})), None);
        assert_eq!(cost("openrouter", json!({"cost": 0.1, "is_byok": true})), None);
        assert_eq!(cost("xai", json!({"input": 3})), None);
    }
}
