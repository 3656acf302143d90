//! Ids of tool calls: the vendor takes `[a-zA-Z0-9_-]+` and refuses the rest, which other vendors' ids may hold.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The id as it may be sent. The same id always becomes the same, so that calls and results still match.
pub(super) fn wire_id(id: &str) -> Cow<'_, str> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if !id.is_empty() && id.bytes().all(allowed) {
        return Cow::Borrowed(id);
    }
    let mut sent: String =
        id.chars().take(40).map(|c| if c.is_ascii() && allowed(c as u8) { c } else { '_' }).collect();
    // The hash keeps apart what the replacement made equal.
    let _ = write!(sent, "_{:016x}", fnv1a(id.as_bytes()));
    Cow::Owned(sent)
}

fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_stay_where_they_may_and_stay_apart_where_not() {
        assert!(matches!(wire_id("toolu_01A-b"), Cow::Borrowed("toolu_01A-b")));
        assert!(wire_id("call:1").starts_with("call_1_"));
        assert_ne!(wire_id("call:1"), wire_id("call.1"));
        assert_eq!(wire_id("call:1"), wire_id("call:1"));
        for id in ["", "größe", "a b", "functions.get:0"] {
            let sent = wire_id(id);
            assert!(sent.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') && !sent.is_empty());
        }
    }
}
