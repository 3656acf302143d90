//! What a vendor says and `llm-core` has no field for: kept in the answer's extensions, so that nothing is lost and
//! clients of the gateway get it too.
//!
//! It is kept apart from what goes back to a vendor: most refuse a field that they do not know.

use llm_core::Extensions;
use serde_json::{Map, Value};

use crate::FAMILY;
use crate::json::{Kept, is_empty};

/// Extension with the fields of each choice, by its number.
pub(crate) const CHOICES: &str = "openai-chat.choices";
/// Extension with the fields of each choice's message, by its number.
pub(crate) const MESSAGES: &str = "openai-chat.messages";
/// Probabilities of tokens, a field of the choice.
pub(crate) const LOGPROBS: &str = "logprobs";
/// Sources and files that are no citations, a field of the message.
pub(crate) const ANNOTATIONS: &str = "annotations";

/// Keeps the fields of the answer itself.
pub(crate) fn keep_top(ext: &mut Extensions, rest: &Kept<'_>) {
    if rest.0.iter().any(|(_, raw)| !is_empty(raw)) {
        rest.read_into(ext.of_mut(FAMILY));
    }
}

/// Keeps one field of one choice or message.
pub(crate) fn insert(ext: &mut Extensions, level: &str, number: usize, name: &str, value: Value) {
    fields(ext, level, number, |fields| {
        fields.insert(name.to_owned(), value);
    });
}

/// Keeps the unnamed fields of one choice or message.
pub(crate) fn keep(ext: &mut Extensions, level: &str, number: usize, rest: &Kept<'_>) {
    if rest.0.iter().any(|(_, raw)| !is_empty(raw)) {
        fields(ext, level, number, |fields| rest.read_into(fields));
    }
}

fn fields(ext: &mut Extensions, level: &str, number: usize, write: impl FnOnce(&mut Map<String, Value>)) {
    let entry = ext.of_mut(level).entry(number.to_string()).or_insert_with(|| Value::Object(Map::new()));
    if let Some(fields) = entry.as_object_mut() {
        write(fields);
    }
}

/// What was kept of one choice or message.
pub(crate) fn of<'e>(ext: &'e Extensions, level: &str, number: usize) -> Option<&'e Map<String, Value>> {
    ext.of(level)?.get(&number.to_string())?.as_object()
}
