//! Markup whose content is taken as it is written: `<pre>`, `<code>`, and the tags that people put around files.

use std::ops::Range;

use memchr::memchr_iter;

/// Tags whose content is held; so is that of every tag whose name has `code` in it.
const TAGS: &[&str] = &[
    "pre", "script", "style", "textarea", "svg", "math", "file", "files", "source", "snippet", "diff", "patch", "json",
    "yaml", "toml", "xml", "html", "sql", "csv", "tsv", "log", "logs", "output", "stdout", "stderr", "verbatim",
    "table",
];
/// Longest name that is looked at.
const LONGEST: usize = 32;

/// From each such tag to its end, or to the end of the text where it has none.
pub(super) fn find(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for at in memchr_iter(b'<', bytes) {
        let is_end = bytes.get(at + 1) == Some(&b'/');
        let Some(name) = name(&text[at + 1 + usize::from(is_end)..]) else { continue };
        match &open {
            None if !is_end && is_raw(name) => open = Some((at, name.to_owned())),
            Some((start, opened)) if is_end && opened.eq_ignore_ascii_case(name) => {
                found.push(*start..at + 2 + name.len());
                open = None;
            }
            _ => {}
        }
    }
    found.extend(open.map(|(start, _)| start..text.len()));
    found
}

fn name(text: &str) -> Option<&str> {
    let end =
        text.bytes().take(LONGEST + 1).position(|byte| !(byte.is_ascii_alphanumeric() || b"_-:".contains(&byte)))?;
    let delimited = matches!(text.as_bytes()[end], b'>' | b'/' | b' ' | b'\t' | b'\n' | b'\r');
    (end > 0 && delimited).then(|| &text[..end])
}

fn is_raw(name: &str) -> bool {
    TAGS.iter().any(|tag| tag.eq_ignore_ascii_case(name)) || name.to_ascii_lowercase().contains("code")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_held_to_the_end_of_its_tag_or_of_the_text() {
        let found = |text: &str| find(text).into_iter().map(|range| text[range].to_owned()).collect::<Vec<_>>();
        assert_eq!(found("a <b>c</b> < d <document>e</document>"), Vec::<String>::new());
        assert_eq!(found("a <PRE class=x>\n b <i>\n</pre> c"), ["<PRE class=x>\n b <i>\n</pre"]);
        assert_eq!(
            found("<source_code>x</source_code><file path=\"a\">y"),
            ["<source_code>x</source_code", "<file path=\"a\">y"]
        );
        assert_eq!(found("<prefer>x</prefer> <pre"), Vec::<String>::new());
    }
}
