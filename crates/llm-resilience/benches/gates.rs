//! What a gate adds to an attempt.
//!
//! `breaker`: a permit and its record, with the window full of calls and the clock going on, so that steps of the window
//! are dropped as in service. `gate`: the same behind its lock, with cool-downs and limits looked at and the calls at
//! work counted: all that a driver does for one attempt that need not wait.

use std::future::Future as _;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};
use llm_core::{Error, ErrorKind, Target};
use llm_resilience::limit::{MemoryRates, RateSharing};
use llm_resilience::{Asked, Breaker, BreakerPolicy, GateSettings, Gates, LimitPolicy, Outcome, Verdict};
use tokio::runtime::Runtime;
use tokio::time::Instant;

/// Between two calls: a target that is asked a hundred times a second.
const PAUSE: Duration = Duration::from_millis(10);
const QUICK: Duration = Duration::from_millis(300);

fn breaker(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("breaker");
    let outcomes = [
        ("answered", Outcome::Answered { first_content: QUICK }),
        ("failed", Outcome::Failed { kind: ErrorKind::Server, retry_after: None }),
    ];
    for (name, outcome) in outcomes {
        // It counts everything and never opens.
        let policy = BreakerPolicy::default().with_failures(u32::MAX).with_failure_rate(
            Duration::from_secs(30),
            u32::MAX,
            llm_resilience::Share::percent(50),
        );
        let mut now = Instant::now();
        let mut breaker = Breaker::new(policy, now);
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                now += PAUSE;
                if let Ok(permit) = breaker.admit(black_box(now)) {
                    breaker.record(permit, black_box(outcome), now, 0);
                }
            });
        });
        assert!(breaker.refuses(now).is_none());
    }
    group.finish();
}

fn gate(criterion: &mut Criterion) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_time().build() else { return };
    let mut group = criterion.benchmark_group("gate");
    for (name, cooled) in [("attempt", false), ("attempt_beside_a_cool_down", true)] {
        let gates = Gates::new(GateSettings::default());
        let mut now = Instant::now();
        if cooled {
            let other = gates.gate(&Target::new("anthropic", "claude"));
            let error = Error::new(ErrorKind::Auth, "no");
            let asked = Asked::new(now, now + QUICK, 0);
            if let Ok(mut pass) = runtime.block_on(other.enter(asked)) {
                pass.verdict(Verdict::Failed(&error), now);
            }
            assert_eq!(gates.cool_downs().len(), 1);
        }
        let gate = gates.gate(&Target::new("openai", "gpt"));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                now += PAUSE;
                let mut entering = std::pin::pin!(gate.enter(Asked::new(black_box(now), now + QUICK, 0)));
                let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
                if let std::task::Poll::Ready(Ok(mut pass)) = entering.as_mut().poll(&mut cx) {
                    pass.verdict(Verdict::Answered { first_content: QUICK }, now);
                }
            });
        });
    }
    shared(&mut group, &runtime);
    let gates = Gates::default();
    let target = Target::new("openai", "gpt");
    gates.gate(&target);
    group.bench_function("look_up", |bencher| bencher.iter(|| gates.gate(black_box(&target))));
    group.finish();
}

/// The same where the target's limits are kept together with others, in a store that answers at once: what is done here for
/// a question and for what is told behind it, without the way to a server.
fn shared(group: &mut BenchmarkGroup<'_, WallTime>, runtime: &Runtime) {
    let limits = LimitPolicy::default().with_rpm(1 << 40).with_tpm(1 << 40).with_max_in_flight(100);
    for (name, store) in [("attempt_with_limits", false), ("attempt_with_common_limits", true)] {
        let gates = Gates::new(GateSettings::default().with_limits(limits.clone()));
        let gate = gates.gate(&Target::new("openai", "gpt"));
        runtime.block_on(async {
            if store {
                gates.limits().set_store(Some(Arc::new(MemoryRates::default())), RateSharing::default());
            }
        });
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                runtime.block_on(async {
                    let now = Instant::now();
                    if let Ok(mut pass) = gate.enter(Asked::new(now, now + QUICK, 0)).await {
                        pass.verdict(Verdict::Answered { first_content: QUICK }, now);
                    }
                    // The keeper's turn.
                    tokio::task::yield_now().await;
                });
            });
        });
    }
}

criterion_group!(benches, breaker, gate);
criterion_main!(benches);
