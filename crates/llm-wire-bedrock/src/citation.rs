//! Where words come from, both ways. The vendor's own form is kept whole: only it may be sent back.

use llm_core::Citation;
use llm_wire::Citations;
use llm_wire::citations::own_form;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::API;

/// Reads one citation; `None` when it is no object.
pub(crate) fn decode(raw: &RawValue) -> Option<Citation> {
    let fields: Map<String, Value> = serde_json::from_str(raw.get()).ok()?;
    let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
    let location = fields.get("location").and_then(Value::as_object).and_then(|kinds| kinds.values().next());
    let place = |name: &str| location.and_then(|location| location.get(name));
    let url = place("url").and_then(Value::as_str).map(str::to_owned);
    let document = || place("documentIndex").and_then(Value::as_u64).map(|index| format!("document {index}"));
    let title = text("title");
    let quote: String = fields
        .get("sourceContent")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|piece| piece.get("text")?.as_str())
        .collect();
    let mut citation = Citation {
        source: url.or_else(|| text("source")).or_else(|| title.clone()).or_else(document).unwrap_or_default(),
        title,
        quote: Some(quote).filter(|quote| !quote.is_empty()),
        ..Citation::default()
    };
    citation.ext.0.insert(API.to_owned(), fields);
    Some(citation)
}

/// The citations of a block.
#[derive(Clone, Copy)]
pub(crate) struct WireCitations<'a>(pub(crate) Citations<'a>);

impl Serialize for WireCitations<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(WireCitation))
    }
}

/// One citation: in the vendor's own form, or in the one that fits best.
pub(crate) struct WireCitation<'a>(pub(crate) &'a Citation);

impl Serialize for WireCitation<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let citation = self.0;
        if let Some(own) = own_form(citation, API) {
            return own.serialize(serializer);
        }
        let one = |name: &'static str, value: &str| Map::from_iter([(name.to_owned(), Value::from(value))]);
        let mut map = serializer.serialize_map(None)?;
        if let Some(title) = &citation.title {
            map.serialize_entry("title", title)?;
        }
        if let Some(quote) = &citation.quote {
            map.serialize_entry("sourceContent", &[one("text", quote)])?;
        }
        if citation.source.contains("://") {
            let web = Value::Object(one("url", &citation.source));
            map.serialize_entry("location", &Map::from_iter([("web".to_owned(), web)]))?;
        } else {
            map.serialize_entry("source", &citation.source)?;
        }
        map.end()
    }
}
