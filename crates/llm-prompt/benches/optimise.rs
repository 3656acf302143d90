//! What it costs to look at a prompt of 10 KB and to make it shorter.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use cpu_time::ThreadTime;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use llm_core::{BytesEstimator, ChatRequest};
use llm_prompt::optimise::{Optimiser, Rule, Settings};

const SIZE: usize = 10_000;

/// A prompt as people write them: paragraphs, a list, code, JSON, quotations.
fn prompt(gap: &str, line_end: &str, blank: &str) -> String {
    let paragraph = format!(
        "Please note that the report was written in order to show what happened.{gap}It has \"quoted words\" and `code`,{line_end}\
         and goes on at this point in time with some more words about nothing in particular.{gap}The end.{line_end}{blank}"
    );
    let list = format!("- first{gap}item of it{line_end}- second item, and so on{line_end}{blank}");
    let code =
        "```rust\nfn main() {\n    let x  = [1, 2, 3];\n}\n```\n\n{\"name\":  \"value\", \"list\": [1, 2,  3]}\n\n";
    let mut text = String::new();
    while text.len() < SIZE {
        text += &paragraph;
        text += &list;
        text += &paragraph;
        text += code;
    }
    let mut end = SIZE;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text
}

/// Processor time of so many rounds: other work on the machine does not count.
fn measured(rounds: u64, mut round: impl FnMut()) -> Duration {
    let start = ThreadTime::now();
    for _ in 0..rounds {
        round();
    }
    start.elapsed()
}

fn texts(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("10 KB");
    group.throughput(Throughput::Bytes(SIZE as u64));
    let (clean, loose) = (prompt(" ", "\n", "\n"), prompt("  ", " \n", "\n\n\n"));
    for (rules, what) in [
        (&[Rule::Whitespace][..], "whitespace"),
        (&[Rule::Phrases], "phrases"),
        (&[Rule::Whitespace, Rule::Phrases], "both"),
    ] {
        let Ok(optimiser) = Optimiser::new(&Settings::new(rules.iter().copied())) else { continue };
        for (text, kind) in [(&clean, "clean"), (&loose, "loose")] {
            group.bench_function(format!("{what}, {kind}"), |bencher| {
                bencher.iter_custom(|rounds| measured(rounds, || drop(black_box(optimiser.text(black_box(text))))));
            });
        }
    }
    group.finish();
}

/// Brackets and backticks that never close, and phrases that become others: what would take the square of the length elsewhere.
fn worst(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("100 KB of the worst");
    let Ok(optimiser) = Optimiser::new(&Settings::new([Rule::Whitespace, Rule::Phrases])) else { return };
    for (what, piece) in [
        ("arrays", "[1, "),
        ("backticks", "` `` ``` "),
        ("quotes", "a \" b  "),
        ("tags", "<pre <a "),
        ("lines", "a  b\n"),
        ("phrases", "in order in order to "),
    ] {
        let text = piece.repeat(100_000 / piece.len());
        group.bench_function(what, |bencher| {
            bencher.iter_custom(|rounds| measured(rounds, || drop(black_box(optimiser.text(black_box(&text))))));
        });
    }
    group.finish();
}

/// A conversation in which nothing is left to do: what every request pays.
fn requests(criterion: &mut Criterion) {
    let Ok(optimiser) = Optimiser::new(&Settings::default()) else { return };
    let mut request = ChatRequest::new("m");
    for _ in 0..10 {
        request = request.with_user(prompt(" ", "\n", "\n")[..1000].to_owned());
    }
    let mut request = Arc::new(request);
    criterion.bench_function("a clean conversation of 10 × 1 KB", |bencher| {
        bencher.iter_custom(|rounds| {
            measured(rounds, || {
                black_box(optimiser.request(black_box(&mut request), &BytesEstimator));
            })
        });
    });
}

criterion_group!(benches, texts, worst, requests);
criterion_main!(benches);
