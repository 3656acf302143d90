//! Where words come from, both ways. The vendor's own form is kept whole: only it may be sent back.

use llm_core::Citation;
use llm_wire::Citations;
use llm_wire::citations::own_form;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::API;

/// Reads one citation of any kind (`char_location`, `page_location`, `web_search_result_location`, …).
/// `None` when it is no object.
pub(crate) fn decode(raw: &RawValue) -> Option<Citation> {
    let fields: Map<String, Value> = serde_json::from_str(raw.get()).ok()?;
    let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
    let title = text("title").or_else(|| text("document_title"));
    let document = || fields.get("document_index").and_then(Value::as_u64).map(|index| format!("document {index}"));
    let source = text("url").or_else(|| text("source")).or_else(|| text("file_id"));
    let mut citation = Citation {
        source: source.or_else(|| title.clone()).or_else(document).unwrap_or_default(),
        title,
        quote: text("cited_text"),
        ..Citation::default()
    };
    citation.ext.0.insert(API.to_owned(), fields);
    Some(citation)
}

/// Reads a list of citations; what is none is left out.
pub(crate) fn decode_all(raw: &RawValue) -> Vec<Citation> {
    let list: Vec<&RawValue> = serde_json::from_str(raw.get()).unwrap_or_default();
    list.into_iter().filter_map(decode).collect()
}

/// One citation to be written: in the vendor's own form, or in the one that fits best.
pub(crate) struct WireCitation<'a>(pub(crate) &'a Citation);

impl Serialize for WireCitation<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let citation = self.0;
        if let Some(own) = own_form(citation, API) {
            return own.serialize(serializer);
        }
        let quote = citation.quote.as_deref().unwrap_or_default();
        let mut map = serializer.serialize_map(None)?;
        if citation.source.contains("://") {
            map.serialize_entry("type", "web_search_result_location")?;
            map.serialize_entry("url", &citation.source)?;
            map.serialize_entry("title", &citation.title)?;
            map.serialize_entry("encrypted_index", "")?;
        } else {
            map.serialize_entry("type", "char_location")?;
            map.serialize_entry("document_index", &0)?;
            map.serialize_entry("document_title", citation.title.as_ref().unwrap_or(&citation.source))?;
            map.serialize_entry("start_char_index", &0)?;
            map.serialize_entry("end_char_index", &0)?;
        }
        map.serialize_entry("cited_text", quote)?;
        map.end()
    }
}

/// The citations of a text block.
#[derive(Clone, Copy)]
pub(crate) struct WireCitations<'a>(pub(crate) Citations<'a>);

impl Serialize for WireCitations<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(WireCitation))
    }
}
