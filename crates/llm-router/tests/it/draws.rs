//! Chance: shares, sessions, and the better of two.

use std::collections::BTreeMap;
use std::time::Duration;

use llm_router::{Condition, Facts, RouteView, Snapshot, StrategyKind, TargetSpec, decide};

use crate::pure::{busy, chat, now, order, route};

fn weighted(weights: &[u32]) -> RouteView {
    let spec = |(number, &weight): (usize, &u32)| TargetSpec::new(format!("p/{number}")).with_weight(weight);
    route(StrategyKind::Weighted, weights.iter().enumerate().map(spec))
}

fn firsts(view: &RouteView, snapshot: &Snapshot, draws: u64) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for seed in 0..draws {
        let first = decide(view, snapshot, &chat(), seed).order[0].model.to_string();
        *counts.entry(first).or_default() += 1;
    }
    counts
}

#[allow(clippy::cast_precision_loss, reason = "counts are small")]
fn chi_squared(counts: &BTreeMap<String, u64>, weights: &[u32], draws: u64) -> f64 {
    let sum: u32 = weights.iter().sum();
    let part = |(number, &weight): (usize, &u32)| {
        let expected = draws as f64 * f64::from(weight) / f64::from(sum);
        let seen = counts.get(&number.to_string()).copied().unwrap_or(0) as f64;
        (seen - expected).powi(2) / expected
    };
    weights.iter().enumerate().map(part).sum()
}

#[test]
fn shares_are_those_of_the_weights() {
    let draws = 20_000;
    for (weights, bound) in [(vec![1, 2, 3, 4], 16.27), (vec![90, 10], 10.83), (vec![1; 5], 18.47)] {
        let view = weighted(&weights);
        let counts = firsts(&view, &Snapshot::default(), draws);
        let chi = chi_squared(&counts, &weights, draws);
        assert!(chi < bound, "χ² {chi} for {weights:?}: {counts:?}");
        let mut tiers = view.clone();
        tiers.strategy = StrategyKind::Priority.into();
        assert_eq!(firsts(&tiers, &Snapshot::default(), 500), firsts(&view, &Snapshot::default(), 500));
    }
    let decision = decide(&weighted(&[1, 2]), &Snapshot::default(), &chat(), 1);
    assert_eq!((&*decision.strategy, &*decision.reason), ("weighted", "drawn by weight"));
}

#[test]
fn a_weight_of_0_is_never_drawn() {
    let view = weighted(&[1, 0]);
    for seed in 0..10_000 {
        assert_eq!(order(&decide(&view, &Snapshot::default(), &chat(), seed)), "p/0");
    }
}

#[test]
#[ignore = "a million draws take half a minute without optimisation"]
fn a_weight_of_0_is_never_drawn_in_a_million() {
    let counts = firsts(&weighted(&[1, 0, 1]), &Snapshot::default(), 1_000_000);
    assert_eq!(counts.get("1"), None);
    assert!(counts["0"].abs_diff(counts["2"]) < 4000, "four standard deviations: {counts:?}");
}

#[test]
fn a_target_without_a_weight_has_one_share() {
    let mut view = weighted(&[1, 1, 2]);
    view.places[0].weight = None;
    let counts = firsts(&view, &Snapshot::default(), 20_000);
    assert!(chi_squared(&counts, &[1, 1, 2], 20_000) < 13.82, "{counts:?}");
    view.strategy = StrategyKind::Priority.into();
    view.places[2].priority = 1;
    view.places[1].weight = None;
    let as_listed = (0..100).all(|seed| order(&decide(&view, &Snapshot::default(), &chat(), seed)) == "p/0 p/1 p/2");
    let mut mixed = weighted(&[1, 3]);
    mixed.places[0].weight = None;
    mixed.strategy = StrategyKind::Priority.into();
    let counts = firsts(&mixed, &Snapshot::default(), 4000);
    assert!(chi_squared(&counts, &[1, 3], 4000) < 10.83, "one weight is enough for a draw: {counts:?}");
    assert!(as_listed, "a tier without weights is as listed even when another has some");
}

fn session(name: &str) -> Facts {
    use std::sync::Arc;
    let mut hints = llm_core::Hints::default();
    hints.session = Some(name.into());
    let request = llm_core::Request::Chat(Arc::new(llm_core::ChatRequest::new("r")));
    Facts::of(&crate::support::cx().with_hints(hints), &request)
}

#[test]
fn a_session_stays_where_it_is() {
    for kind in [StrategyKind::Weighted, StrategyKind::LeastBusy, StrategyKind::Latency] {
        let mut view = weighted(&[1, 1, 1, 1]);
        view.strategy = kind.into();
        let mut counts = BTreeMap::new();
        for number in 0..400 {
            let facts = session(&format!("session {number}"));
            let home = decide(&view, &Snapshot::default(), &facts, 1).order[0].clone();
            *counts.entry(home.model.to_string()).or_default() += 1;
            let elsewhere = now(4, |place, target| {
                target.load = busy(u32::try_from(place * 7 + number).unwrap() % 11);
                target.pulse.first_token_peak =
                    Some(Duration::from_millis(u64::try_from(place * number).unwrap() % 97));
            });
            let decision = decide(&view, &elsewhere, &facts, 2);
            assert_eq!(decision.order[0], home, "whatever the seed, the load and the speed");
            assert_eq!(decision.reason, "drawn by weight for the session");
            let lost = now(4, |place, target| {
                if view.places[place].target.model.as_ref() == "2" {
                    target.condition = Condition::Shut { wait: None };
                }
            });
            let moved = decide(&view, &lost, &facts, 3).order[0].clone();
            assert_eq!(moved == home, &*home.model != "2", "only sessions of the lost target move");
        }
        assert!(chi_squared(&counts, &[1, 1, 1, 1], 400) < 16.27, "{counts:?}");
    }
}

#[test]
fn sessions_are_the_same_in_every_process() {
    let view = weighted(&[1, 2, 3]);
    let homes = ["alice", "bob", "carol", "", "a session with a longer name"]
        .map(|name| order(&decide(&view, &Snapshot::default(), &session(name), 9)));
    let expected = ["p/2 p/1 p/0", "p/0 p/2 p/1", "p/2 p/0 p/1", "p/0 p/2 p/1", "p/2 p/0 p/1"];
    assert_eq!(homes, expected);
    assert_ne!(session("a").session, session("b").session);
}

#[test]
fn of_two_that_are_drawn_the_better_is_asked() {
    let view = route(StrategyKind::Latency, ["a/1", "b/1", "c/1"]);
    let seen = |millis: [u64; 3]| {
        now(3, move |place, target| {
            if millis[place] > 0 {
                target.pulse.first_token_peak = Some(Duration::from_millis(millis[place]));
            }
        })
    };
    let firsts = |snapshot: &Snapshot| {
        let mut counts = [0; 3];
        for seed in 0..3000 {
            let decision = decide(&view, snapshot, &chat(), seed);
            counts[["a", "b", "c"].iter().position(|id| **id == *decision.order[0].provider).unwrap()] += 1;
        }
        counts
    };
    let [fast, middle, slow] = firsts(&seen([100, 200, 300]));
    assert_eq!(slow, 0, "the slowest never wins against another");
    assert!((1850..2150).contains(&fast) && (850..1150).contains(&middle), "{fast} {middle}");
    let decision = decide(&view, &seen([300, 100, 200]), &chat(), 1);
    assert_eq!(decision.reason, "the faster of two that were drawn, then by score");
    let mut rest: Vec<_> = decision.order.clone();
    rest.remove(0);
    assert_eq!(rest.iter().filter(|it| *it.provider == *"a").count(), 1);
    assert_eq!(rest[1].provider.as_ref(), "a", "the others follow by score");
    let [_, unseen, _] = firsts(&seen([100, 0, 300]));
    assert!((1850..2150).contains(&unseen), "who was never seen and is idle wins: {unseen}");
    let mut busy_one = seen([100, 0, 1500]);
    busy_one.targets[1].load = busy(1);
    let [first, second, third] = firsts(&busy_one);
    assert_eq!(third, 0);
    assert!(first > 1850 && second < 1150, "who was never seen and has a call is thought to take a second");
}

#[test]
fn the_better_of_two_spreads_by_speed_and_leaves_who_slows_down() {
    let view = route(StrategyKind::Latency, ["a/1", "b/1", "c/1", "d/1"]);
    let mut simulation = Simulation { view, seen: [None; 4], ends: Vec::new(), clock: 0 };
    let early = simulation.run(4000, [200, 220, 210, 190]);
    assert!(early.iter().all(|&count| count > 700), "equal targets have equal shares: {early:?}");
    let late = simulation.run(4000, [200, 2200, 210, 190]);
    assert!(late[1] < 150, "a target that slows down is left alone: {late:?}");
    let back = simulation.run(8000, [200, 2200, 210, 2000]);
    // Both slow ones are drawn for one request of six.
    assert!(back[1] + back[3] < 1500 && back[0] > 3000 && back[2] > 3000, "{back:?}");
}

/// Requests every 10 ms; what was seen jumps up and comes down by a fifth.
struct Simulation {
    view: RouteView,
    seen: [Option<u64>; 4],
    ends: Vec<(u64, usize, u64)>,
    clock: u64,
}

impl Simulation {
    fn run(&mut self, requests: u64, millis: [u64; 4]) -> [u32; 4] {
        let mut counts = [0; 4];
        for _ in 0..requests {
            self.clock += 10;
            let clock = self.clock;
            let seen = &mut self.seen;
            self.ends.retain(|&(end, place, took)| {
                if end <= clock {
                    let old = seen[place].unwrap_or(took);
                    seen[place] = Some(if took > old { took } else { (old * 4 + took) / 5 });
                }
                end > clock
            });
            let snapshot = now(4, |place, target| {
                target.pulse.first_token_peak = self.seen[place].map(Duration::from_millis);
                target.load = busy(u32::try_from(self.ends.iter().filter(|end| end.1 == place).count()).unwrap());
            });
            let first = decide(&self.view, &snapshot, &chat(), self.clock).order[0].clone();
            let place = ["a", "b", "c", "d"].iter().position(|id| **id == *first.provider).unwrap();
            counts[place] += 1;
            self.ends.push((clock + millis[place], place, millis[place]));
        }
        counts
    }
}
