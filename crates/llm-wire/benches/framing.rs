//! What framing costs, and that its time is linear.
//!
//! `sse_4mib` against `sse_1mib`: the same event four times as large in the same pieces of 1 KiB, so at most 4.5 times the
//! time. `sse_events` against `naive_events`: a stream of small events against splitting a growing `String`, which is
//! what clients do that do not take care.

use std::hint::black_box;

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use llm_wire::aws_event_stream::{AwsEventStreamParser, AwsHeaderValue, encode_message};
use llm_wire::{NdjsonItem, NdjsonParser, SseItem, SseParser};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;
const EVENTS: usize = 1000;
/// A chunk of an OpenAI-shaped stream: about what vendors send per token.
const PAYLOAD: &str = r#"{"id":"chatcmpl-0123456789","object":"chat.completion.chunk","created":1795176000,"model":"m","choices":[{"index":0,"delta":{"content":" word"},"logprobs":null,"finish_reason":null}]}"#;

/// Parses chunks and returns how many bytes of payload were in them.
type Parse = fn(&[Bytes]) -> usize;

fn pieces(bytes: &[u8], size: usize) -> Vec<Bytes> {
    Bytes::copy_from_slice(bytes).chunks(size).map(Bytes::copy_from_slice).collect()
}

fn sse(chunks: &[Bytes]) -> usize {
    let mut parser = SseParser::new();
    let mut total = 0;
    for chunk in chunks {
        parser.push(chunk.clone());
        while let Some(Ok(item)) = parser.next_item() {
            if let SseItem::Event(event) = item {
                total += black_box(event.data).len();
            }
        }
    }
    total
}

/// Collects text, looks for a blank line from the start of it, takes the front away.
fn naive(chunks: &[Bytes]) -> usize {
    let mut buffer = String::new();
    let mut total = 0;
    for chunk in chunks {
        buffer.push_str(&String::from_utf8_lossy(chunk));
        while let Some(end) = buffer.find("\n\n") {
            let event: String = buffer.drain(..end + 2).collect();
            let data: Vec<&str> = event.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
            total += black_box(data.join("\n")).len();
        }
    }
    total
}

fn ndjson(chunks: &[Bytes]) -> usize {
    let mut parser = NdjsonParser::new();
    let mut total = 0;
    for chunk in chunks {
        parser.push(chunk.clone());
        while let Some(Ok(item)) = parser.next_line() {
            if let NdjsonItem::Line(line) = item {
                total += black_box(line).len();
            }
        }
    }
    total
}

fn aws(chunks: &[Bytes]) -> usize {
    let mut parser = AwsEventStreamParser::new();
    let mut total = 0;
    for chunk in chunks {
        parser.push(chunk.clone());
        while let Some(Ok(message)) = parser.next_message() {
            total += black_box(message.payload).len();
        }
    }
    total
}

fn large_events(criterion: &mut Criterion) {
    for (name, size) in [("sse_1mib", MIB), ("sse_4mib", 4 * MIB)] {
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Bytes(size as u64));
        let body = format!("data: {}\n\n", "x".repeat(size));
        let chunks = pieces(body.as_bytes(), KIB);
        assert_eq!(sse(&chunks), size);
        group.bench_function("llm_wire/1kib_pieces", |bencher| bencher.iter(|| sse(black_box(&chunks))));
        if size == MIB {
            // Quadratic: at 4 MiB it would take minutes.
            group.sample_size(10);
            group.bench_function("naive/1kib_pieces", |bencher| bencher.iter(|| naive(black_box(&chunks))));
        }
        group.finish();
    }
}

fn small_events(criterion: &mut Criterion) {
    let sse_body = format!("data: {PAYLOAD}\n\n").repeat(EVENTS);
    let ndjson_body = format!("{PAYLOAD}\n").repeat(EVENTS);
    let message = encode_message(&[(":event-type", AwsHeaderValue::Text("chunk"))], PAYLOAD.as_bytes());
    let aws_body = message.unwrap_or_default().repeat(EVENTS);
    let cases: [(&str, &[u8], Parse); 4] = [
        ("sse_events", sse_body.as_bytes(), sse),
        ("naive_events", sse_body.as_bytes(), naive),
        ("ndjson_events", ndjson_body.as_bytes(), ndjson),
        ("aws_events", &aws_body, aws),
    ];
    for (name, body, parse) in cases {
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Elements(EVENTS as u64));
        // One event a chunk, as a stream arrives; 16 KiB, as a burst arrives; 100 bytes, where every event is split.
        for size in [body.len() / EVENTS, 16 * KIB, 100] {
            let chunks = pieces(body, size);
            assert_eq!(parse(&chunks), PAYLOAD.len() * EVENTS);
            group.bench_with_input(BenchmarkId::new("pieces", size), &chunks, |bencher, chunks| {
                bencher.iter(|| parse(black_box(chunks)));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, large_events, small_events);
criterion_main!(benches);
