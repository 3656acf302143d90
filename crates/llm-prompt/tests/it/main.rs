//! Prompts get shorter and keep their meaning.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests say what they expect")]

mod layer;
mod phrases;
mod properties;
mod whitespace;

use llm_prompt::optimise::{Optimiser, Rule, Settings};

/// Looks at texts of any length.
fn optimiser(rules: &[Rule]) -> Optimiser {
    Optimiser::new(&Settings::new(rules.iter().copied()).with_min_bytes(0)).unwrap()
}

/// Every case becomes what stands beside it, and stays that.
fn check(optimiser: &Optimiser, cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        let shorter = optimiser.text(text);
        assert_eq!(shorter, *expected, "from {text:?}");
        assert_eq!(optimiser.text(&shorter), *expected, "a second time, from {text:?}");
    }
}

/// No case is touched.
fn untouched(optimiser: &Optimiser, cases: &[&str]) {
    for text in cases {
        assert_eq!(optimiser.text(text), *text);
    }
}
