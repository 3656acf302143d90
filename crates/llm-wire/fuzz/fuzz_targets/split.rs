//! Shared by the targets of the parsers: the same bytes whole and in pieces.

use bytes::Bytes;

/// Parses chunks into printable items.
pub type Parse = fn(&[Bytes]) -> Vec<String>;

/// The first byte of the input is the size of the pieces, the rest is the body. Whole and in pieces must read the same.
pub fn check(input: &[u8], parse: Parse) {
    let Some((size, body)) = input.split_first() else { return };
    let pieces: Vec<Bytes> = body.chunks(usize::from(*size).max(1)).map(Bytes::copy_from_slice).collect();
    assert_eq!(parse(&pieces), parse(&[Bytes::copy_from_slice(body)]));
}
