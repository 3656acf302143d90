//! Each filter, with its reason; and who stays when nobody is left.

use llm_core::{Capabilities, Support};
use llm_router::{
    Bound, Condition, Facts, Given, Health, Held, HeldState, MediaNeed, Need, OnlyIf, Price, REQUIRE, RouteView,
    Snapshot, StrategyKind, TargetSpec, TargetView, Usd, WhyNot, decide,
};

use crate::pure::{asked, chat, now, order, place, route, shut, tagged, whys};

/// A route whose first target is this one; the second takes everything.
fn against(spec: &TargetSpec, capabilities: Capabilities) -> RouteView {
    RouteView::new(Some("r".into()), StrategyKind::Priority)
        .with_place(place(spec, capabilities))
        .with_place(place(&TargetSpec::new("b/1"), Capabilities::default()))
}

/// The first target is left out for this reason, and the second is asked.
#[track_caller]
fn check(view: &RouteView, first: &TargetView, facts: &Facts, why: &str) {
    let snapshot = now(2, |place, target| {
        if place == 0 {
            *target = *first;
        }
    });
    let decision = decide(view, &snapshot, facts, 1);
    let (expected, words) = if why.is_empty() { ("a/1 b/1", "") } else { ("b/1", why) };
    assert_eq!((order(&decision).as_str(), whys(&decision)[0].as_str()), (expected, words));
    assert_eq!(decision.candidates[0].rank, why.is_empty().then_some(1));
    assert_eq!(decision.candidates[1].rank, Some(if why.is_empty() { 2 } else { 1 }));
}

fn plain() -> TargetSpec {
    TargetSpec::new("a/1")
}

#[test]
fn what_a_target_is_known_to_lack_keeps_it_out() {
    type Field = fn(&mut Capabilities) -> &mut Support;
    let needs: [(Need, Field); 8] = [
        (Need::Chat, |it| &mut it.chat),
        (Need::Streaming, |it| &mut it.streaming),
        (Need::Embeddings, |it| &mut it.embeddings),
        (Need::Tools, |it| &mut it.tools),
        (Need::ParallelTools, |it| &mut it.parallel_tools),
        (Need::ForcedTool, |it| &mut it.forced_tool),
        (Need::JsonSchema, |it| &mut it.json_schema),
        (Need::Reasoning, |it| &mut it.reasoning),
    ];
    for (need, field) in needs {
        for (support, why) in [(Support::No, format!("it does not support {need}")), (Support::Unknown, String::new())]
        {
            let mut capabilities = Capabilities::default();
            *field(&mut capabilities) = support;
            let view = against(&plain(), capabilities);
            let mut facts = Facts::default();
            check(&view, &TargetView::default(), &facts, "");
            facts.needs = facts.needs.with(need);
            check(&view, &TargetView::default(), &facts, &why);
        }
    }
}

#[test]
fn media_that_a_target_is_known_not_to_take_keeps_it_out() {
    let sees = |inline: &[&'static str], url: &[&'static str]| {
        let mut capabilities = Capabilities::default();
        capabilities.media_inline = inline.iter().map(|&it| it.into()).collect();
        capabilities.media_url = url.iter().map(|&it| it.into()).collect();
        against(&plain(), capabilities)
    };
    let with = |media_type: &str, given| {
        let mut facts = chat();
        facts.media =
            serde_json::from_value(serde_json::json!([{ "media_type": media_type, "given": given }])).unwrap();
        facts
    };
    let images = sees(&["image/*", "application/pdf"], &["image/*"]);
    for (view, media_type, given, why) in [
        (&images, "image/png", "inline", ""),
        (&images, "IMAGE/PNG", "url", ""),
        (&images, "image/*", "url", ""),
        (&images, "audio/wav", "inline", "it does not take audio/wav"),
        (&images, "application/pdf", "inline", ""),
        (&images, "application/pdf", "url", "it does not take application/pdf by URL"),
        (&images, "application/zip", "inline", "it does not take application/zip"),
        (&images, "audio/wav", "file", ""),
        (&images, "text/plain", "text", ""),
        (&sees(&[], &[]), "audio/wav", "inline", ""),
        (&sees(&["*/*"], &[]), "audio/wav", "inline", ""),
        (&sees(&["*/*"], &[]), "image/png", "url", "it does not take image/png by URL"),
        (&sees(&[], &["image/png"]), "image/*", "url", ""),
        (&sees(&[], &["image/png"]), "image/jpeg", "url", "it does not take image/jpeg by URL"),
    ] {
        check(view, &TargetView::default(), &with(media_type, given), why);
    }
    let decision = decide(&images, &Snapshot::default(), &with("audio/wav", "inline"), 1);
    let mut media = MediaNeed::clone(&with("audio/wav", "inline").media[0]);
    media.given = Given::Inline;
    assert_eq!(
        decision.candidates[0].removed,
        Some(WhyNot::Media { media_type: media.media_type, given: media.given })
    );
}

#[test]
fn the_context_window_is_compared_with_input_and_answer() {
    let mut facts = chat();
    let mut capabilities = Capabilities::default();
    capabilities.context_window = Some(1000);
    let view = against(&plain(), capabilities.clone());
    (facts.input_tokens, facts.max_output) = (1000, None);
    check(&view, &TargetView::default(), &facts, "");
    facts.max_output = Some(1);
    let why = "its context window of 1000 tokens is too small for about 1001";
    check(&view, &TargetView::default(), &facts, why);
    let larger = against(&plain().with_context_window(2000), capabilities);
    check(&larger, &TargetView::default(), &facts, "");
}

#[test]
fn an_estimate_alone_refuses_nobody() {
    let mut facts = chat();
    facts.input_tokens = 5000;
    let specs =
        [("a/1", 1000), ("b/1", 2000), ("c/1", 2000)].map(|(id, it)| TargetSpec::new(id).with_context_window(it));
    let mut view = route(StrategyKind::Priority, specs);
    let decision = decide(&view, &Snapshot::default(), &facts, 1);
    assert_eq!(order(&decision), "b/1 c/1", "the largest windows stay");
    let reason = "no context window is large enough by estimate, the largest is tried: by tier and as listed";
    assert_eq!(decision.reason, reason);
    view.places[1].weight = Some(0);
    assert_eq!(asked(&view, &Snapshot::default(), &facts), "c/1", "the other filters hold");
    view.places[2].weight = Some(0);
    let decision = decide(&view, &Snapshot::default(), &facts, 1);
    assert_eq!((order(&decision).as_str(), &*decision.reason), ("", "no target may take the request"));
    assert_eq!(whys(&decision)[1], "its weight is 0");
}

#[test]
fn regions_and_labels_are_held_to() {
    let spec = plain().with_region("us").with_tag("fast").with_tag("gdpr");
    let view = against(&spec, Capabilities::default());
    let mut facts = chat();
    facts.region = Some("us".into());
    let decision = decide(&view, &Snapshot::default(), &facts, 1);
    assert_eq!((order(&decision).as_str(), whys(&decision)[1].as_str()), ("a/1", "it is not in the region us"));
    let mut near = view.clone();
    near.places[1].region = Some("eu".into());
    facts.region = Some("eu".into());
    check(&near, &TargetView::default(), &facts, "it is not in the region eu");
    let required = decide(&view, &Snapshot::default(), &tagged(REQUIRE, " fast,, gdpr"), 1);
    assert_eq!((order(&required).as_str(), whys(&required)[1].as_str()), ("a/1", "it has no tag fast"));
    let required = decide(&view, &Snapshot::default(), &tagged(REQUIRE, "fast,cheap"), 1);
    assert_eq!((order(&required).as_str(), whys(&required)[0].as_str()), ("", "it has no tag cheap"));
}

#[test]
fn a_target_for_labelled_requests_takes_no_others() {
    let view = against(&plain().with_only_if(OnlyIf::new("residency", "eu")), Capabilities::default());
    let why = "it takes requests with the right tag residency only";
    check(&view, &TargetView::default(), &chat(), why);
    check(&view, &TargetView::default(), &tagged("residency", "us"), why);
    check(&view, &TargetView::default(), &tagged("residency", "eu"), "");
    let any: OnlyIf = serde_json::from_str(r#"{"tag": "residency"}"#).unwrap();
    let view = against(&plain().with_only_if(any), Capabilities::default());
    check(&view, &TargetView::default(), &tagged("residency", "us"), "");
    check(&view, &TargetView::default(), &tagged("team", "us"), why);
}

#[test]
fn known_quality_below_the_least_keeps_a_target_out() {
    let rated = |stated: Option<f64>| {
        let mut spec = plain();
        spec.quality = stated;
        against(&spec, Capabilities::default()).with_min_quality(0.9)
    };
    let mut seen = TargetView::default();
    check(&rated(None), &seen, &chat(), "");
    check(&rated(Some(0.9)), &seen, &chat(), "");
    check(&rated(Some(0.89)), &seen, &chat(), "its quality 0.89 is below 0.9");
    seen.pulse.quality = Some(0.5);
    check(&rated(None), &seen, &chat(), "its quality 0.5 is below 0.9");
    check(&rated(Some(0.95)), &seen, &chat(), "");
}

#[test]
fn money_keeps_a_target_out_only_where_it_is_known() {
    let dollar = Usd::from_nanos(1_000_000_000);
    let most = |spec: TargetSpec| against(&spec.with_max_usd_per_request(dollar), Capabilities::default());
    let mut facts = chat();
    (facts.input_tokens, facts.max_output) = (1_000_000, Some(0));
    let price = |input: u64| Price::new(Usd::from_nanos(input), dollar);
    let mut seen = TargetView::default();
    check(&most(plain()), &seen, &facts, "");
    seen.price = price(1_000_000_000);
    check(&most(plain()), &seen, &facts, "");
    seen.price = price(1_000_000_001);
    check(&most(plain()), &seen, &facts, "the request would cost about $1.000000001, more than $1");
    check(&most(plain().with_price(price(1))), &seen, &facts, "");
    check(&against(&plain(), Capabilities::default()), &seen, &facts, "");
    seen.budget_left = Some(0.0);
    check(&against(&plain(), Capabilities::default()), &seen, &facts, "its daily budget is spent");
    seen.budget_left = Some(0.001);
    check(&against(&plain(), Capabilities::default()), &seen, &facts, "");
}

#[test]
fn a_weight_of_0_is_no_traffic_whatever_the_strategy() {
    for kind in [StrategyKind::Priority, StrategyKind::Weighted, StrategyKind::Cost, StrategyKind::LeastBusy] {
        let view = route(kind, [TargetSpec::new("a/1").with_weight(0), TargetSpec::new("b/1").with_weight(1)]);
        let decision = decide(&view, &Snapshot::default(), &chat(), 1);
        assert_eq!((order(&decision).as_str(), whys(&decision)[0].as_str()), ("b/1", "its weight is 0"));
    }
}

#[test]
fn who_is_not_well_is_asked_only_when_nobody_is() {
    let view = route(StrategyKind::Priority, ["a/1", "b/1", "c/1", "d/1"]);
    let condition = |conditions: [Condition; 4]| now(4, move |place, target| target.condition = conditions[place]);
    let one_open = condition([shut(30), shut(0), Condition::Ready, shut(5)]);
    let decision = decide(&view, &one_open, &chat(), 1);
    assert_eq!((order(&decision).as_str(), &*decision.reason), ("c/1", "by tier and as listed"));
    assert_eq!(
        whys(&decision),
        ["it takes no requests for 30.0 s", "it takes no requests now", "", "it takes no requests for 5.0 s"]
    );
    let all_shut = condition([shut(30), shut(0), shut(7), shut(5)]);
    let decision = decide(&view, &all_shut, &chat(), 1);
    assert_eq!(order(&decision), "d/1 c/1 a/1 b/1", "who opens first goes first, who does not say last");
    assert_eq!(decision.reason, "nobody takes requests now: the soonest first");
    assert_eq!(whys(&decision), ["", "", "", ""]);

    let mut failing = condition([Condition::Ready, shut(0), Condition::Ready, shut(5)]);
    failing.targets[0].pulse.health = Health::Unavailable;
    let decision = decide(&view, &failing, &chat(), 1);
    assert_eq!(
        (order(&decision).as_str(), whys(&decision)[0].as_str()),
        ("c/1", "it failed too often a short while ago")
    );
    failing.targets[2].pulse.health = Health::Unavailable;
    assert_eq!(asked(&view, &failing, &chat()), "a/1 c/1 d/1 b/1", "who only failed goes before who refuses");
    failing.targets[2].pulse.health = Health::Degraded;
    assert_eq!(asked(&view, &failing, &chat()), "c/1", "who answers not always is asked");
}

#[test]
fn filters_have_an_order_and_each_target_one_reason() {
    let mut capabilities = Capabilities::default();
    (capabilities.tools, capabilities.context_window) = (Support::No, Some(10));
    let dollar = Usd::from_nanos(1);
    let spec =
        plain().with_only_if(OnlyIf::new("x", "y")).with_weight(0).with_quality(0.1).with_max_usd_per_request(dollar);
    let mut view = against(&spec, capabilities).with_min_quality(0.5);
    let mut facts = chat();
    facts.needs = facts.needs.with(Need::Tools);
    (facts.input_tokens, facts.region) = (100, Some("eu".into()));
    view.places[1].region = Some("eu".into());
    let mut bound = Bound::default();
    bound.held.push(HeldState { what: Held::File, by: vec!["b".into()] });
    facts.bound = bound;
    let mut seen = TargetView::default();
    (seen.condition, seen.price, seen.budget_left) = (shut(0), Price::new(dollar, dollar), Some(0.0));
    for (why, resolve) in [
        ("it does not support tools", (|view, _, _| view.places[0].lacks = llm_router::Needs::default()) as Resolve),
        ("its context window of 10 tokens is too small for about 100", |view, _, _| {
            view.places[0].context_window = None;
        }),
        ("it is not in the region eu", |view, _, _| view.places[0].region = Some("eu".into())),
        ("it takes requests with the right tag x only", |view, _, _| view.places[0].only_if = None),
        ("its quality 0.1 is below 0.5", |view, _, _| view.min_quality = None),
        ("its daily budget is spent", |_, seen, _| seen.budget_left = None),
        ("its weight is 0", |view, _, _| view.places[0].weight = None),
        ("the request needs an uploaded file of another provider", |_, _, facts| facts.bound = Bound::default()),
        ("it takes no requests now", |_, seen, _| seen.condition = Condition::Ready),
    ] {
        check(&view, &seen, &facts, why);
        resolve(&mut view, &mut seen, &mut facts);
    }
    check(&view, &seen, &facts, "");
}

type Resolve = fn(&mut RouteView, &mut TargetView, &mut Facts);

#[test]
fn without_fallback_the_first_is_asked_however_it_is() {
    let tiers = against(&plain(), Capabilities::default());
    let mut backup = place(&TargetSpec::new("c/1"), Capabilities::default());
    backup.fallback = true;
    let with_backup = RouteView::new(Some("r".into()), StrategyKind::LeastBusy)
        .with_place(place(&plain(), Capabilities::default()))
        .with_place(place(&TargetSpec::new("b/1"), Capabilities::default()))
        .with_place(backup);
    let mut facts = Facts::default();
    let first_is_shut = |places| {
        now(places, |place, target| {
            if place == 0 {
                target.condition = shut(5);
            }
        })
    };
    assert_eq!(order(&decide(&tiers, &first_is_shut(2), &facts, 1)), "b/1");
    facts.alone = true;
    assert_eq!(order(&decide(&tiers, &first_is_shut(2), &facts, 1)), "a/1 b/1", "nobody steps in for it");
    let decision = decide(&with_backup, &first_is_shut(3), &facts, 1);
    assert_eq!(order(&decision), "b/1", "a measured order has no first of its own");
    assert_eq!(whys(&decision)[2], "the request allows no fallback");
    let all_shut = now(3, |place, target| {
        if place < 2 {
            target.condition = shut(if place == 0 { 5 } else { 4 });
        }
    });
    assert_eq!(order(&decide(&with_backup, &all_shut, &facts, 1)), "b/1 a/1", "the soonest, and no fallback");
}
