//! What stands in the content of a message: text with its sources, refusals, and what else a vendor puts there.

use std::borrow::Cow;

use llm_core::{Citation, Extensions, Part, PartKind};
use serde_json::Value;

use super::FAMILY;
use super::wire::Piece;
use crate::json::{Ignored, Kept, Loose, Number, Raw, Str, is_empty, parse};

/// The start of the kind of an opaque part that is a part of a message's content, not an item by itself.
pub(super) const CONTENT: &str = "openai-responses.content.";

/// The parts of a message's content. A plain string counts as one text.
pub(super) fn parts(content: Raw<'_>) -> Vec<Part> {
    if let Some(Str(text)) = parse(content) {
        return if text.is_empty() { Vec::new() } else { vec![Part::text(text)] };
    }
    pieces(content).into_iter().filter_map(part).collect()
}

/// The same, unread. What is no list has none.
pub(super) fn pieces(content: Raw<'_>) -> Vec<Raw<'_>> {
    parse(content).unwrap_or_default()
}

/// A whole part.
pub(super) fn part(raw: Raw<'_>) -> Option<Part> {
    let piece: Piece<'_> = parse(raw)?;
    let kind = match (&*piece.kind.0, piece.refusal) {
        ("refusal", Some(words)) => PartKind::Refusal { text: text(words).into_owned() },
        ("output_text" | "text" | "input_text" | "", _) => {
            let text = piece.text.map(text).unwrap_or_default().into_owned();
            let citations = piece.annotations.map(|raw| citations(raw, text.is_ascii())).unwrap_or_default();
            PartKind::Text { text, citations }
        }
        (kind, _) => return Some(Part::opaque(format!("{CONTENT}{kind}"), parse(raw)?)),
    };
    let mut part = Part::new(kind);
    keep(&mut part.ext, &piece.rest);
    Some(part)
}

/// The text of a JSON string; anything else has none.
pub(super) fn text(raw: Raw<'_>) -> Cow<'_, str> {
    parse::<Str<'_>>(raw).unwrap_or_default().0
}

/// Keeps what says something.
pub(super) fn keep(ext: &mut Extensions, rest: &Kept<'_>) {
    for (name, raw) in rest.0.iter().filter(|(_, raw)| !is_empty(raw)) {
        if let Some(value) = parse::<Value>(raw) {
            ext.of_mut(FAMILY).insert(name.clone().into_owned(), value);
        }
    }
}

/// The sources of a text.
pub(super) fn citations(raw: Raw<'_>, ascii_text: bool) -> Vec<Citation> {
    let all: Vec<Raw<'_>> = if is_empty(raw) { Vec::new() } else { parse(raw).unwrap_or_default() };
    all.into_iter().filter_map(|raw| citation(raw, ascii_text)).collect()
}

/// One source: a page, or a file by its id. It is kept as it came, too, for the way back.
pub(super) fn citation(raw: Raw<'_>, ascii_text: bool) -> Option<Citation> {
    wire_object! {
        lenient struct Annotation<'a> {
            "url" => url: Loose<'a>,
            "title" => title: Loose<'a>,
            "file_id" => file_id: Loose<'a>,
            "filename" => filename: Loose<'a>,
            "start_index" => start: Number,
            "end_index" => end: Number,
        }
        skip: []
        rest: Ignored
    }
    let annotation: Annotation<'_> = parse(raw)?;
    let Value::Object(fields) = parse(raw)? else { return None };
    // The indices count characters; in plain ASCII these are bytes.
    let span = match (annotation.start.0, annotation.end.0) {
        (Some(start), Some(end)) if ascii_text && start < end => u32::try_from(start).ok().zip(u32::try_from(end).ok()),
        _ => None,
    };
    let title = annotation.title.owned().or_else(|| annotation.filename.owned());
    let source = annotation.url.owned().or_else(|| annotation.file_id.owned()).or_else(|| title.clone());
    let mut ext = Extensions::default();
    ext.0.insert(FAMILY.to_owned(), fields);
    Some(Citation { source: source.unwrap_or_default(), title, quote: None, span, ext })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(json: &Value) -> Vec<Part> {
        let text = json.to_string();
        parts(serde_json::from_str(&text).unwrap())
    }

    #[test]
    fn reads_texts_refusals_and_what_is_new() {
        let parts = read(&json!([
            {"type": "output_text", "text": "a b", "logprobs": [{"token": "a"}], "annotations": [
                {"type": "url_citation", "url": "u", "title": "t", "start_index": 0, "end_index": 1},
                {"type": "file_citation", "file_id": "file-1", "filename": "n.txt", "index": 3},
            ]},
            {"type": "refusal", "refusal": "no"},
            {"type": "brand_new", "x": 1},
        ]));
        let PartKind::Text { text, citations } = &parts[0].kind else { panic!("a text") };
        assert_eq!((text.as_str(), citations[0].source.as_str(), citations[0].span), ("a b", "u", Some((0, 1))));
        assert_eq!((citations[1].source.as_str(), citations[1].title.as_deref()), ("file-1", Some("n.txt")));
        assert_eq!(citations[1].ext.value(FAMILY, "index"), Some(&json!(3)));
        assert_eq!(parts[0].ext.value(FAMILY, "logprobs"), Some(&json!([{"token": "a"}])));
        assert_eq!(parts[1].kind, PartKind::Refusal { text: "no".into() });
        let PartKind::Opaque { kind, data } = &parts[2].kind else { panic!("an opaque part") };
        assert_eq!((kind.as_str(), &data["x"]), ("openai-responses.content.brand_new", &json!(1)));
    }

    #[test]
    fn spans_are_bytes_or_not_told() {
        let cite = |text: &str| {
            let annotations = json!([{"type": "url_citation", "url": "u", "start_index": 1, "end_index": 2}]);
            let parts = read(&json!([{"type": "output_text", "text": text, "annotations": annotations}]));
            let PartKind::Text { citations, .. } = &parts[0].kind else { panic!("a text") };
            citations[0].span
        };
        assert_eq!(cite("abc"), Some((1, 2)));
        assert_eq!(cite("äbc"), None);
    }

    #[test]
    fn a_string_is_one_text() {
        assert_eq!(read(&json!("words")), [Part::text("words")]);
        assert_eq!(read(&json!("")), []);
        assert_eq!(read(&json!(7)), []);
    }
}
