//! Vendor-specific settings of a request: merged into the JSON of the level they stand at, verbatim.

use llm_core::{Error, Extensions, Origin};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{API, json};

/// Those entries of `ext` that are for this target: of the wire family first, of the provider, which wins, second.
pub(crate) fn entries<'a>(ext: &'a Extensions, to: &Origin) -> impl Iterator<Item = &'a Map<String, Value>> {
    let family = ext.of(API);
    let provider = if *to.provider == *API { None } else { ext.of(&to.provider) };
    family.into_iter().chain(provider).filter(|entry| !entry.is_empty())
}

/// A body as JSON, with those entries of `ext` that are for this target. Without any, nothing is copied.
pub(crate) fn body(doing: &str, body: &impl Serialize, ext: &Extensions, to: &Origin) -> Result<Vec<u8>, Error> {
    let mut entries = entries(ext, to).peekable();
    if entries.peek().is_none() {
        return json::to_vec(doing, body);
    }
    let mut object = json::to_object(doing, body)?;
    entries.for_each(|entry| merge(&mut object, entry));
    json::to_vec(doing, &object)
}

/// Writes `entry` over `object`. Entries of `options` are merged one by one, so that a request can add `num_ctx` without
/// giving up its temperature, and so are those of the `function` of a tool or a call.
pub(crate) fn merge(object: &mut Map<String, Value>, entry: &Map<String, Value>) {
    for (name, value) in entry {
        match (object.get_mut(name), value) {
            (Some(Value::Object(options)), Value::Object(more)) if ["options", "function"].contains(&name.as_str()) => {
                options.extend(more.iter().map(|(name, value)| (name.clone(), value.clone())));
            }
            _ => {
                object.insert(name.clone(), value.clone());
            }
        }
    }
}
