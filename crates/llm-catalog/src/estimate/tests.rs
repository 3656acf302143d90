//! Estimates against counts of real tokenizers, and what calibration learns.

use std::sync::Arc;

use llm_core::{ChatRequest, EmbedRequest, Message, Part, Tool, ToolChoice};
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

fn chat(chat: ChatRequest) -> Request {
    Request::Chat(Arc::new(chat))
}

#[test]
fn short_requests_are_as_long_as_their_template_makes_them() {
    let question = chat(ChatRequest::new("m").with_user("What is the capital of France?"));
    let system = ChatRequest::new("m").with_message(Message::system("You are a helpful assistant."));
    let system = chat(system.with_user("What is the capital of France?"));
    // Seven and six tokens of text, and what vendors report for the two requests.
    for (model, counted) in [
        ("gpt-4o", [14, 24]),
        ("gpt-5-mini", [13, 23]),
        ("gpt-oss-20b", [74, 88]),
        ("gemini-2.5-flash", [8, 15]),
        ("llama-3.3-70b", [42, 53]),
        ("command-r", [71, 81]),
    ] {
        let of = |request| Estimator::default().estimate(model, request).input;
        assert!(of(&question).abs_diff(counted[0]) <= 2, "{model}: {}", of(&question));
        assert!(of(&system).abs_diff(counted[1]) <= 3, "{model}: {}", of(&system));
    }
}

#[test]
fn tools_are_counted_as_the_model_sees_them() {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string", "description": "where"}}});
    let mut asked = ChatRequest::new("m").with_user("weather?");
    let of = |provider: &str, model: &str, asked: &ChatRequest| {
        Estimator::default().estimate_at(provider, model, &chat(asked.clone())).input
    };
    let plain = of("", "claude-sonnet-4-5", &asked);
    asked = asked.with_tool(Tool::function("weather", "looks out of the window", schema));
    let auto = of("", "claude-sonnet-4-5", &asked);
    assert!((500..620).contains(&(auto - plain)), "{plain} {auto}");
    assert!(of("vertex", "gemini-2.5-pro", &asked) < of("gemini", "gemini-2.5-pro", &asked));
    asked.tool_choice = ToolChoice::Required;
    assert!(of("", "claude-sonnet-4-5", &asked) > auto + 50);
    asked.tool_choice = ToolChoice::None;
    assert!(of("", "deepseek-v4-flash", &asked) < 20);
    assert_eq!(of("", "claude-sonnet-4-5", &asked), auto);
    if let Some(Tool::Function(tool)) = asked.tools.first_mut().map(Arc::make_mut) {
        tool.ext.set("anthropic", "defer_loading", true);
    }
    assert!(of("", "claude-sonnet-4-5", &asked) < auto - 40);
}

#[test]
fn thoughts_count_while_their_turn_goes_on() {
    let thought = "Let me think about the weather in that city. ".repeat(10);
    let answer = Message::assistant("Sunny.").with_part(Part::reasoning(thought.as_str()));
    let of = |asked: ChatRequest| Estimator::default().estimate("deepseek-v4-flash", &chat(asked)).input;
    let going_on = of(ChatRequest::new("m").with_user("weather?").with_message(answer.clone()));
    let gone = of(ChatRequest::new("m").with_user("weather?").with_message(answer).with_user("thanks"));
    assert!(going_on > 80 && gone < 30, "{going_on} {gone}");
    let inline = Message::assistant(format!("<think>{thought}</think>Sunny."));
    let inline = of(ChatRequest::new("m").with_user("weather?").with_message(inline).with_user("thanks"));
    assert_eq!(inline, gone);
}

#[test]
fn what_a_gateway_adds_unseen_is_learnt_for_it_alone() {
    let estimator = Estimator::default();
    let request = chat(ChatRequest::new("m").with_user("What is the capital of France?"));
    let plain = estimator.estimate_at("gateway", "qwen3-8b", &request).input;
    (0..3).for_each(|_| estimator.learn_at("gateway", "qwen3-8b", &request, plain + 1500));
    assert_eq!(estimator.estimate_at("gateway", "qwen3-8b", &request).input, plain + 1500);
    assert_eq!(estimator.estimate_at("other", "qwen3-8b", &request).input, plain);
    // A long request teaches the scale beside what was learnt to be hidden.
    let long = chat(ChatRequest::new("m").with_user("The quick brown fox jumps over the lazy dog. ".repeat(400)));
    let before = estimator.calibration();
    let counted = estimator.estimate_at("gateway", "qwen3-8b", &long).input;
    estimator.learn_at("gateway", "qwen3-8b", &long, counted);
    let moved = estimator.calibration().scale(Family::Qwen).millionths();
    assert!(moved.abs_diff(before.scale(Family::Qwen).millionths()) < 10, "{moved}");
}
