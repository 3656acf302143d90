//! Estimates against counts of real tokenizers, and what calibration learns.

use std::sync::Arc;

use llm_core::{ChatRequest, EmbedRequest, Tool};
use serde_json::json;

use super::*;

#[test]
fn a_request_counts_all_that_it_says() {
    let estimator = Estimator::default();
    let of = |chat: ChatRequest| estimator.estimate("gpt-5.4", &Request::Chat(Arc::new(chat))).input;
    let text = "The quick brown fox jumps over the lazy dog. ".repeat(20);
    let plain = of(ChatRequest::new("m").with_user(text.clone()));
    assert!((160..240).contains(&plain), "{plain}");
    assert!(of(ChatRequest::new("m").with_user(text.clone()).with_user(text.clone())) > 2 * plain - 10);
    let schema = json!({"type": "object", "properties": {"city": {"type": "string", "description": "where"}}});
    let mut with_tool = ChatRequest::new("m").with_user(text.clone());
    with_tool.tools.push(Arc::new(Tool::function("weather", "looks out of the window", schema)));
    assert!(of(with_tool) > plain + 20);
    let embed = Request::Embed(Arc::new(EmbedRequest::new("m", [text.as_str(), text.as_str()])));
    let embed = estimator.estimate("text-embedding-3-small", &embed);
    assert_eq!(embed.max_output, Some(0));
    assert!(embed.input.abs_diff(2 * plain) < 20);
    assert_eq!(estimator.estimate("m", &Request::Models), TokenEstimate::new(0, Some(0)));
    // Ten tokens a sentence in OpenAI's vocabularies since 2022.
    assert!(text_tokens(&text).abs_diff(200) <= 40, "{}", text_tokens(&text));
}

#[test]
fn a_family_is_known_by_its_name() {
    for (model, family) in [
        ("gpt-5.4-mini", Family::Gpt),
        ("o3-mini", Family::Gpt),
        ("openai/o1", Family::Gpt),
        ("eu.anthropic.claude-sonnet-4-5-v1:0", Family::Claude),
        ("deepseek-r1-distill-llama-70b", Family::Llama),
        ("magistral-small", Family::Mistral),
        ("Qwen/Qwen3-32B", Family::Qwen),
        ("gemma-3-27b-it", Family::Gemini),
        ("olmo-2", Family::Other),
    ] {
        assert_eq!(Family::of(model), family, "{model}");
    }
    assert!(Family::ALL.iter().enumerate().all(|(place, family)| family.place() == place));
}

#[test]
fn the_scale_follows_what_vendors_count_and_stays_within_its_bounds() {
    let mut calibration = Calibration::default();
    let texts = 4_000_000; // thousandths of tokens
    for _ in 0..60 {
        let estimated = calibration.scale(Family::Claude).tokens(texts);
        calibration.learn(Family::Claude, estimated, 5400);
    }
    let learnt = calibration.scale(Family::Claude).tokens(texts);
    assert!((5390..=5410).contains(&learnt), "{learnt}");
    assert_eq!(calibration.scale(Family::Gpt), Calibration::default().scale(Family::Gpt));
    for (share, bound) in [(165, 2_000_000), (65, 500_000)] {
        let mut calibration = Calibration::default();
        (0..500).for_each(|_| calibration.learn(Family::Gpt, 5000, 50 * share));
        let scale = i64::from(calibration.scale(Family::Gpt).millionths());
        assert!((scale - bound).abs() < 20, "{scale}");
    }
    let before = calibration;
    // Nothing, a short prompt, and a prompt of the vendor that nobody sees.
    for (estimated, counted) in [(0, 5), (5000, 0), (100, 120), (5000, 50_000)] {
        calibration.learn(Family::Gpt, estimated, counted);
    }
    assert_eq!(calibration, before);
    let json = serde_json::to_string(&calibration).unwrap();
    assert_eq!(serde_json::from_str::<Calibration>(&json).unwrap(), calibration);
}
