//! Reads the configuration of one instance into what the adapter needs. No error repeats a value: people paste keys
//! into the wrong setting.

use http::HeaderName;
use llm_core::{BuildCx, Error, ErrorKind, ProviderPlugin, Secret, wrong_setting};
use serde_json::{Map, Value};

use super::{Place, Preset, Vendor};
use crate::adapter::Connection;
use crate::dialect::{ChatApi, Dialect};

/// What the configuration says.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) connection: Connection,
    pub(super) dialect: Dialect,
}

impl Settings {
    pub(super) fn read(
        vendor: &Vendor,
        plugin: &ProviderPlugin,
        config: &Map<String, Value>,
        cx: &BuildCx,
    ) -> Result<Self, Error> {
        let reader = Reader { plugin, id: &cx.id };
        let (mut base_url, mut usual, mut dialect) = (None, vendor.base_url, vendor.dialect);
        let (mut api_key, mut in_address, mut headers) = (None, Vec::new(), Vec::new());
        let mut chat_api = None;
        for (key, value) in config {
            let own = vendor.own.iter().find(|own| own.setting.key == key);
            match (key.as_str(), own.map(|own| own.place)) {
                ("api_key", _) => api_key = reader.text(key, value)?.map(Secret::from),
                ("base_url", _) => base_url = reader.text(key, value)?.map(str::to_owned),
                (_, None) => return Err(reader.wrong(key, "there is no such setting")),
                (_, Some(place)) => match (place, reader.text(key, value)?) {
                    (Place::Header(name), Some(text)) => headers.push((HeaderName::from_static(name), text.into())),
                    (Place::Preset(presets), Some(name)) => {
                        let preset = reader.preset(key, presets, name)?;
                        (usual, dialect) = (preset.base_url, preset.dialect);
                    }
                    (Place::ChatApi, Some(word)) => chat_api = Some(reader.chat_api(key, word)?),
                    (_, Some(text)) => in_address.push((key.as_str(), text)),
                    (_, None) => {}
                },
            }
        }
        // A preset, read after it or before, has a say only where nothing is set.
        dialect.chat_api = chat_api.unwrap_or(dialect.chat_api);
        let base_url = match base_url {
            Some(base_url) => base_url,
            None => reader.address(usual, &in_address)?,
        };
        Ok(Self { connection: Connection { base_url, api_key, headers, ..Connection::default() }, dialect })
    }
}

/// Reads values, and says what is wrong with one without showing it.
struct Reader<'a> {
    plugin: &'a ProviderPlugin,
    id: &'a str,
}

impl Reader<'_> {
    fn wrong(&self, key: &str, what: &str) -> Error {
        wrong_setting(self.id, key, what)
    }

    /// A text; blank counts as not set.
    fn text<'v>(&self, key: &str, value: &'v Value) -> Result<Option<&'v str>, Error> {
        match value {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text.trim()).filter(|text| !text.is_empty())),
            _ => Err(self.wrong(key, "it must be a text")),
        }
    }

    fn chat_api(&self, key: &str, word: &str) -> Result<ChatApi, Error> {
        ChatApi::of_word(word).ok_or_else(|| self.wrong(key, "it must be auto, chat or responses"))
    }

    fn preset<'p>(&self, key: &str, presets: &'p [Preset], name: &str) -> Result<&'p Preset, Error> {
        presets.iter().find(|preset| preset.name == name).ok_or_else(|| {
            let known: Vec<_> = presets.iter().map(|preset| preset.name).collect();
            self.wrong(key, &format!("there is no such preset: there are {}", known.join(", ")))
        })
    }

    /// The usual address with what it needs from other settings.
    fn address(&self, usual: &str, given: &[(&str, &str)]) -> Result<String, Error> {
        let (mut address, mut rest) = (String::new(), usual);
        while let Some((before, (key, after))) =
            rest.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
        {
            let Some((_, text)) = given.iter().find(|(known, _)| *known == key) else {
                return Err(self.missing(key));
            };
            // A host is often copied with its scheme, and with the slash behind it.
            let text = text.trim_start_matches("https://").trim_end_matches('/');
            if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte)) {
                return Err(self.wrong(key, "it has characters that cannot stand in this place of an address"));
            }
            address.push_str(before);
            address.push_str(text);
            rest = after;
        }
        address.push_str(rest);
        if address.is_empty() { Err(self.missing("base_url")) } else { Ok(address) }
    }

    fn missing(&self, key: &str) -> Error {
        let how = self.plugin.how_to_set(self.id, &[key]);
        Error::new(ErrorKind::Config, format!("{key} missing: set {how}"))
    }
}
