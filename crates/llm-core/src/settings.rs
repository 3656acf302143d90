//! What a configuration says to a plugin: how its settings are called in messages, and how they are read.

use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};

use crate::closest::closest;
use crate::error::Error;
use crate::error_kind::ErrorKind;
use crate::plugin::{BuildCx, ProviderPlugin};
use crate::secret::Secret;

/// The setting that every plugin with a vendor behind it has: more headers for every call.
pub const HEADERS: &str = "headers";

/// A setting of one account, for messages: `api_key of the provider "openai"`.
pub fn setting_of(id: &str, key: &str) -> String {
    format!("{key} of the provider {id:?}")
}

/// What is wrong with a setting of one account.
pub fn wrong_setting(id: &str, key: &str, what: &str) -> Error {
    Error::new(ErrorKind::Config, format!("reading {}: {what}", setting_of(id, key)))
}

/// The configuration with the settings' own keys.
pub(crate) fn settle(
    plugin: &ProviderPlugin,
    id: &str,
    config: Map<String, Value>,
) -> Result<Map<String, Value>, Error> {
    let mut settled = Map::new();
    for (key, value) in config {
        let known = plugin.settings.iter().find(|known| known.key == key || known.aliases.contains(&&*key));
        let own = match known {
            Some(known) => known.key,
            None if key == HEADERS && !plugin.fake => HEADERS,
            None => return Err(unknown(plugin, id, &key)),
        };
        if settled.insert(own.to_owned(), value).is_some() {
            let also = plugin.settings.iter().find(|known| known.key == own).map_or(&[][..], |known| known.aliases);
            return Err(wrong_setting(id, own, &format!("it is set twice: {} is the same setting", also.join(", "))));
        }
    }
    Ok(settled)
}

fn unknown(plugin: &ProviderPlugin, id: &str, key: &str) -> Error {
    let common = Some(HEADERS).filter(|_| !plugin.fake);
    let known: Vec<_> = plugin.settings.iter().map(|setting| setting.key).chain(common).collect();
    let hint = closest(key, known.iter().copied()).map(|known| format!(", did you mean {known}?"));
    let what = format!("there is no such setting{}: there are {}", hint.unwrap_or_default(), known.join(", "));
    wrong_setting(id, key, &what)
}

/// More headers for every call, none of which a log shows.
pub(crate) fn headers(id: &str, value: &Value) -> Result<HeaderMap, Error> {
    let wrong = |what: &str| wrong_setting(id, HEADERS, what);
    let table = value.as_object().ok_or_else(|| wrong("it must be a table of header names and their values"))?;
    let mut headers = HeaderMap::with_capacity(table.len());
    for (name, value) in table {
        // The name is not repeated: a key may have been pasted in its place.
        let name = HeaderName::try_from(name).map_err(|_| wrong("a name has characters that no header has"))?;
        if [CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING].contains(&name) {
            return Err(wrong(&format!("{name} is set by the request itself: leave it out")));
        }
        let text = value.as_str().ok_or_else(|| wrong("each value must be a text"))?;
        let mut value = HeaderValue::from_str(text.trim())
            .map_err(|_| wrong(&format!("the value of {name} has characters that cannot be sent in a header")))?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

/// Reads a plugin's configuration into its own type. Unknown keys are errors when the type denies them.
///
/// The error names the setting, and repeats no value: people paste keys into the wrong setting.
pub fn read_config<T: serde::de::DeserializeOwned>(config: Map<String, Value>, cx: &BuildCx) -> Result<T, Error> {
    let config = Value::Object(config);
    T::deserialize(&config).map_err(|error| {
        let what = without_values(&config, error.to_string());
        match culprit::<T>(&config, &error.to_string()) {
            Some(key) => wrong_setting(&cx.id, key, &what),
            None => Error::new(ErrorKind::Config, format!("reading the settings of the provider {:?}: {what}", cx.id)),
        }
    })
}

/// The setting that fails in the same way when it stands alone.
fn culprit<'c, T: serde::de::DeserializeOwned>(config: &'c Value, message: &str) -> Option<&'c str> {
    let fails = |key: &String, value: &Value| {
        let alone = Value::Object(Map::from_iter([(key.clone(), value.clone())]));
        T::deserialize(&alone).is_err_and(|error| error.to_string() == message)
    };
    let fields = config.as_object().filter(|_| T::deserialize(Value::Object(Map::new())).is_ok());
    fields?.iter().find(|(key, value)| fails(key, value)).map(|(key, _)| key.as_str())
}

fn without_values(value: &Value, message: String) -> String {
    match value {
        Value::String(text) => Secret::new(text.as_str()).scrub(&message).into_owned(),
        Value::Array(items) => items.iter().fold(message, |message, item| without_values(item, message)),
        Value::Object(fields) => fields.values().fold(message, |message, item| without_values(item, message)),
        _ => message,
    }
}
