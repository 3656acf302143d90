//! Texts in the places of an address or of a form, where only some characters may stand.

use std::fmt::Write as _;

/// A text as one segment of a path or one value of a query or a form. `@` stays: it stands before the version of a model.
pub fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    push_percent_encoded(text, &mut out);
    out
}

/// The same, at the end of another text.
pub fn push_percent_encoded(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_one_segment() {
        assert_eq!(percent_encoded("gpt-5.4_mini~1@2"), "gpt-5.4_mini~1@2");
        assert_eq!(percent_encoded("../a b?c=d&e#é"), "..%2Fa%20b%3Fc%3Dd%26e%23%C3%A9");
    }
}
