//! Ids of tool calls: some vendors take few characters and refuse the rest, which other vendors' ids may hold.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The id as a vendor takes it that allows these bytes and so many of them. The same id always becomes the same, so that
/// calls and results still match.
pub fn tool_id(id: &str, allowed: fn(u8) -> bool, longest: usize) -> Cow<'_, str> {
    if !id.is_empty() && id.len() <= longest && id.bytes().all(allowed) {
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

    fn wire_id(id: &str) -> Cow<'_, str> {
        tool_id(id, |byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-', 64)
    }

    #[test]
    fn ids_stay_where_they_may_and_stay_apart_where_not() {
        assert!(matches!(wire_id("toolu_01A-b"), Cow::Borrowed("toolu_01A-b")));
        assert!(wire_id("call:1").starts_with("call_1_"));
        assert_ne!(wire_id("call:1"), wire_id("call.1"));
        assert_eq!(wire_id("call:1"), wire_id("call:1"));
        for id in ["", "größe", "a b", "functions.get:0", &"x".repeat(65)] {
            let sent = wire_id(id);
            assert!(sent.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') && !sent.is_empty());
            assert!(sent.len() <= 64);
        }
    }
}
