//! What a plan costs: 20 targets, with states, statistics and prices. The bound is 5 µs.

use std::collections::{BTreeMap, HashMap};
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use llm_core::{
    Adapter, Attempt, AttemptReason, Availability, Capabilities, ChatRequest, Cx, Error, ErrorKind, Hints, HttpRequest,
    HttpResponse, Load, Observed, Observer, Planner, Request, RequestInfo, Target, TargetState, TargetStates, Timing,
    Transport, Usage,
};
use llm_router::{
    Price, Prices, Pulse, Route, Router, Stats, StatsView, StrategyKind, TargetRecord, TargetSpec, TaskRoute, Tasks,
    Usd,
};

const TARGETS: u32 = 20;

struct Vendor;

#[llm_core::async_trait]
impl Adapter for Vendor {
    fn id(&self) -> &'static str {
        "vendor"
    }
    fn api(&self) -> &'static str {
        "bench"
    }
    fn capabilities(&self, _model: &str) -> Capabilities {
        let mut capabilities = Capabilities::chat();
        capabilities.context_window = Some(128_000);
        capabilities
    }
}

struct Offline;

#[llm_core::async_trait]
impl Transport for Offline {
    async fn send(&self, _cx: &Cx, _request: HttpRequest) -> Result<HttpResponse, Error> {
        Err(Error::new(ErrorKind::Internal, "offline"))
    }
}

/// The states and the past of all targets; the last one may be shut.
struct Known {
    prices: HashMap<Target, Price>,
    last_is_shut: bool,
}

struct Seen(u32, bool);

impl TargetState for Seen {
    fn availability(&self, _now: Instant) -> Availability {
        if self.1 { Availability::Shut { until: None } } else { Availability::Ready }
    }
    fn load(&self) -> Load {
        Load::new(self.0 % 7, 0, Some(100))
    }
}

impl TargetRecord for Seen {
    fn pulse(&self, _now: Instant) -> Pulse {
        let mut pulse = Pulse::default();
        (pulse.samples, pulse.success_rate) = (100.0, Some(0.99));
        pulse.first_token_peak = Some(Duration::from_millis(u64::from(300 + 17 * self.0)));
        pulse
    }
}

fn number(target: &Target) -> u32 {
    target.model.trim_start_matches("model-").parse().unwrap_or(0)
}

impl TargetStates for Known {
    fn state(&self, target: &Target) -> Arc<dyn TargetState> {
        let number = number(target);
        Arc::new(Seen(number, self.last_is_shut && number == TARGETS - 1))
    }
}

impl StatsView for Known {
    fn record(&self, target: &Target) -> Arc<dyn TargetRecord> {
        Arc::new(Seen(number(target), false))
    }
}

impl Prices for Known {
    fn price(&self, target: &Target) -> Price {
        self.prices.get(target).copied().unwrap_or_default()
    }
}

/// Statistics of targets that answered a hundred times each.
fn stats() -> Stats {
    let stats = Stats::default();
    for call in 0..TARGETS * 100 {
        let target = Target::new("vendor", format!("model-{}", call % TARGETS));
        let mut info = RequestInfo::default();
        (info.id, info.operation) = (format!("call-{call}").into(), "chat_stream");
        let request = Arc::new(info);
        let took = Duration::from_millis(u64::from(200 + call * 7 % 500));
        let reason = AttemptReason::First;
        stats.on(&Observed::AttemptStarted { request: request.clone(), target: target.clone(), number: 1, reason });
        let attempt = Attempt::new(target.clone(), 1, took, Duration::ZERO).with_reason(AttemptReason::First);
        stats.on(&Observed::AttemptDone { request: request.clone(), attempt, usage: None });
        let timing = Timing { first_content: Some(took), total: Some(took * 4) };
        let usage = Usage::new(100, 100);
        stats.on(&Observed::Completed { request, target: Some(target), usage, timing, attempts: 1, error: None });
    }
    stats
}

fn router(change: impl FnOnce(Route) -> Route, last_is_shut: bool) -> Router {
    let known = known(last_is_shut);
    with_stats(change, known.clone(), known)
}

fn known(last_is_shut: bool) -> Arc<Known> {
    let price = |number: u32| {
        let price = Price::new(Usd::from_micros(u64::from(1000 + number)), Usd::from_micros(u64::from(4000 + number)));
        (Target::new("vendor", format!("model-{number}")), price)
    };
    Arc::new(Known { prices: (0..TARGETS).map(price).collect(), last_is_shut })
}

fn with_stats(change: impl FnOnce(Route) -> Route, known: Arc<Known>, stats: Arc<dyn StatsView>) -> Router {
    let target = |number: u32| TargetSpec::new(format!("vendor/model-{number}")).with_quality(f64::from(number) / 20.0);
    let built = Router::builder()
        .provider(Arc::new(Vendor))
        .states(known.clone())
        .stats(stats)
        .prices(known)
        .route(change(Route::new("route", (0..TARGETS).map(target))))
        .build();
    match built {
        Ok(router) => router,
        Err(error) => unreachable!("{error}"),
    }
}

fn plans(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("plan_20");
    let mut chat = ChatRequest::new("route");
    for turn in 0..10 {
        chat = chat.with_user(format!("turn {turn}: {}", "some words of a prompt ".repeat(20)));
    }
    let request = Request::Chat(Arc::new(chat));
    let mut hints = Hints::default();
    hints.task = Some("code_generation".into());
    let mut cx = Cx::new(Arc::new(Offline)).with_hints(hints);
    cx.tags = Some(Arc::new(BTreeMap::from([("team".to_owned(), "a".to_owned())])));
    let mut bench = |name: &str, router: Router| {
        group.bench_function(name, |bencher| bencher.iter(|| black_box(router.plan(&cx, black_box(&request)))));
    };
    bench("priority_shared", router(|route| route, false));
    bench("priority_one_shut", router(|route| route, true));
    for (name, kind) in [
        ("weighted", StrategyKind::Weighted),
        ("cost", StrategyKind::Cost),
        ("latency", StrategyKind::Latency),
        ("quality", StrategyKind::Quality),
        ("least_busy", StrategyKind::LeastBusy),
        ("complexity", StrategyKind::Complexity),
        ("budget_pressure", StrategyKind::BudgetPressure),
    ] {
        bench(name, router(|route| route.with_strategy(kind), false));
    }
    let tasks = Tasks::default().with("code_generation", TaskRoute::new("vendor/model-7", "creative reasoning"));
    bench("task", router(|route| route.with_strategy(tasks), false));
    let least_busy = |route: Route| route.with_strategy(StrategyKind::LeastBusy);
    let latency = |route: Route| route.with_strategy(StrategyKind::Latency);
    let stats = Arc::new(stats());
    bench("priority_shared_with_statistics", with_stats(|route| route, known(false), stats.clone()));
    bench("least_busy_with_statistics", with_stats(least_busy, known(false), stats.clone()));
    bench("latency_with_statistics", with_stats(latency, known(false), stats));
    group.finish();
}

criterion_group!(benches, plans);
criterion_main!(benches);
