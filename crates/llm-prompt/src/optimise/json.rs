//! JSON inside of texts: objects and arrays that are valid are found wherever they stand, and never changed.

use std::ops::Range;

use memchr::memchr2_iter;

/// Finding JSON may look at each byte so often before the text is left as it is: brackets that open and never close
/// would take the square of their number.
const LOOKS: usize = 8;

/// Whether the whole text is one JSON value in its brackets or quotes.
pub(super) fn is_whole(text: &str) -> bool {
    let bytes = text.as_bytes();
    let start = skip_blank(bytes, 0);
    matches!(bytes.get(start), Some(b'{' | b'[' | b'"'))
        && value(bytes, start).is_ok_and(|end| skip_blank(bytes, end) == bytes.len())
}

/// The objects and arrays that have whitespace in them, from left to right; `None` when it takes too long to tell.
pub(super) fn find(text: &str) -> Option<Vec<Range<usize>>> {
    let bytes = text.as_bytes();
    let mut found: Vec<Range<usize>> = Vec::new();
    let (mut looks, mut past) = (bytes.len() * LOOKS + 1024, 0);
    for start in memchr2_iter(b'{', b'[', bytes) {
        if start < past {
            continue;
        }
        let (Ok(end) | Err(end)) = value(bytes, start).inspect(|end| {
            past = *end;
            if bytes[start..*end].iter().any(|byte| is_blank(*byte)) {
                found.push(start..*end);
            }
        });
        looks = looks.checked_sub(end - start)?;
    }
    Some(found)
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

fn skip_blank(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|byte| !is_blank(*byte)).map_or(bytes.len(), |blanks| at + blanks)
}

/// Where the value that begins at `at` ends, or where it stops being JSON. Without recursion: texts nest as they like.
fn value(bytes: &[u8], mut at: usize) -> Result<usize, usize> {
    // The closing bracket of every open one.
    let mut open: Vec<u8> = Vec::new();
    loop {
        at = skip_blank(bytes, at);
        let mut ended = match bytes.get(at) {
            Some(b'{') => {
                at = skip_blank(bytes, at + 1);
                open.push(b'}');
                if bytes.get(at) == Some(&b'}') {
                    true
                } else {
                    at = key(bytes, at)?;
                    false
                }
            }
            Some(b'[') => {
                at = skip_blank(bytes, at + 1);
                open.push(b']');
                bytes.get(at) == Some(&b']')
            }
            Some(b'"') => {
                at = string(bytes, at)?;
                true
            }
            Some(b'-' | b'0'..=b'9') => {
                at = number(bytes, at)?;
                true
            }
            _ => {
                let word = ["true", "false", "null"].iter().find(|word| bytes[at..].starts_with(word.as_bytes()));
                at += word.ok_or(at)?.len();
                true
            }
        };
        // After a value: a comma and the next one, or the end of what is open.
        while ended {
            let Some(close) = open.last() else { return Ok(at) };
            at = skip_blank(bytes, at);
            match bytes.get(at) {
                Some(byte) if byte == close => {
                    open.pop();
                    at += 1;
                }
                Some(b',') => {
                    at = skip_blank(bytes, at + 1);
                    if *close == b'}' {
                        at = key(bytes, at)?;
                    }
                    ended = false;
                }
                _ => return Err(at),
            }
        }
    }
}

/// A name and its colon.
fn key(bytes: &[u8], at: usize) -> Result<usize, usize> {
    let at = skip_blank(bytes, string(bytes, at)?);
    if bytes.get(at) == Some(&b':') { Ok(at + 1) } else { Err(at) }
}

fn string(bytes: &[u8], mut at: usize) -> Result<usize, usize> {
    if bytes.get(at) != Some(&b'"') {
        return Err(at);
    }
    loop {
        at += 1;
        match bytes.get(at) {
            Some(b'"') => return Ok(at + 1),
            Some(b'\\') => {
                at += 1;
                match bytes.get(at) {
                    Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {}
                    Some(b'u')
                        if bytes.get(at + 1..at + 5).is_some_and(|four| four.iter().all(u8::is_ascii_hexdigit)) =>
                    {
                        at += 4;
                    }
                    _ => return Err(at),
                }
            }
            Some(0x20..) => {}
            _ => return Err(at),
        }
    }
}

fn number(bytes: &[u8], mut at: usize) -> Result<usize, usize> {
    let digits = |mut at: usize| {
        let start = at;
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        if at > start { Ok(at) } else { Err(at) }
    };
    at += usize::from(bytes[at] == b'-');
    at = if bytes.get(at) == Some(&b'0') { at + 1 } else { digits(at)? };
    if bytes.get(at) == Some(&b'.') {
        at = digits(at + 1)?;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        at += 1;
        at = digits(at + usize::from(matches!(bytes.get(at), Some(b'+' | b'-'))))?;
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_where_they_stand() {
        let found = |text: &str| {
            find(text).map(|found| found.into_iter().map(|range| text[range].to_owned()).collect::<Vec<_>>())
        };
        let some = |all: &[&str]| Some(all.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        assert_eq!(found("no JSON"), some(&[]));
        assert_eq!(found("as [1] says, [x](y) and {name}"), some(&[]), "nothing in it that could be changed");
        assert_eq!(found(r#"a {"b": [1,  2.5e-3]} c [ ] d"#), some(&[r#"{"b": [1,  2.5e-3]}"#, "[ ]"]));
        assert_eq!(found(r#"[ never { closed {"a": "}\"" }"#), some(&[r#"{"a": "}\"" }"#]));
        assert_eq!(found("[01, 2] [1, ] [-, 1] [.5, 1] [\"\u{1} \"]"), some(&[]));
        let deep = format!("{} 1 {}", "[".repeat(50_000), "]".repeat(50_000));
        assert_eq!(found(&deep), Some(vec![deep.clone()]));
        assert_eq!(found(&"[1, ".repeat(1000)), None, "every bracket would be looked at to the end");
    }

    #[test]
    fn a_text_is_json_as_a_whole_or_not() {
        assert!(is_whole(" {\"a\":  1}\n\n") && is_whole("\"a   b\"") && is_whole("[]"));
        assert!(!is_whole("{\"a\": 1} and more") && !is_whole("{'a': 1}") && !is_whole("") && !is_whole("12"));
    }

    #[test]
    fn it_says_what_serde_json_says() {
        for text in [
            "{}",
            "[]",
            "[1,2]",
            "[1,]",
            "{\"a\":1}",
            "{\"a\"}",
            "{\"a\":}",
            "{,}",
            "[\"\\u12aG\"]",
            "[\"\\u12aF\"]",
            "[1e5]",
            "[1e]",
            "[-0.0]",
            "[--1]",
            "[00]",
            "[true,false,null]",
            "[tru]",
            "[[[]],{}]",
            "[[}",
            "{\"a\":[{\"b\":{}}]}",
            "[1 2]",
            "[\"a\tb\"]",
            "{\"a\":1,}",
            "[",
            "{",
            "[1.]",
            "[1.5.5]",
            "\"",
            "\"a\\\"",
            "\"\\x\"",
        ] {
            let whole = value(text.as_bytes(), 0) == Ok(text.len());
            assert_eq!(whole, serde_json::from_str::<serde_json::Value>(text).is_ok(), "{text}");
        }
    }
}
