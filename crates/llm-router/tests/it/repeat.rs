//! Decisions depend on nothing but their inputs, and can be repeated from a log.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use llm_core::QualityNeed;
use llm_router::{
    Complexity, Condition, Contest, Decision, Facts, Health, Price, RouteView, Snapshot, Strategy, StrategyKind,
    TargetSpec, Usd, decide, register_strategy,
};
use proptest::prelude::*;

use crate::pure::{chat, now, order, route};

const KINDS: [StrategyKind; 11] = [
    StrategyKind::Priority,
    StrategyKind::Manual,
    StrategyKind::Weighted,
    StrategyKind::Cost,
    StrategyKind::Latency,
    StrategyKind::Fastest,
    StrategyKind::Quality,
    StrategyKind::LeastBusy,
    StrategyKind::Task,
    StrategyKind::Complexity,
    StrategyKind::BudgetPressure,
];

prop_compose! {
    fn spec()(
        number in 0..1000_u32,
        priority in -1..2_i32,
        weight in proptest::option::of(0..5_u32),
        quality in proptest::option::of(0..=100_u32),
        price in proptest::option::of((0..90_000_u64, 0..90_000_u64)),
        window in proptest::option::of(1..20_000_u64),
        most in proptest::option::of(0..90_000_u64),
        eu in any::<bool>(),
    ) -> TargetSpec {
        let mut spec = TargetSpec::new(format!("p{}/m{number}", number % 3)).with_priority(priority);
        spec.weight = weight;
        spec.quality = quality.map(|it| f64::from(it) / 100.0);
        if let Some((input, output)) = price {
            spec.price = Price::new(Usd::from_micros(input), Usd::from_micros(output));
        }
        spec.context_window = window;
        spec.max_usd_per_request = most.map(Usd::from_nanos);
        spec.region = eu.then(|| "eu".to_owned());
        spec
    }
}

prop_compose! {
    fn inputs()(
        specs in proptest::collection::vec(spec(), 0..12),
        kind in 0..KINDS.len(),
        numbers in proptest::collection::vec(any::<u32>(), 12),
        least in proptest::option::of(0..100_u32),
        tokens in 0..20_000_u64,
        region in any::<bool>(),
        session in proptest::option::of(any::<u64>()),
        class in 0..4_usize,
        left in proptest::option::of(0..100_u32),
    ) -> (RouteView, Snapshot, Facts) {
        let mut view = route(KINDS[kind], specs);
        view.min_quality = least.map(|it| f64::from(it) / 100.0);
        let mut snapshot = now(view.places.len(), |place, target| {
            let number = numbers[place];
            target.condition = match number % 5 {
                0 => Condition::Shut { wait: None },
                1 => Condition::Shut { wait: Some(Duration::from_nanos(u64::from(number))) },
                _ => Condition::Ready,
            };
            target.pulse.health = if number % 7 == 0 { Health::Unavailable } else { Health::Healthy };
            target.pulse.first_token_peak = (number % 3 > 0).then(|| Duration::from_micros(u64::from(number)));
            target.pulse.quality = (number % 4 > 0).then(|| f64::from(number % 1000) / 1000.0);
            target.pulse.in_flight = number % 9;
            target.price.input = Some(Usd::from_micros(u64::from(number % 10_000)));
            target.budget_left = (number % 11 == 0).then_some(0.0);
        });
        snapshot.budget_left = left.map(|it| f64::from(it) / 100.0);
        let mut facts = chat();
        (facts.input_tokens, facts.session) = (tokens, session);
        facts.region = region.then(|| "eu".into());
        facts.complexity = [None, Some(Complexity::Simple), Some(Complexity::Medium), Some(Complexity::Complex)][class];
        facts.quality = [None, Some(QualityNeed::Low), Some(QualityNeed::Standard), Some(QualityNeed::High)][class];
        (view, snapshot, facts)
    }
}

proptest! {
    #[test]
    fn the_same_inputs_make_the_same_decision((view, snapshot, facts) in inputs(), seed in any::<u64>()) {
        let first = decide(&view, &snapshot, &facts, seed);
        prop_assert_eq!(&first, &decide(&view.clone(), &snapshot.clone(), &facts.clone(), seed));
        prop_assert_eq!(&first, &first.replay().unwrap());
        let log = serde_json::to_string(&first).unwrap();
        let read: Decision = serde_json::from_str(&log).unwrap();
        prop_assert_eq!(&read, &first);
        prop_assert_eq!(&read.replay().unwrap(), &first);
    }

    #[test]
    fn every_target_is_asked_once_or_has_its_reason((view, snapshot, facts) in inputs(), seed in any::<u64>()) {
        let decision = decide(&view, &snapshot, &facts, seed);
        prop_assert_eq!(decision.candidates.len(), view.places.len());
        let mut ranks: Vec<usize> = decision.candidates.iter().filter_map(|it| it.rank).collect();
        ranks.sort_unstable();
        prop_assert_eq!(ranks, (1..=decision.order.len()).collect::<Vec<_>>());
        for candidate in &decision.candidates {
            prop_assert_eq!(candidate.rank.is_some(), candidate.removed.is_none());
            if let Some(rank) = candidate.rank {
                prop_assert_eq!(&decision.order[rank - 1], &candidate.target);
            }
        }
        let well = |place: usize| snapshot.targets[place].is_well();
        let asked: Vec<usize> = (0..view.places.len()).filter(|&it| decision.candidates[it].rank.is_some()).collect();
        prop_assert!(asked.iter().all(|&it| well(it)) || !asked.iter().any(|&it| well(it)), "the unwell are a last resort");
        prop_assert!(asked.iter().all(|&it| view.places[it].weight != Some(0)));
    }
}

struct Backwards;

impl Strategy for Backwards {
    fn name(&self) -> &'static str {
        "backwards"
    }

    fn rank(&self, _contest: &Contest<'_>, order: &mut Vec<usize>) -> Cow<'static, str> {
        order.reverse();
        Cow::Borrowed("from behind")
    }
}

register_strategy!(Backwards);

#[test]
fn a_registered_strategy_is_found_again_by_its_name() {
    let view = route(Arc::new(Backwards) as Arc<dyn Strategy>, ["a/1", "b/1"]);
    let decision = decide(&view, &Snapshot::default(), &chat(), 7);
    assert_eq!((order(&decision).as_str(), &*decision.strategy), ("b/1 a/1", "backwards"));
    let log = serde_json::to_string(&decision).unwrap();
    assert!(log.contains(r#""seed":"0000000000000007""#), "{log}");
    let read: Decision = serde_json::from_str(&log).unwrap();
    assert_eq!(read.replay().unwrap(), decision);
    let foreign: Decision = serde_json::from_str(&log.replace("backwards", "sideways")).unwrap();
    let error = foreign.replay().unwrap_err();
    assert!(error.message().ends_with("no crate that is linked in has the strategy \"sideways\""), "{error}");
    assert_eq!(llm_router::registered("backwards").unwrap().name(), "backwards");
    assert!(llm_router::registered("sideways").is_none());
}

#[test]
fn a_decision_tells_no_words_of_its_request() {
    use llm_core::{ChatRequest, Hints, Request};
    let mut hints = Hints::default();
    (hints.session, hints.user) = (Some("canary-session".into()), Some("canary-user".into()));
    let cx = crate::support::cx().with_hints(hints);
    let request = Request::Chat(Arc::new(ChatRequest::new("r").with_user("canary-words")));
    let facts = Facts::of(&cx, &request);
    let log =
        serde_json::to_string(&decide(&route(StrategyKind::Cost, ["a/1"]), &Snapshot::default(), &facts, 1)).unwrap();
    assert!(!log.contains("canary"), "{log}");
}
