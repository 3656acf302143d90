//! What each strategy makes of the same targets.

use std::time::Duration;

use llm_core::{Load, QualityNeed};
use llm_router::{
    BudgetPressure, ByComplexity, Complexity, Facts, Price, RouteView, Snapshot, StrategyKind, StrategySpec,
    TargetSpec, TaskRoute, Tasks, Usd, decide,
};

use crate::pure::{asked, busy, chat, now, order, route};

/// Of three targets `cheap/1` is the cheapest, `fast/1` the fastest and `best/1` the best; `dark/1` is not known.
fn four(strategy: impl Into<StrategySpec>) -> RouteView {
    let quality = |id: &str, quality| TargetSpec::new(id).with_quality(quality);
    let dark = TargetSpec::new("dark/1");
    route(strategy, [dark, quality("best/1", 0.95), quality("fast/1", 0.6), quality("cheap/1", 0.7)])
}

fn seen() -> Snapshot {
    let price = |dollars: u64| Price::new(Usd::from_nanos(dollars * 1_000_000_000), Usd::ZERO);
    now(4, |place, target| {
        let (dollars, millis) = [(0, 0), (15, 900), (3, 200), (1, 800)][place];
        if place > 0 {
            target.price = price(dollars);
            target.pulse.first_token_peak = Some(Duration::from_millis(millis));
        }
    })
}

fn facts(change: impl FnOnce(&mut Facts)) -> Facts {
    let mut facts = chat();
    (facts.input_tokens, facts.max_output) = (1000, Some(10));
    change(&mut facts);
    facts
}

/// The order and the reason.
fn made(view: &RouteView, snapshot: &Snapshot, facts: &Facts) -> (String, String) {
    let decision = decide(view, snapshot, facts, 1);
    (order(&decision), decision.reason.into_owned())
}

fn is(order: &str, reason: &str) -> (String, String) {
    (order.to_owned(), reason.to_owned())
}

#[test]
fn the_cheapest_goes_first_and_unknown_prices_last() {
    let view = four(StrategyKind::Cost);
    let expected = is("cheap/1 fast/1 best/1 dark/1", "the cheapest first, unknown prices last");
    assert_eq!(made(&view, &seen(), &facts(|_| ())), expected);
    let unknown = is("dark/1 best/1 fast/1 cheap/1", "no price is known: by tier and as listed");
    assert_eq!(made(&view, &Snapshot::default(), &facts(|_| ())), unknown);
    let mut known = view.clone();
    known.places.remove(0);
    let mut snapshot = seen();
    snapshot.targets.remove(0);
    assert_eq!(made(&known, &snapshot, &facts(|_| ())), is("cheap/1 fast/1 best/1", "the cheapest first"));
    let decision = decide(&known, &snapshot, &facts(|_| ()), 1);
    assert_eq!(decision.candidates[0].cost, Some(Usd::from_micros(15_000)));
    assert_eq!(decision.candidates[0].scores[0].value.to_string(), "$0.015");
}

#[test]
fn answers_count_for_the_cost() {
    let view = route(StrategyKind::Cost, ["a/1", "b/1"]);
    let price = |input, output| Price::new(Usd::from_nanos(input), Usd::from_nanos(output));
    let snapshot = now(2, |place, target| target.price = [price(1000, 9000), price(2000, 4000)][place]);
    let order = |max_output| {
        asked(&view, &snapshot, &facts(|facts| (facts.input_tokens, facts.max_output) = (1_000_000, max_output)))
    };
    assert_eq!(order(Some(0)), "a/1 b/1");
    assert_eq!(order(Some(1_000_000)), "b/1 a/1");
    assert_eq!(order(None), "a/1 b/1", "an answer is thought to have 512 tokens");
    assert_eq!(asked(&view, &snapshot, &facts(|facts| (facts.input_tokens, facts.max_output) = (0, None))), "b/1 a/1");
}

#[test]
fn the_fastest_goes_first_unless_it_is_busy() {
    let view = four(StrategyKind::Fastest);
    let expected = is("fast/1 cheap/1 best/1 dark/1", "the fastest first, unknown speeds last");
    assert_eq!(made(&view, &seen(), &chat()), expected);
    let mut snapshot = seen();
    snapshot.targets[2].load = Load::new(2, 1, None);
    assert_eq!(asked(&view, &snapshot, &chat()), "fast/1 cheap/1 best/1 dark/1", "4 × 200 is 800: as listed");
    snapshot.targets[2].load = Load::new(2, 2, None);
    assert_eq!(asked(&view, &snapshot, &chat()), "cheap/1 best/1 fast/1 dark/1");
    snapshot.targets[2].load = Load::default();
    snapshot.targets[2].pulse.in_flight = 4;
    assert_eq!(asked(&view, &snapshot, &chat()), "cheap/1 best/1 fast/1 dark/1", "statistics count calls, too");
    let none = is("dark/1 best/1 fast/1 cheap/1", "no speed is known: by tier and as listed");
    assert_eq!(made(&view, &Snapshot::default(), &chat()), none);
    let mut mean = Snapshot::default();
    mean.targets = seen().targets;
    mean.targets[0].pulse.first_token = Some(Duration::from_millis(1));
    assert_eq!(made(&view, &mean, &chat()), is("dark/1 fast/1 cheap/1 best/1", "the fastest first"));
}

#[test]
fn the_best_goes_first_and_unknown_quality_last() {
    let view = four(StrategyKind::Quality);
    let expected = is("best/1 cheap/1 fast/1 dark/1", "the best first, unknown quality last");
    assert_eq!(made(&view, &seen(), &chat()), expected);
    let mut rated = seen();
    rated.targets[0].pulse.quality = Some(0.97);
    rated.targets[1].pulse.quality = Some(0.01);
    let expected = is("dark/1 best/1 cheap/1 fast/1", "the best first");
    assert_eq!(made(&view, &rated, &chat()), expected, "the operator's word goes before ratings");
    let unknown = route(StrategyKind::Quality, ["a/1", "b/1"]);
    let expected = is("a/1 b/1", "no quality is known: by tier and as listed");
    assert_eq!(made(&unknown, &Snapshot::default(), &chat()), expected);
}

#[test]
fn the_least_busy_goes_first_by_weight() {
    let view = route(StrategyKind::LeastBusy, ["a/1", "b/1", "c/1"]);
    let snapshot = now(3, |place, target| target.load = [busy(3), Load::new(1, 1, None), busy(1)][place]);
    assert_eq!(made(&view, &snapshot, &chat()), is("c/1 b/1 a/1", "the least busy first"));
    let weights = [8, 1, 1].map(Some);
    let mut heavy = view.clone();
    heavy.places.iter_mut().zip(weights).for_each(|(place, weight)| place.weight = weight);
    assert_eq!(asked(&heavy, &snapshot, &chat()), "a/1 c/1 b/1", "3 calls over 8 are less than 1");
    let idle = |seed| decide(&view, &Snapshot::default(), &chat(), seed).order[0].to_string();
    let firsts: std::collections::BTreeSet<String> = (0..64).map(idle).collect();
    assert_eq!(firsts.len(), 3, "equals have their turns");
}

#[test]
fn tiers_go_before_everything_a_strategy_compares() {
    let kinds = [
        StrategyKind::Priority,
        StrategyKind::Weighted,
        StrategyKind::Cost,
        StrategyKind::Latency,
        StrategyKind::Fastest,
        StrategyKind::Quality,
        StrategyKind::LeastBusy,
    ];
    for kind in kinds {
        let mut view = four(kind);
        for place in &mut view.places[1..] {
            place.priority = 1;
        }
        for seed in 0..20 {
            let decision = decide(&view, &seen(), &chat(), seed);
            assert_eq!(decision.order[0].to_string(), "dark/1", "{kind:?}");
            assert_eq!(decision.order.len(), 4, "the others follow");
        }
    }
}

#[test]
fn the_paradigm_table_is_a_table_of_tasks() {
    let tasks: Tasks = serde_json::from_str(
        r#"{
            "lsr": { "target": "claude/sonnet", "fallback": "openai/gpt-4", "why": "creative reasoning" },
            "gs": { "target": "claude/sonnet", "fallback": "openai/gpt-4", "why": "citation accuracy" },
            "ep": { "target": "claude/sonnet", "fallback": ["openai/gpt-4"], "why": "tool use capability" },
            "ve": { "target": "openai/gpt-4", "fallback": "claude/sonnet", "why": "function calling" },
            "long_context": { "target": "gemini/pro" }
        }"#,
    )
    .unwrap();
    let view = route(tasks, ["mistral/large", "claude/sonnet", "openai/gpt-4", "gemini/pro"]);
    let task = |task: &str| made(&view, &Snapshot::default(), &facts(|facts| facts.task = Some(task.into())));
    let sonnet = "claude/sonnet openai/gpt-4 mistral/large gemini/pro";
    assert_eq!(task("lsr"), is(sonnet, "the task lsr: creative reasoning"));
    assert_eq!(task("gs"), is(sonnet, "the task gs: citation accuracy"));
    assert_eq!(task("ep"), is(sonnet, "the task ep: tool use capability"));
    let gpt = "openai/gpt-4 claude/sonnet mistral/large gemini/pro";
    assert_eq!(task("ve"), is(gpt, "the task ve: function calling"));
    assert_eq!(
        task("long_context"),
        is("gemini/pro mistral/large claude/sonnet openai/gpt-4", "the task long_context")
    );
    let listed = "mistral/large claude/sonnet openai/gpt-4 gemini/pro";
    assert_eq!(task("poetry"), is(listed, "the task poetry has no entry: by tier and as listed"));
    let none = made(&view, &Snapshot::default(), &chat());
    assert_eq!(none, is(listed, "the request names no task: by tier and as listed"));
    let bare = route(Tasks::default().with("t", TaskRoute::new("pro", "x")), ["mistral/large", "gemini/pro"]);
    let order = asked(&bare, &Snapshot::default(), &facts(|facts| facts.task = Some("t".into())));
    assert_eq!(order, "mistral/large gemini/pro", "a model alone names no target");
    let three = TaskRoute::new("a/1", "x").with_fallback("c/1").with_fallback("b/1");
    let view = route(Tasks::default().with("t", three), ["b/1", "d/1", "c/1", "a/1"]);
    let order = asked(&view, &Snapshot::default(), &facts(|facts| facts.task = Some("t".into())));
    assert_eq!(order, "a/1 c/1 b/1 d/1", "fallbacks in their own order");
}

#[test]
fn complexity_chooses_the_cheap_the_fast_or_the_best() {
    let view = four(StrategyKind::Complexity);
    let made = |view: &RouteView, class| made(view, &seen(), &facts(|facts| facts.complexity = class));
    let cheap = is("cheap/1 fast/1 best/1 dark/1", "the request is simple: cheapest");
    assert_eq!(made(&view, Some(Complexity::Simple)), cheap);
    let fast = is("fast/1 cheap/1 best/1 dark/1", "the request is medium: fastest");
    assert_eq!(made(&view, Some(Complexity::Medium)), fast);
    let best = is("best/1 cheap/1 fast/1 dark/1", "the request is complex: best_quality");
    assert_eq!(made(&view, Some(Complexity::Complex)), best);
    let unknown = is("fast/1 cheap/1 best/1 dark/1", "the request is of unknown complexity: fastest");
    assert_eq!(made(&view, None), unknown);
    let own = four(ByComplexity::new("fast/1", "as_listed", "cheap/1"));
    let named = is("fast/1 dark/1 best/1 cheap/1", "the request is simple: fast/1");
    assert_eq!(made(&own, Some(Complexity::Simple)), named);
    let listed = is("dark/1 best/1 fast/1 cheap/1", "the request is medium: as_listed");
    assert_eq!(made(&own, Some(Complexity::Medium)), listed);
    let named = is("cheap/1 dark/1 best/1 fast/1", "the request is complex: cheap/1");
    assert_eq!(made(&own, Some(Complexity::Complex)), named);
}

#[test]
fn the_budget_matrix_is_the_one_of_its_table() {
    use Complexity::{Complex, Medium, Simple};
    use QualityNeed::{High, Low, Standard};
    let view = four(BudgetPressure::new("best/1", "fast/1", "cheap/1"));
    let (best, standard, cheap) = ("best/1", "fast/1", "cheap/1");
    for (quality, complexity, left, expected, reason) in [
        (Some(High), Some(Complex), None, best, "high quality, complex: best/1"),
        (Some(High), Some(Complex), Some(0.01), best, "high quality, complex: best/1"),
        (Some(High), Some(Medium), None, standard, "high quality, not complex: fast/1"),
        (Some(High), Some(Simple), Some(0.01), standard, "high quality, not complex: fast/1"),
        (Some(High), None, Some(0.01), standard, "high quality, not complex: fast/1"),
        (Some(Standard), Some(Complex), None, standard, "standard quality: fast/1"),
        (Some(Standard), Some(Complex), Some(0.2), standard, "standard quality: fast/1"),
        (Some(Standard), Some(Complex), Some(0.19), cheap, "standard quality, little budget is left: cheap/1"),
        (None, Some(Simple), Some(0.2), standard, "standard quality: fast/1"),
        (None, Some(Simple), Some(0.0), cheap, "standard quality, little budget is left: cheap/1"),
        (Some(Low), Some(Complex), Some(1.0), cheap, "low quality is enough: cheap/1"),
        (Some(Low), Some(Simple), None, cheap, "low quality is enough: cheap/1"),
    ] {
        let mut snapshot = seen();
        snapshot.budget_left = left;
        let facts = facts(|facts| (facts.quality, facts.complexity) = (quality, complexity));
        let (order, said) = made(&view, &snapshot, &facts);
        assert_eq!((order.split(' ').next().unwrap(), said.as_str()), (expected, reason));
    }
    let mut snapshot = seen();
    snapshot.budget_left = Some(0.4);
    let wide = four(BudgetPressure::new("best/1", "fast/1", "cheap/1").with_below(0.5));
    assert_eq!(asked(&wide, &snapshot, &chat()), "cheap/1 dark/1 best/1 fast/1");
    let defaults = four(StrategyKind::BudgetPressure);
    assert_eq!(asked(&defaults, &snapshot, &chat()), "dark/1 best/1 fast/1 cheap/1", "as listed");
    let hard = facts(|facts| (facts.quality, facts.complexity) = (Some(High), Some(Complex)));
    assert_eq!(asked(&defaults, &snapshot, &hard), "best/1 cheap/1 fast/1 dark/1");
    let low = facts(|facts| facts.quality = Some(Low));
    assert_eq!(asked(&defaults, &snapshot, &low), "cheap/1 fast/1 best/1 dark/1");
}

#[test]
fn manual_leaves_all_but_the_first_out() {
    let view = four(StrategyKind::Manual);
    let decision = decide(&view, &seen(), &chat(), 1);
    assert_eq!(order(&decision), "dark/1");
    let why = decision.candidates[1].removed.as_ref().unwrap().to_string();
    assert_eq!(why, "the strategy manual leaves it out");
    assert_eq!(decision.strategy, "manual");
}

#[test]
fn manual_asks_the_first_even_when_it_is_shut_and_others_are_not() {
    let view = four(StrategyKind::Manual);
    let mut snapshot = seen();
    snapshot.targets[0].condition = crate::pure::shut(20);
    let decision = decide(&view, &snapshot, &chat(), 1);
    assert_eq!(order(&decision), "dark/1", "whoever calls it hears when to come back");
    assert_eq!(decision.candidates[1].removed.as_ref().unwrap().to_string(), "the strategy manual leaves it out");
}
