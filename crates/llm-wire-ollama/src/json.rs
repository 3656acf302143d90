//! Raw JSON text as the wire needs it: decoding errors without content, and arguments on one line.

use std::borrow::Cow;

use llm_core::{Error, ErrorKind};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// A value as JSON bytes.
pub(crate) fn to_vec(doing: &str, value: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(value).map_err(|error| Error::new(ErrorKind::Internal, format!("{doing}: {error}")))
}

/// A value as a JSON object.
pub(crate) fn to_object(doing: &str, value: &impl Serialize) -> Result<Map<String, Value>, Error> {
    match serde_json::to_value(value) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Error::new(ErrorKind::Internal, format!("{doing}: it is not an object"))),
        Err(error) => Err(Error::new(ErrorKind::Internal, format!("{doing}: {error}"))),
    }
}

/// The text of arguments as a JSON object: `{}` where there are none, `None` where it is anything else.
pub(crate) fn object(text: &str) -> Option<&RawValue> {
    let text = text.trim();
    let text = if text.is_empty() || text == "null" { "{}" } else { text };
    if text.starts_with('{') { serde_json::from_str(text).ok() } else { None }
}

/// The same JSON without line breaks, which would end a line of NDJSON. They stand only between tokens: inside a string
/// JSON writes them as escapes.
pub(crate) fn one_line(raw: &RawValue) -> Cow<'_, RawValue> {
    let text = raw.get();
    if !text.contains(['\n', '\r']) {
        return Cow::Borrowed(raw);
    }
    match RawValue::from_string(text.replace(['\n', '\r'], " ")) {
        Ok(raw) => Cow::Owned(raw),
        Err(_) => Cow::Borrowed(raw),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_an_object_or_nothing() {
        let text = |text| object(text).map(RawValue::get);
        assert_eq!(text(""), Some("{}"));
        assert_eq!(text(" null "), Some("{}"));
        assert_eq!(text("{\"b\":1, \"a\":2}"), Some("{\"b\":1, \"a\":2}"));
        assert_eq!(text("{\"b\":1"), None);
        assert_eq!(text("[1]"), None);
        assert_eq!(text("\"text\""), None);
    }

    #[test]
    fn line_breaks_go_and_escapes_stay() {
        let raw: &RawValue = serde_json::from_str("{\n \"a\": \"x\\ny\"\r\n}").unwrap();
        assert_eq!(one_line(raw).get(), "{  \"a\": \"x\\ny\"  }");
    }
}
