//! What holds for every usage: the lines are the tokens, and the total is the sum of the lines.

use llm_catalog::{Call, Catalog, ModelOverlay, Overlay, Terms};
use llm_core::{Component, Cost, Usage, Usd};
use proptest::prelude::*;

const UNIX: u64 = 1_795_176_000;

fn any_usage() -> impl Strategy<Value = Usage> {
    let count = || proptest::option::of(prop_oneof![Just(0_u64), 0..500_u64, 0..3_000_000_u64]);
    let input = (count(), count(), count(), count(), count(), count());
    (input, (count(), count(), count(), count())).prop_map(|(input, output)| {
        let mut usage = Usage::default();
        (usage.input, usage.cache_read, usage.cache_write, usage.cache_write_1h, ..) = input;
        (_, _, _, _, usage.input_audio, usage.input_image) = input;
        (usage.output, usage.reasoning, usage.output_audio, usage.output_image) = output;
        usage
    })
}

fn sum(cost: &Cost, of: fn(Component) -> bool) -> u64 {
    cost.lines.iter().filter(|line| of(line.component)).map(|line| line.quantity).sum()
}

const MODELS: [(&str, &str); 8] = [
    ("openai", "gpt-5.4-mini"),
    ("openai", "gpt-4o-audio-preview"),
    ("openai", "gpt-image-2.5-flare"),
    ("anthropic", "claude-haiku-5-5"),
    ("anthropic", "claude-sonnet-4-5"),
    ("gemini", "gemini-2.5-pro"),
    ("bedrock", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"),
    ("ollama", "llama4"),
];

proptest! {
    #[test]
    fn components_partition_the_tokens(usage in any_usage(), place in 0..MODELS.len()) {
        let (provider, model) = MODELS[place];
        let Ok(cost) = Catalog::embedded().cost(&Call::new(provider, model, &usage, Terms::at(UNIX))) else {
            prop_assert!(usage.is_unknown(), "only an unknown usage is without cost");
            return Ok(());
        };
        prop_assert_eq!(sum(&cost, Component::is_input_token), usage.input.unwrap_or(0));
        prop_assert_eq!(sum(&cost, Component::is_output_token), usage.output.unwrap_or(0));
        let mut components: Vec<_> = cost.lines.iter().map(|line| line.component).collect();
        components.sort_unstable();
        components.dedup();
        prop_assert_eq!(components.len(), cost.lines.len(), "each component stands in one line");
        let lines: Usd = cost.lines.iter().filter_map(|line| line.amount).sum();
        prop_assert_eq!(lines.rounded(), cost.total, "prices of micro-dollars lose nothing in a line");
        prop_assert!(!cost.complete || (usage.input.is_some() && usage.output.is_some()) || cost.total.is_zero());
    }

    #[test]
    fn more_tokens_never_cost_less(input in 0..2_000_000_u64, output in 0..100_000_u64, more in 0..50_000_u64) {
        let catalog = Catalog::embedded();
        let cost = |input, output| {
            catalog.cost(&Call::new("anthropic", "claude-haiku-5-5", &Usage::new(input, output), Terms::at(UNIX))).unwrap()
        };
        prop_assert!(cost(input, output).total <= cost(input + more, output).total);
        prop_assert!(cost(input, output).total <= cost(input, output + more).total);
    }

    #[test]
    fn the_one_rounding_is_of_the_exact_sum(price in 1..10_000_000_000_u64, tokens in 1..10_000_000_u64) {
        let own = ModelOverlay::new("lab", "m").with_price(Component::Input, Usd::from_picos(u128::from(price)));
        let own = own.with_price(Component::Output, Usd::ZERO);
        let catalog = Catalog::empty().with_overlay(Overlay::default().with(own));
        let usage = Usage::new(tokens, 0);
        let cost = catalog.cost(&Call::new("lab", "m", &usage, Terms::at(0))).unwrap();
        // price / 10^6 trillionths a token; to the nearest thousand of them, a half to the even one.
        let exact = u128::from(price) * u128::from(tokens);
        let (nanos, rest) = (exact / 1_000_000_000, exact % 1_000_000_000);
        let up = rest > 500_000_000 || (rest == 500_000_000 && nanos % 2 == 1);
        prop_assert_eq!(u128::from(cost.total.nanos()), nanos + u128::from(up));
    }
}
