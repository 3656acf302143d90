//! What it costs to learn: the three events of a request told to the statistics (the bound is 300 ns an event) and to all
//! who learn together, and the quick look of a plan at one target.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use llm_core::{Attempt, AttemptReason, Observed, Observer, RequestInfo, Target, Timing, Usage};
use llm_router::{Experiments, Learning, Quality, Stats, StatsView};

fn tell(observers: &[&dyn Observer], targets: &[Target], number: usize) {
    let mut info = RequestInfo::default();
    info.id = format!("{number:016x}").into();
    info.operation = "chat_stream";
    info.kind = Some("simple/stream/short".into());
    let request = Arc::new(info);
    let target = &targets[number % targets.len()];
    let took = Duration::from_micros(100_000 + (number as u64 * 7_919) % 900_000);
    let attempt = Attempt::new(target.clone(), 1, took, Duration::ZERO);
    let events = [
        Observed::AttemptStarted {
            request: request.clone(),
            target: target.clone(),
            number: 1,
            reason: AttemptReason::First,
        },
        Observed::AttemptDone { request: request.clone(), attempt, usage: None },
        Observed::Completed {
            request,
            target: Some(target.clone()),
            usage: Usage::new(500, 200),
            timing: Timing { first_content: Some(took), total: Some(2 * took) },
            attempts: 1,
            error: None,
        },
    ];
    for event in &events {
        for observer in observers {
            observer.on(black_box(event));
        }
    }
}

fn learn(criterion: &mut Criterion) {
    let targets: Vec<Target> = (0..20).map(|n| Target::new("provider", format!("model-{n}"))).collect();
    let (stats, experiments, learning) = (Stats::default(), Experiments::default(), Learning::default());
    let quality = Quality::new(Vec::new());
    for (name, observers) in [
        ("a request told to nobody", &[][..]),
        ("a request told to the statistics", &[&stats as &dyn Observer]),
        ("a request told to all who learn", &[&stats, &experiments, &learning, &quality]),
    ] {
        let mut number = 0;
        criterion.bench_function(name, |bench| {
            bench.iter(|| {
                number += 1;
                tell(observers, &targets, number);
            });
        });
    }
    let record = stats.record(&targets[0]);
    let now = Instant::from(tokio::time::Instant::now());
    criterion.bench_function("the pulse of a target", |bench| bench.iter(|| black_box(record.pulse(black_box(now)))));
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(3)).warm_up_time(Duration::from_secs(1)).sample_size(30);
    targets = learn
}
criterion_main!(benches);
