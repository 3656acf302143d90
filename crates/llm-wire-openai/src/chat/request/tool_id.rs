//! Ids of tool calls that a vendor would refuse, replaced so that call and result still match.

use std::borrow::Cow;

use crate::dialect::ToolIds;

/// The id as the vendor takes it. The same id is always replaced by the same one.
pub(crate) fn fit(id: &str, rule: ToolIds) -> Cow<'_, str> {
    match rule {
        ToolIds::AtMost(longest) if id.len() > longest => Cow::Owned(hashed(id, longest.min(22))),
        ToolIds::Alphanumeric(length) if id.len() != length || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            Cow::Owned(hashed(id, length))
        }
        _ => Cow::Borrowed(id),
    }
}

/// Letters and digits that depend on every byte of the id (FNV-1a, 128 bits).
fn hashed(id: &str, length: usize) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut hash: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    for byte in id.bytes() {
        hash = (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
    }
    (0..length)
        .map(|_| {
            let digit = usize::try_from(hash % 62).unwrap_or_default();
            hash /= 62;
            char::from(DIGITS[digit])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_only_what_the_vendor_refuses_and_always_alike() {
        let long = "toolu_vrtx_0123456789012345678901234567890123456789";
        assert_eq!(fit("call_1", ToolIds::AtMost(40)), "call_1");
        assert!(fit(long, ToolIds::AtMost(40)).len() <= 40);
        assert_eq!(fit(long, ToolIds::Any), long);
        assert_eq!(fit("abcDEF123", ToolIds::Alphanumeric(9)), "abcDEF123");
        let fitted = fit("call_1", ToolIds::Alphanumeric(9));
        assert!(fitted.len() == 9 && fitted.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{fitted}");
        assert_eq!(fitted, fit("call_1", ToolIds::Alphanumeric(9)));
        assert_ne!(fitted, fit("call_2", ToolIds::Alphanumeric(9)));
    }
}
