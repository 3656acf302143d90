//! Everything that a seed decides before the first request: vendors and what goes wrong with them, routes, the driver.

use std::cell::Cell;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use llm_core::{
    Capabilities, Cx, Error, ErrorKind, HttpRequest, HttpResponse, Observed, Observer, Provider, Support, Transport,
};
use llm_resilience::{
    BreakerPolicy, Commit, GateSettings, Gates, HedgeAfter, HedgePolicy, LimitPolicy, OnBreak, Resilient, RetryPolicy,
    Settings, Share, StreamPolicy, TimeoutPolicy, Window,
};
use llm_router::{Route, Router, Stats, StrategyKind};
use llm_testkit::fault::{Answers, FaultyProvider, Ledger, Schedule};
use tokio::time::Instant;

use crate::probes::Probes;
use crate::run::Plan;

/// A route and how it is driven.
pub(crate) struct Lane {
    pub(crate) name: Arc<str>,
    pub(crate) targets: Vec<String>,
    pub(crate) strategy: StrategyKind,
    pub(crate) settings: Settings,
}

/// Statistics in simulated time.
struct Watch(Stats);

impl Observer for Watch {
    fn on(&self, event: &Observed) {
        self.0.observe(event, Instant::now().into_std());
    }
}

/// Everything there is.
pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) vendors: Vec<Arc<FaultyProvider>>,
    pub(crate) routes: Vec<Lane>,
    pub(crate) answers: Answers,
    /// Breakers, cool-downs and limits, where this world has them.
    pub(crate) gates: Option<Gates>,
    pub(crate) rules: Option<GateSettings>,
    /// The limits are too tight for the traffic.
    pub(crate) starved: bool,
    pub(crate) probes: Option<Arc<Probes>>,
    pub(crate) stats: Stats,
    pub(crate) driver: Arc<dyn Provider>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) cx: Cx,
    /// Requests that were sent.
    pub(crate) sent: Cell<usize>,
}

impl World {
    pub(crate) fn new(plan: Plan) -> Self {
        let mut random = fastrand::Rng::with_seed(plan.seed);
        let names = ["a", "b", "c", "d"];
        // Only where the same question has the same answer can another vendor go on with it.
        let answers = if random.u32(..4) == 0 { Answers::OfTheRequest } else { Answers::OfTheCall };
        let vendors: Vec<_> = names[..random.usize(2..=4)]
            .iter()
            .map(|name| {
                let schedule = Schedule::random(random.u64(..), Self::faults_end(plan));
                let mut capabilities = Capabilities::chat();
                capabilities.embeddings = Support::Yes;
                capabilities.assistant_prefill = if random.bool() { Support::Yes } else { Support::No };
                FaultyProvider::new(*name, plan.seed)
                    .with_schedule(schedule)
                    .with_answers(answers)
                    .with_capabilities(capabilities)
                    .build()
            })
            .collect();
        let lanes: Vec<_> = ["first", "second"][..random.usize(1..=2)]
            .iter()
            .map(|name| {
                let mut targets: Vec<_> = vendors.iter().map(|vendor| format!("{}/m", vendor.id())).collect();
                random.shuffle(&mut targets);
                targets.truncate(random.usize(2..=targets.len()));
                let strategy = strategy(&mut random);
                let settings = settings(&mut random, answers == Answers::OfTheRequest);
                Lane { name: (*name).into(), targets, strategy, settings }
            })
            .collect();
        let rules = (random.u32(..8) > 0).then(|| rules(&mut random));
        let gates = rules.clone().map(Gates::new);
        let probes = rules.as_ref().zip(gates.clone());
        let probes = probes.map(|(rules, gates)| Arc::new(Probes::new(gates, &rules.breaker)));
        let (ledger, stats) = (Arc::new(Ledger::default()), Stats::default());
        let mut observers: Vec<Arc<dyn Observer>> = vec![ledger.clone(), Arc::new(Watch(stats.clone()))];
        observers.extend(probes.clone().map(|probes| probes as Arc<dyn Observer>));

        let draws = Mutex::new(random.fork());
        let mut router = Router::builder()
            .stats(Arc::new(stats.clone()))
            .clock(|| Instant::now().into_std())
            .seeds(move || draws.lock().unwrap_or_else(PoisonError::into_inner).u64(..));
        let mut driver = Resilient::builder().seed(random.u64(..));
        if let Some(gates) = &gates {
            driver = driver.gates(gates.clone());
            router = router.states(Arc::new(gates.clone()));
        }
        for vendor in &vendors {
            router = router.provider(vendor.clone());
        }
        for lane in &lanes {
            let targets = lane.targets.iter().map(String::as_str);
            router = router.route(Route::new(&*lane.name, targets).with_strategy(lane.strategy));
            driver = driver.route_settings(lane.name.clone(), lane.settings.clone());
        }
        #[expect(clippy::expect_used, reason = "a world that cannot be built is a defect of this file")]
        let router = router.build().expect("routes of known targets");
        Self {
            plan,
            vendors,
            routes: lanes,
            answers,
            gates,
            starved: rules.as_ref().is_some_and(|rules| rules.limits.max_in_flight.is_some_and(|most| most < 60)),
            rules,
            probes,
            stats,
            driver: driver.planner(Arc::new(router)).build(),
            cx: Cx::new(Arc::new(NoTransport)).with_observer(Arc::new(observers)),
            ledger,
            sent: Cell::new(0),
        }
    }

    /// What was decided, in words.
    pub(crate) fn describe(&self) -> String {
        let vendors = self.vendors.iter().map(|vendor| format!("vendor {}: {:?}", vendor.id(), vendor.schedule()));
        let lanes = self.routes.iter().map(|lane| {
            format!("route {} to {:?} by {:?}: {:?}", lane.name, lane.targets, lane.strategy, lane.settings)
        });
        let gates = format!("gates: {:?}", self.rules);
        vendors.chain(lanes).chain([gates]).collect::<Vec<_>>().join("\n")
    }

    /// From when on nothing is wrong any more, counted from the start.
    pub(crate) fn faults_end(plan: Plan) -> Duration {
        plan.length / 2
    }
}

fn strategy(random: &mut fastrand::Rng) -> StrategyKind {
    match random.u32(..10) {
        0 => StrategyKind::Weighted,
        1 => StrategyKind::Latency,
        2 => StrategyKind::Fastest,
        3 => StrategyKind::LeastBusy,
        4 => StrategyKind::Adaptive,
        5 => StrategyKind::Manual,
        _ => StrategyKind::Priority,
    }
}

fn streams(random: &mut fastrand::Rng, resumable: bool) -> StreamPolicy {
    let commit = match random.u32(..6) {
        0 => Commit::Complete,
        1 => Commit::Window(Window::new(random.u32(1..=60), Duration::from_millis(random.u64(100..=5000)))),
        _ => Commit::FirstOutput,
    };
    let on_break = if resumable && random.u32(..3) > 0 { OnBreak::Resume } else { OnBreak::Error };
    StreamPolicy::default().with_commit(commit).with_on_break(on_break)
}

fn settings(random: &mut fastrand::Rng, resumable: bool) -> Settings {
    let retry = match random.u32(..10) {
        0 => RetryPolicy::classic(),
        1 => RetryPolicy::none(),
        _ => RetryPolicy::default(),
    };
    let mut timeouts = TimeoutPolicy::default();
    if random.bool() {
        timeouts = timeouts.with_attempt(Duration::from_millis(random.u64(5000..=20_000)));
    }
    let settings = Settings::default().with_retry(retry).with_timeouts(timeouts);
    let settings = settings.with_stream(streams(random, resumable));
    match random.u32(..4) {
        0 => {
            let after = HedgeAfter::Fixed(Duration::from_millis(random.u64(200..=4000)));
            settings.with_hedge(HedgePolicy::after(after).with_budget(Share::percent(random.u32(1..=50))))
        }
        1 => settings.with_hedge(HedgePolicy::default()),
        _ => settings,
    }
}

/// The rules of gates of one kind or another.
fn rules(random: &mut fastrand::Rng) -> GateSettings {
    let breaker = match random.u32(..6) {
        0 => BreakerPolicy::classic(),
        1 => BreakerPolicy::off(),
        2 => BreakerPolicy::default().with_open_for(Duration::from_secs(5)).with_probes(3, 2),
        3 => BreakerPolicy::default().with_failures(2),
        _ => BreakerPolicy::default(),
    };
    let limits = LimitPolicy::default();
    // One target alone takes all of the traffic, except in the world that starves.
    let limits = match random.u32(..6) {
        0 => limits.with_max_in_flight(random.u32(60..=100)),
        1 => limits.with_adaptive(),
        2 => limits.with_rpm(random.u64(1800..=6000)),
        3 => limits.with_max_in_flight(random.u32(2..=20)).with_queue(random.u32(..50), Duration::from_secs(10)),
        _ => limits,
    };
    GateSettings::default().with_breaker(breaker).with_limits(limits)
}

/// Vendors of a simulation have no need of one.
struct NoTransport;

#[async_trait]
impl Transport for NoTransport {
    async fn send(&self, _cx: &Cx, _request: HttpRequest) -> Result<HttpResponse, Error> {
        Err(Error::new(ErrorKind::Internal, "a simulation has no transport"))
    }
}
