//! A caller's own settings, laid over bodies that are made as trees.

use llm_core::{Extensions, Origin};
use serde_json::{Map, Value};

use crate::API;

/// Lays what `ext` says to one target over a body: the wire family's settings first, the provider's over them.
pub(crate) fn lay(body: &mut Value, ext: &Extensions, to: &Origin) {
    for reader in [API, &*to.provider] {
        if let Some(settings) = ext.of(reader) {
            merge(body, settings);
        }
    }
}

/// Puts settings over an object: objects merge, `null` removes, anything else replaces.
fn merge(body: &mut Value, settings: &Map<String, Value>) {
    let Value::Object(body) = body else { return };
    for (name, value) in settings {
        match (body.get_mut(name), value) {
            (_, Value::Null) => {
                body.remove(name);
            }
            (Some(ours @ Value::Object(_)), Value::Object(theirs)) => merge(ours, theirs),
            _ => {
                body.insert(name.clone(), value.clone());
            }
        }
    }
}
