//! Redaction of text that comes from outside: an upstream's error message may echo a key.

use std::borrow::Cow;

/// The shape of a secret: a prefix followed by at least `min` characters of `A-Z a-z 0-9 - _ .`.
#[derive(Clone, Copy, Debug)]
pub struct RedactionPattern {
    /// How the secret starts (`sk-`).
    pub prefix: &'static str,
    /// How many characters at least follow.
    pub min: usize,
}

/// Shapes that any crate may add to: a plugin with its own key format adds a row of its own.
#[cfg(not(target_family = "wasm"))]
#[linkme::distributed_slice]
pub static REDACTION_PATTERNS: [RedactionPattern];

/// Shapes that are always looked for. Provider crates add their vendors' own to [`REDACTION_PATTERNS`].
const COMMON: &[RedactionPattern] = &[
    // Real keys have 40 characters and more; words such as `sk-your-key` in a vendor's advice are left alone.
    RedactionPattern { prefix: "sk-", min: 16 },
    RedactionPattern { prefix: "Bearer ", min: 8 },
    // A JSON web token: base64 of `{"`.
    RedactionPattern { prefix: "eyJ", min: 24 },
];

fn patterns() -> impl Iterator<Item = RedactionPattern> {
    #[cfg(not(target_family = "wasm"))]
    let linked = REDACTION_PATTERNS.iter().copied();
    #[cfg(target_family = "wasm")]
    let linked = std::iter::empty();
    COMMON.iter().copied().chain(linked)
}

/// `text` with everything that looks like a secret replaced. Vendors mask keys with `*`, which is left as it is.
pub fn redact(text: &str) -> Cow<'_, str> {
    let mut out = Cow::Borrowed(text);
    for pattern in patterns() {
        if let Some(redacted) = redact_one(&out, pattern) {
            out = Cow::Owned(redacted);
        }
    }
    out
}

fn redact_one(text: &str, pattern: RedactionPattern) -> Option<String> {
    let mut out: Option<String> = None;
    let (mut from, mut copied) = (0, 0);
    while let Some(at) = text[from..].find(pattern.prefix).map(|at| from + at) {
        let body = at + pattern.prefix.len();
        let rest = &text[body..];
        let end =
            rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))).unwrap_or(rest.len());
        // A full stop behind a key ends the sentence, not the key.
        let length = rest[..end].trim_end_matches('.').len();
        let starts_word = !text[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
        if length >= pattern.min && starts_word {
            let out = out.get_or_insert_default();
            out.push_str(&text[copied..at]);
            out.push_str("[redacted]");
            copied = body + length;
        }
        from = body + length;
    }
    let mut out = out?;
    out.push_str(&text[copied..]);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(redact(text), expected);
    }

    #[test]
    fn removes_what_looks_like_a_key_and_nothing_else() {
        check("Incorrect API key provided: sk-proj-abcDEF0123456789.", "Incorrect API key provided: [redacted].");
        check("Authorization: Bearer abcdefgh12345678 was refused", "Authorization: [redacted] was refused");
        check("two sk-aaaaaaaaaaaaaaaa and sk-bbbbbbbbbbbbbbbb!", "two [redacted] and [redacted]!");
        check("set it to sk-your-key, as in sk-fake.", "set it to sk-your-key, as in sk-fake.");
        check("the task-runner asked for sk-…", "the task-runner asked for sk-…");
        check("risk-assessment-of-everything", "risk-assessment-of-everything");
        check("Größe sk-äöü", "Größe sk-äöü");
    }
}
