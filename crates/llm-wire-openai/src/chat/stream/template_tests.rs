//! The short way through a chunk gives what the parser gives, whatever the chunk.

use std::sync::Arc;

use llm_core::Origin;
use llm_wire::{EventQueue, Frame, StreamDecoder as _};
use proptest::prelude::*;

use super::Decoder;
use crate::Dialect;

fn decoder() -> Decoder {
    Decoder::new(Arc::new(Origin::new("openai-chat", "vendor", "m")), Vec::new(), &Dialect::OPENAI)
}

/// What each frame gives, up to the first error; and how many went the short way.
fn outcome(frames: &[Vec<u8>], short: bool) -> (Vec<String>, usize) {
    let (mut decoder, mut queue) = (decoder(), EventQueue::default());
    let (mut said, mut matched) = (Vec::new(), 0);
    for frame in frames {
        if !short {
            decoder.template.forget();
        }
        matched += usize::from(decoder.template.words(frame.trim_ascii()).is_some());
        let result = decoder.frame(Frame::data(frame), &mut queue);
        let events: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
        said.push(format!("{events:?} {result:?}"));
        if result.is_err() {
            return (said, matched);
        }
    }
    let result = decoder.end(&mut queue);
    let events: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
    said.push(format!("{events:?} {result:?}"));
    (said, matched)
}

/// Both ways give the same; returns how many frames went the short way.
fn same(frames: &[Vec<u8>]) -> usize {
    let (short, matched) = outcome(frames, true);
    let (long, none) = outcome(frames, false);
    assert_eq!(none, 0);
    assert_eq!(short, long, "{:?}", frames.iter().map(|frame| String::from_utf8_lossy(frame)).collect::<Vec<_>>());
    matched
}

fn frames(all: &[&str]) -> Vec<Vec<u8>> {
    all.iter().map(|frame| frame.as_bytes().to_vec()).collect()
}

/// Chunks as vendors send them, around `{}` for the words with their quotation marks.
const SHAPES: [&str; 12] = [
    r#"{"id":"c1","object":"chat.completion.chunk","created":5,"model":"m","choices":[{"index":0,"delta":{"content":{}},"logprobs":null,"finish_reason":null}],"usage":null}"#,
    r#"{"id":"c1","model":"m","choices":[{"index":0,"delta":{"content":{}},"finish_reason":null}],"obfuscation":"aB3"}"#,
    r#"{"id":"c1","model":"m","choices":[{"index":0,"delta":{"content":{}},"finish_reason":null}],"p":"abcdefgh"}"#,
    r#"{"id":"c1","choices":[{"index":1,"delta":{"role":"assistant","content":{},"tool_calls":[]}}],"service_tier":"x"}"#,
    r#"{"choices":[{"delta":{"content":{}},"index":0,"finish_reason":"stop"}],"id":"c1","timings":{"n":1},"obfuscation":"zz"}"#,
    r#"{"id":"c1","choices":[{"index":0,"delta":{"reasoning_content":{}}}]}"#,
    r#"{"id":"c1","choices":[{"index":0,"delta":{"content":{},"refusal":"no"}}]}"#,
    r#"{"id":"c1","choices":[{"index":0,"delta":{"content":{},"reasoning_details":[{"type":"reasoning.text","index":0,"text":"t"}]}}]}"#,
    r#"{"id":"c1","choices":[{"index":0,"delta":{"content":{},"audio":{"transcript":"a"},"annotations":[{"type":"file"}]}}]}"#,
    r#"{"id":"c1","choices":[{"index":0,"delta":{"content":{}}}],"usage":{"prompt_tokens":3,"completion_tokens":2}}"#,
    r#"{"id":"c1","choices":[{"index":0,"delta":{"content":{}},"logprobs":{"content":[{"token":"a"}]}}]}"#,
    r#"{"id":"c1","choices":[{"index":0,"delta":{"content":{}}},{"index":1,"delta":{"content":"b"}}],"note":{"obfuscation":"b"}}"#,
];

fn shaped(shape: &str, words: &str) -> Vec<u8> {
    shape.replacen("{}", words, 1).into_bytes()
}

#[test]
fn chunks_that_differ_in_their_words_go_the_short_way() {
    let words = [r#""a""#, r#""b c""#, r#""Größe 東京 🌦""#, r#""\n\"x\" \u00e4 \ud83c\udf26""#, r#""""#, r#""\\""#];
    for shape in &SHAPES[..5] {
        let stream: Vec<_> = words.iter().map(|words| shaped(shape, words)).collect();
        assert_eq!(same(&stream), words.len() - 1, "{shape}");
    }
}

#[test]
fn padding_may_differ_and_nothing_else() {
    let chunk = |words: &str, rest: &str| {
        format!(r#"{{"id":"c1","choices":[{{"index":0,"delta":{{"content":"{words}"}}}}]{rest}}}"#)
    };
    let stream = |second: &str| same(&frames(&[&chunk("a", r#","obfuscation":"x7""#), &chunk("b", second)]));
    assert_eq!(stream(r#","obfuscation":"longer text""#), 1);
    assert_eq!(stream(r#","obfuscation":"""#), 1);
    assert_eq!(stream(r#","obfuscation":"a\"b""#), 0);
    assert_eq!(stream(r#","obfuscation":7"#), 0);
    assert_eq!(stream(r#", "obfuscation":"x7""#), 0);
    assert_eq!(stream(r#","error":{"message":"late"},"obfuscation":"x7""#), 0);
    assert_eq!(stream(""), 0);
}

#[test]
fn words_that_are_not_one_string_go_the_long_way() {
    for shape in &SHAPES[..5] {
        for words in [
            "\"a\nb\"",
            r#""\x""#,
            r#""\ud83c""#,
            r#""a","content":"b""#,
            r#""a\"#,
            "null",
            "7",
            r#"["a"]"#,
            "\"a",
            r#" "a""#,
            r#""a"b""#,
        ] {
            let first = shaped(shape, r#""a""#);
            assert_eq!(same(&[first, shaped(shape, words)]), 0, "{words}");
        }
    }
    let mut bad = shaped(SHAPES[0], r#""a?""#);
    let at = bad.iter().position(|byte| *byte == b'?').unwrap();
    bad[at] = 0xff;
    assert_eq!(same(&[shaped(SHAPES[0], r#""a""#), bad]), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// Streams of any of the shapes, some of their bytes changed, cut or doubled.
    #[test]
    fn the_short_way_says_what_the_parser_says(
        chunks in prop::collection::vec((0..SHAPES.len(), 1..4_usize, prop::collection::vec(any::<char>(), 0..6)), 1..8),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..4_u8, any::<u8>()), 0..3),
    ) {
        let mut stream = Vec::new();
        for (shape, times, words) in chunks {
            let words: String = words.into_iter().collect();
            for time in 0..times {
                let words = serde_json::to_string(&format!("{words}{time}")).unwrap();
                stream.push(shaped(SHAPES[shape], &words));
            }
        }
        for (frame, place, change, byte) in changes {
            let frame = frame.get(&stream).clone();
            if frame.is_empty() {
                // Cut down to nothing by the change before.
                continue;
            }
            let at = place.index(frame.len());
            let mut changed = frame.clone();
            match change {
                0 => changed[at] = byte,
                1 => changed.insert(at, byte),
                2 => changed.truncate(at),
                _ => drop(changed.remove(at)),
            }
            let after = stream.iter().position(|known| *known == frame).unwrap();
            stream.insert(after + 1, changed);
        }
        same(&stream);
    }
}
