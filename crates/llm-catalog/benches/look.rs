//! What looking a model up, pricing a call and estimating a request take, and what reading the data does.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use llm_catalog::{Call, Catalog, Estimator, Terms};
use llm_core::{ChatRequest, Request, TokenEstimator, Usage};

const LISTS: [&str; 2] = [include_str!("../data/prices.jsonl"), include_str!("../data/prices_more.jsonl")];

fn looks(criterion: &mut Criterion) {
    let (catalog, terms) = (Catalog::embedded(), Terms::at(1_795_176_000));
    for (name, provider, model) in [
        ("price by exact name", "openai", "gpt-4o"),
        ("price by pattern", "openai", "gpt-5.4-2026-03-05"),
        ("price of a stranger", "openrouter", "who/knows"),
    ] {
        criterion
            .bench_function(name, |bench| bench.iter(|| catalog.price(black_box(provider), black_box(model), &terms)));
    }
    let mut usage = Usage::new(12_000, 700);
    (usage.cache_read, usage.reasoning) = (Some(8000), Some(300));
    let call = Call::new("anthropic", "claude-haiku-5-5", &usage, terms);
    criterion.bench_function("cost of a call", |bench| bench.iter(|| catalog.cost(black_box(&call))));
    criterion
        .bench_function("capabilities", |bench| bench.iter(|| catalog.capabilities("openai", black_box("gpt-4o"))));

    let text = "The quick brown fox jumps over the lazy dog, and {\"so\": [1, 2, 3]} does the cat.\n".repeat(128);
    let estimator = Estimator::default();
    let request = Request::Chat(Arc::new(ChatRequest::new("m").with_user(text)));
    criterion
        .bench_function("estimate of 10 KB", |bench| bench.iter(|| estimator.estimate("gpt-4o", black_box(&request))));

    // More than any process does: usually only the providers that are used are read.
    criterion.bench_function("read all prices", |bench| {
        bench.iter(|| LISTS.map(|list| Catalog::empty().with_fetched(list.to_owned())));
    });
}

criterion_group!(benches, looks);
criterion_main!(benches);
