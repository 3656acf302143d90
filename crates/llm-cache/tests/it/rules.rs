//! What is looked up and what is kept.

use std::sync::Arc;

use llm_cache::{Bypass, CachePolicy, DAY, HOUR, NotStored, storable, terms};
use llm_core::{CacheControl, ErrorKind, FinishReason, Part, PartKind, Request, Target, Tool, ToolCall, Warning};

use crate::support::{answer, chat, embed, question, stream};

fn with(change: impl FnOnce(&mut llm_core::ChatRequest)) -> Request {
    let mut request = question("q");
    change(&mut request);
    Request::Chat(Arc::new(request))
}

#[test]
fn only_deterministic_requests_are_cached_unless_told_otherwise() {
    let policy = CachePolicy::default();
    let of = |request: &Request, control: Option<CacheControl>| terms(&policy, control.as_ref(), request);
    for (temperature, cached) in [(Some(0.0), true), (Some(0.3), true), (Some(0.31), false), (None, false)] {
        let request = with(|request| request.sampling.temperature = temperature);
        assert_eq!(of(&request, None).is_ok(), cached, "{temperature:?}");
        assert_eq!(of(&request, None).err(), (!cached).then_some(Bypass::Temperature));
        assert!(of(&request, Some(CacheControl::on())).is_ok(), "the caller says so");
        assert_eq!(of(&request, Some(CacheControl::off())), Err(Bypass::Off));
    }
    let unset = with(|request| request.sampling.temperature = None);
    assert!(terms(&CachePolicy::default().with_unset_temperature(), None, &unset).is_ok());
    assert!(of(&stream("q"), None).is_ok() && of(&embed("q"), None).is_ok());
    let several = with(|request| request.sampling.candidates = Some(2));
    assert_eq!(of(&several, Some(CacheControl::on())), Err(Bypass::Candidates));
    assert!(of(&with(|request| request.sampling.candidates = Some(1)), None).is_ok());
    let vendor = with(|request| {
        request.tools.push(Arc::new(Tool::Provider {
            id: "v.search".into(),
            name: String::new(),
            args: serde_json::Map::default(),
        }));
    });
    assert_eq!(of(&vendor, None), Err(Bypass::VendorTools));
    assert!(terms(&CachePolicy::default().with_tool_calls(), None, &vendor).is_ok());
    assert_eq!(of(&Request::Models, None), Err(Bypass::NoKey));
}

#[test]
fn a_caller_may_shorten_and_lengthen_but_not_past_the_longest_time() {
    let policy = CachePolicy::default();
    let of = |control: CacheControl| terms(&policy, Some(&control), &chat("q")).unwrap();
    assert_eq!(of(CacheControl::default()).ttl, HOUR);
    assert_eq!(of(CacheControl::default().with_ttl(HOUR / 60)).ttl, HOUR / 60);
    assert_eq!(of(CacheControl::default().with_ttl(DAY * 30)).ttl, DAY);
    let refresh = of(CacheControl::refresh());
    assert!(!refresh.look_up && refresh.store);
    let read_only = of(CacheControl::default().without_store());
    assert!(read_only.look_up && !read_only.store);
    assert!(!of(CacheControl::default().with_ttl(std::time::Duration::ZERO)).store, "no time at all is not kept");
    assert_eq!(terms(&policy, Some(&CacheControl::refresh().without_store()), &chat("q")), Err(Bypass::Off));
    assert_eq!(CachePolicy::default().with_ttl(DAY * 2).max_ttl, DAY * 2);
}

#[test]
fn only_whole_answers_are_kept() {
    let policy = CachePolicy::default();
    let reason = |reason: FinishReason| {
        let mut response = answer("a");
        response.finish.reason = reason;
        storable(&policy, &response, 10)
    };
    assert_eq!(reason(FinishReason::Stop), Ok(()));
    assert_eq!(reason(FinishReason::ToolCalls), Err(NotStored::ToolCalls));
    for other in ["length", "content_filter", "refusal", "context_window", "pause", "error", "new word"] {
        assert_eq!(reason(other.into()), Err(NotStored::Finish), "{other}");
    }
    assert_eq!(storable(&policy, &answer("a"), 1 << 20), Ok(()));
    assert_eq!(storable(&policy, &answer("a"), (1 << 20) + 1), Err(NotStored::Size));

    let mut calls = answer("a");
    calls.message.content.push(Part::tool_call("c", "t", "{}"));
    assert_eq!(storable(&policy, &calls, 10), Err(NotStored::ToolCalls));
    let tools = CachePolicy::default().with_tool_calls();
    assert_eq!(storable(&tools, &calls, 10), Ok(()));
    calls.finish.reason = FinishReason::ToolCalls;
    assert_eq!(storable(&tools, &calls, 10), Ok(()));
    let cut = ToolCall { truncated: true, ..ToolCall::default() };
    calls.message.content.push(Part::new(PartKind::ToolCall(cut)));
    assert_eq!(storable(&tools, &calls, 10), Err(NotStored::ToolCalls));

    let mut several = answer("a");
    several.more.push(llm_core::Candidate { message: several.message.clone(), finish: several.finish.clone() });
    assert_eq!(storable(&policy, &several, 10), Err(NotStored::Candidates));
    let mut resumed = answer("a");
    resumed.warnings.push(Warning::Resumed {
        broken: Target::new("a", "m"),
        cause: ErrorKind::Network,
        by: Target::new("b", "m"),
        model: None,
        how: llm_core::Resumption::Restart,
    });
    assert_eq!(storable(&policy, &resumed, 10), Err(NotStored::Resumed));
}
