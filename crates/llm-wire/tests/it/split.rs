//! Feeds bytes to a parser in every way that matters, and insists on one answer.

use bytes::Bytes;
use proptest::prelude::*;

/// Parses chunks into printable items.
pub(crate) type Parse = fn(&[Bytes]) -> Vec<String>;

/// The items of `input`, after checking that whole, byte by byte, and cut in two at every place it gives the same.
pub(crate) fn same_for_every_split(input: &[u8], parse: Parse) -> Vec<String> {
    let whole = parse(&[Bytes::copy_from_slice(input)]);
    let bytes: Vec<Bytes> = input.chunks(1).map(Bytes::copy_from_slice).collect();
    assert_eq!(parse(&bytes), whole, "byte by byte: {}", input.escape_ascii());
    for at in 0..=input.len() {
        let (left, right) = input.split_at(at);
        let halves = [Bytes::copy_from_slice(left), Bytes::copy_from_slice(right)];
        assert_eq!(parse(&halves), whole, "cut at {at}: {}", input.escape_ascii());
    }
    whole
}

/// Bytes made of pieces that mean something to a parser, mixed with arbitrary ones, and the sizes to cut them by.
pub(crate) fn bytes_and_cuts(words: &'static [&'static [u8]]) -> impl Strategy<Value = (Vec<u8>, Vec<usize>)> {
    let word = prop_oneof![
        6 => prop::sample::select(words).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..8),
    ];
    let bytes = prop::collection::vec(word, 0..40).prop_map(|words| words.concat());
    (bytes, prop::collection::vec(1_usize..24, 1..20))
}

/// Cuts bytes by the given sizes, over and over.
pub(crate) fn cut(bytes: &[u8], sizes: &[usize]) -> Vec<Bytes> {
    let mut rest = bytes;
    let mut chunks = Vec::new();
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (chunk, tail) = rest.split_at((*size).min(rest.len()));
        chunks.push(Bytes::copy_from_slice(chunk));
        rest = tail;
    }
    chunks
}
