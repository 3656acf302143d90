//! How requests say how much to reason and how to draw, which bind each other and the version.

use std::sync::Arc;

use llm_core::{ChatRequest, Effort, Media, Message, Part, Reasoning, Role, Support, Tool, ToolChoice};
use llm_wire_anthropic::{API, Profile, Thinking, Version};
use serde_json::{Value, json};

use crate::requests::{base, check, encode, encode_with};

fn reasoning(reasoning: Reasoning, max: Option<u32>, profile: &Profile) -> (Value, Value, Vec<String>) {
    let mut request = base();
    request.reasoning = Some(reasoning);
    request.sampling.max_output_tokens = max;
    let (body, warned, _) = encode_with(&request, profile);
    let field = |name: &str| body.get(name).cloned().unwrap_or_default();
    (field("thinking"), field("output_config"), warned)
}

#[test]
fn a_budget_is_a_budget_and_an_effort_an_effort() {
    let profile = Profile::default();
    let (thinking, output, warned) = reasoning(Reasoning::Budget(2000), Some(4000), &profile);
    assert_eq!((thinking, output), (json!({"type": "enabled", "budget_tokens": 2000}), Value::Null));
    assert!(warned.is_empty());
    let (thinking, output, _) = reasoning(Reasoning::Effort(Effort::High), None, &profile);
    assert_eq!((thinking, output), (json!({"type": "adaptive"}), json!({"effort": "high"})));
    for off in [Reasoning::Budget(0), Reasoning::Effort(Effort::None)] {
        let (thinking, output, _) = reasoning(off, None, &profile);
        assert_eq!((thinking, output), (json!({"type": "disabled"}), Value::Null));
    }
}

#[test]
fn what_a_model_does_not_take_is_translated_or_left_out_with_a_warning() {
    let by = |thinking| Profile::default().with_thinking(thinking);
    let (thinking, _, warned) = reasoning(Reasoning::Effort(Effort::Low), None, &by(Thinking::Budget));
    assert_eq!((thinking, warned.len()), (json!({"type": "enabled", "budget_tokens": 2048}), 1));
    for thinking in [Thinking::Adaptive, Thinking::Always] {
        let (thinking, output, warned) = reasoning(Reasoning::Budget(10_000), None, &by(thinking));
        assert_eq!((thinking, output), (json!({"type": "adaptive"}), json!({"effort": "high"})));
        assert_eq!(warned, ["~reasoning"]);
    }
    let (thinking, _, warned) = reasoning(Reasoning::Effort(Effort::High), None, &by(Thinking::Never));
    assert_eq!((thinking, warned.as_slice()), (Value::Null, ["-reasoning".to_owned()].as_slice()));
    let (thinking, _, warned) = reasoning(Reasoning::Effort(Effort::None), None, &by(Thinking::Never));
    assert_eq!((thinking, warned.len()), (json!({"type": "disabled"}), 0));
    let (thinking, _, warned) = reasoning(Reasoning::Budget(0), None, &by(Thinking::Always));
    assert_eq!((thinking, warned), (Value::Null, vec!["-reasoning".to_owned()]));
    let no_xhigh = Profile::default().with_xhigh_effort(Support::No);
    assert_eq!(reasoning(Reasoning::Effort(Effort::XHigh), None, &no_xhigh).1, json!({"effort": "high"}));
}

#[test]
fn a_budget_fits_between_1024_and_the_longest_answer() {
    let profile = Profile::default();
    let budget = |budget, max| reasoning(Reasoning::Budget(budget), max, &profile).0["budget_tokens"].as_u64();
    assert_eq!(budget(10, Some(4000)), Some(1024));
    assert_eq!(budget(8000, Some(4000)), Some(3999));
    assert_eq!(budget(8000, Some(1000)), None);
    // What the caller adds to a budget goes with it: by itself it would be an object without a type.
    let mut small = base();
    small.reasoning = Some(Reasoning::Budget(8000));
    small.sampling.max_output_tokens = Some(1000);
    small.ext.set(API, "thinking", json!({"display": "summarized"}));
    assert!(encode(&small).0.get("thinking").is_none());
    let mut request = base();
    request.reasoning = Some(Reasoning::Budget(8000));
    assert_eq!(encode(&request).0["max_tokens"], 12_096);
}

#[test]
fn a_budget_excludes_forced_tools_and_most_sampling() {
    let mut request = base();
    request.reasoning = Some(Reasoning::Budget(2000));
    request.sampling.temperature = Some(0.3);
    request.sampling.top_k = Some(5);
    request.sampling.top_p = Some(0.97);
    check(
        &request,
        &json!({"temperature": null, "top_k": null, "top_p": 0.97}),
        &["-sampling.temperature", "-sampling.top_k"],
    );
    request = request.with_tool(Tool::function("f", "", Value::Null));
    request.tool_choice = ToolChoice::Required;
    check(&request, &json!({"thinking": null, "temperature": 0.3, "tool_choice": {"type": "any"}}), &["-reasoning"]);
}

#[test]
fn sampling_pins_the_version_that_takes_it() {
    let profile = Profile::default().with_version(Version::V2026_10_21);
    let version = |change: fn(&mut ChatRequest), profile: &Profile| {
        let mut request = base();
        change(&mut request);
        encode_with(&request, profile).2.version
    };
    assert_eq!(version(|_| {}, &profile), Version::V2026_10_21);
    assert_eq!(version(|_| {}, &Profile::default()), Version::V2023_06_01);
    assert_eq!(version(|request| request.sampling.temperature = Some(1.0), &profile), Version::V2023_06_01);
    assert_eq!(version(|request| request.sampling.top_k = Some(1), &profile), Version::V2023_06_01);
    assert_eq!(version(|request| request.ext.set(API, "top_p", 0.5), &profile), Version::V2023_06_01);
    let refusing = profile.clone().with_sampling(Support::No);
    assert_eq!(version(|request| request.sampling.temperature = Some(1.0), &refusing), Version::V2026_10_21);
    let document = |request: &mut ChatRequest| {
        let part = Part::media(Media::url("application/pdf", "https://a.test/b.pdf"));
        request.messages.push(Arc::new(Message::new(Role::Assistant, vec![part])));
    };
    assert_eq!(version(document, &profile), Version::V2023_06_01);
}

#[test]
fn a_model_that_refuses_sampling_gets_none() {
    let mut request = base();
    request.sampling.temperature = Some(0.0);
    request.sampling.top_p = Some(0.5);
    request.sampling.top_k = Some(5);
    let (body, warned, _) = encode_with(&request, &Profile::default().with_sampling(Support::No));
    assert!(["temperature", "top_p", "top_k"].iter().all(|name| body.get(name).is_none()));
    assert_eq!(warned, ["-sampling.temperature", "-sampling.top_p", "-sampling.top_k"]);
}

#[test]
fn an_effort_without_thinking_goes_where_it_is_taken() {
    let sent = |model: &str| {
        let body = json!({"model": model, "max_tokens": 9, "messages": [], "output_config": {"effort": "low"}});
        let request = llm_wire_anthropic::messages::decode_request(body.to_string().as_bytes()).unwrap().request;
        let (sent, warned, _) = encode_with(&request, &Profile::of(model, &llm_core::Capabilities::default()));
        assert!(sent.get("thinking").is_none(), "{sent}");
        (sent["output_config"]["effort"].clone(), warned.len())
    };
    for model in ["claude-opus-4-5-20251101", "claude-opus-4-6", "claude-opus-5", "claude-of-tomorrow"] {
        assert_eq!(sent(model), (json!("low"), 0), "{model}");
    }
    for model in ["claude-sonnet-4-5", "claude-3-5-haiku-20241022"] {
        assert_eq!(sent(model), (Value::Null, 1), "{model}");
    }
}
