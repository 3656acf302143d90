//! Who says what a call cost, and what is said when something is not known.

use llm_catalog::{Call, Catalog, ModelOverlay, Overlay, Terms, Unpriced};
use llm_core::{Component, CostSource, TokenEstimate, Usage, Usd};
use serde_json::json;

const UNIX: u64 = 1_795_176_000;

fn usage(json: serde_json::Value) -> Usage {
    serde_json::from_value(json).unwrap()
}

fn usd(text: &str) -> Usd {
    text.parse().unwrap()
}

#[test]
fn each_component_has_its_line() {
    let usage = usage(json!({
        "input": 1000, "cache_read": 300, "cache_write": 200, "cache_write_1h": 50, "output": 100, "reasoning": 60,
        "server_tool_use": {"web_search_requests": 2},
    }));
    let cost = Catalog::embedded().cost(&Call::new("anthropic", "claude-sonnet-4-5", &usage, Terms::at(UNIX))).unwrap();
    let lines: Vec<_> = cost
        .lines
        .iter()
        .map(|line| (line.component.as_str(), line.quantity, line.amount.unwrap().to_string()))
        .collect();
    let line = |name, count, amount: &str| (name, count, amount.to_owned());
    assert_eq!(
        lines,
        [
            line("cache_read", 300, "0.00009"),
            line("cache_write_1h", 50, "0.0003"),
            line("cache_write", 150, "0.0005625"),
            line("input", 500, "0.0015"),
            line("reasoning", 60, "0.0009"),
            line("output", 40, "0.0006"),
            line("web_search", 2, "0.02"),
        ]
    );
    assert_eq!(cost.total, usd("0.0239525"));
    assert_eq!((cost.source, cost.complete, cost.estimated), (CostSource::Embedded, true, false));
}

#[test]
fn the_vendors_own_number_counts_more_than_any_price() {
    let catalog = Catalog::embedded();
    let usage = usage(json!({"input": 10, "output": 5, "cost": 0.000_123}));
    let cost = catalog.cost(&Call::new("openrouter", "openai/gpt-4o-mini", &usage, Terms::at(UNIX))).unwrap();
    assert_eq!((cost.total, cost.source), (usd("0.000123"), CostSource::Vendor));
    assert!(cost.complete && cost.lines.len() == 2 && cost.lines[0].amount.is_some());
    // Even of a model that nobody has heard of.
    let cost = catalog.cost(&Call::new("openrouter", "who/knows", &usage, Terms::at(UNIX))).unwrap();
    assert_eq!((cost.total, cost.lines[0].amount), (usd("0.000123"), None));
}

#[test]
fn what_is_not_known_is_never_nothing() {
    let catalog = Catalog::embedded();
    let usage = Usage::new(10, 5);
    let why =
        |provider, model, usage: &Usage| catalog.cost(&Call::new(provider, model, usage, Terms::at(UNIX))).unwrap_err();
    assert_eq!(why("acme", "m", &usage), Unpriced::Provider("acme".to_owned()));
    assert_eq!(why("openai", "gpt-of-tomorrow", &usage), Unpriced::Model("openai".into(), "gpt-of-tomorrow".into()));
    assert_eq!(why("copilot", "gpt-4.1", &usage), Unpriced::Price("copilot".into(), "gpt-4.1".into()));
    assert_eq!(why("openai", "gpt-4o", &Usage::default()), Unpriced::Usage);
    assert!(why("openai", "gpt-of-tomorrow", &usage).to_string().contains("base_model"));
}

#[test]
fn what_was_not_reported_makes_a_cost_incomplete() {
    let catalog = Catalog::embedded();
    let of = |model: &str, usage: &Usage| catalog.cost(&Call::new("openai", model, usage, Terms::at(UNIX))).unwrap();
    let input_only = usage(json!({"input": 1000}));
    let cost = of("gpt-4o", &input_only);
    assert_eq!((cost.complete, cost.total), (false, usd("0.0025")));
    assert!(of("text-embedding-3-small", &input_only).complete, "there is no output to be billed");
    let own = ModelOverlay::new("lab", "m").with_price(Component::Input, usd("1"));
    let lab = Catalog::empty().with_overlay(Overlay::default().with(own));
    let both = Usage::new(1_000_000, 5);
    let cost = lab.cost(&Call::new("lab", "m", &both, Terms::at(UNIX))).unwrap();
    assert_eq!((cost.total, cost.complete, cost.source), (usd("1"), false, CostSource::User));
    assert_eq!(cost.lines[1].amount, None);
}

#[test]
fn estimates_say_that_they_are() {
    let catalog = Catalog::embedded();
    let usage = Usage::new(1000, 10);
    let call = Call::new("openai", "gpt-4o", &usage, Terms::at(UNIX));
    assert!(!catalog.cost(&call).unwrap().estimated);
    assert!(catalog.cost(&call.as_estimate()).unwrap().estimated);
    let scaled = Terms::at(UNIX).with_service_tier(Some("scale"));
    assert!(catalog.cost(&Call::new("openai", "gpt-4o", &usage, scaled)).unwrap().estimated, "no price of this class");
    let priority = Terms::at(UNIX).with_service_tier(Some("priority"));
    let cost = catalog.cost(&Call::new("openai", "gpt-4o", &usage, priority)).unwrap();
    assert_eq!((cost.estimated, cost.total), (false, usd("0.00442")));
    // Audio that was also cached: which of the two prices holds is a guess.
    let overlap = self::usage(json!({"input": 100, "cache_read": 80, "input_audio": 60, "output": 1}));
    assert!(catalog.cost(&Call::new("gemini", "gemini-2.5-flash", &overlap, Terms::at(UNIX))).unwrap().estimated);
}

#[test]
fn a_prediction_is_the_most_and_the_cheapest_is_found() {
    let catalog = Catalog::embedded();
    let terms = Terms::at(UNIX);
    let tokens = TokenEstimate::new(1_000_000, Some(1_000_000));
    assert_eq!(catalog.predict("openai", "gpt-4o", tokens, None, &terms), Some(usd("12.5")));
    let open = TokenEstimate::new(1000, None);
    assert_eq!(catalog.predict("openai", "gpt-4o", open, None, &terms), None);
    assert_eq!(catalog.predict("openai", "gpt-4o", open, Some(0), &terms), Some(usd("0.0025")));
    let targets =
        [("openai", "gpt-4o"), ("acme", "free-beer"), ("openai", "gpt-4o-mini"), ("anthropic", "claude-sonnet-4-5")];
    let (place, cost) = catalog.cheapest(targets, tokens, None, &terms).unwrap();
    assert_eq!((targets[place].1, cost), ("gpt-4o-mini", usd("0.75")));
    assert_eq!(catalog.cheapest([("acme", "free-beer")], tokens, None, &terms), None);
}
