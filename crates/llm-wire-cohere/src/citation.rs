//! Citations, both ways. The vendor counts characters, this crate bytes.

use llm_core::{Citation, Extensions};
use serde_json::{Value, json};

use crate::API;

/// A citation of words in `text`; `None` when it is none. What has no field of its own is kept.
pub(crate) fn decode(said: &Value, text: &str) -> Option<Citation> {
    let object = said.as_object()?;
    // `sources` now; `document_ids` in the API before.
    let source = &said["sources"][0];
    let document = &source["document"];
    let id = source["id"].as_str().or_else(|| document["id"].as_str()).or_else(|| said["document_ids"][0].as_str());
    let mut citation = Citation { source: id.unwrap_or_default().to_owned(), ..Citation::default() };
    let title = document["title"].as_str().or_else(|| source["tool_output"]["title"].as_str());
    citation.title = title.filter(|title| !title.is_empty()).map(str::to_owned);
    citation.quote = said["text"].as_str().map(str::to_owned);
    citation.span = span(said, text);
    let mut ext = Extensions::default();
    ext.0.insert(API.to_owned(), object.clone());
    citation.ext = ext;
    Some(citation)
}

fn span(said: &Value, text: &str) -> Option<(u32, u32)> {
    let byte = |place: u64| {
        let place = usize::try_from(place).ok()?;
        let mut places = text.char_indices().map(|(byte, _)| byte).chain([text.len()]);
        u32::try_from(places.nth(place)?).ok()
    };
    let (start, end) = (said["start"].as_u64()?, said["end"].as_u64()?);
    (start <= end).then_some(())?;
    Some((byte(start)?, byte(end)?))
}

/// The vendor's form: its own where it came from there.
pub(crate) fn encode(citation: &Citation, text: &str) -> Value {
    if let Some(own) = citation.ext.of(API) {
        return Value::Object(own.clone());
    }
    let character = |byte: u32| {
        let byte = usize::try_from(byte).unwrap_or(usize::MAX);
        text.char_indices().take_while(|(at, _)| *at < byte).count()
    };
    let mut said = json!({
        "text": citation.quote,
        "sources": [{ "type": "document", "id": citation.source, "document": { "id": citation.source, "title": citation.title } }],
    });
    if let Some((start, end)) = citation.span {
        said["start"] = character(start).into();
        said["end"] = character(end).into();
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_become_bytes_and_nonsense_nothing() {
        let said = |start: u64, end: u64| json!({"start": start, "end": end, "text": "ß", "sources": []});
        let read = |start, end| decode(&said(start, end), "aßc").unwrap().span;
        assert_eq!((read(1, 2), read(0, 3)), (Some((1, 3)), Some((0, 4))));
        assert_eq!((read(2, 9), read(2, 1), read(u64::MAX, u64::MAX)), (None, None, None));
        let own = Citation { source: "d".into(), span: Some((1, 3)), ..Citation::default() };
        assert_eq!((&encode(&own, "aßc")["start"], &encode(&own, "aßc")["end"]), (&json!(1), &json!(2)));
    }
}
