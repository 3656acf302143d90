//! The plugin's settings.

use std::collections::BTreeMap;

use http::HeaderName;
use llm_core::{Error, ErrorKind, Secret};
use llm_wire_openai::Connection;
use serde::Deserialize;

/// What can be set.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// Address of the server, usually with `/v1`.
    pub base_url: Option<String>,
    /// The API key, where the server wants one.
    pub api_key: Option<Secret>,
    /// Headers for every call, such as those of a proxy in front of the server. Their values count as secret.
    pub headers: BTreeMap<String, Secret>,
}

impl Config {
    pub(crate) fn connection(self, id: &str) -> Result<Connection, Error> {
        let wrong = |message: String| Error::new(ErrorKind::Config, message);
        let Some(base_url) = self.base_url.filter(|url| !url.trim().is_empty()) else {
            return Err(wrong(format!(
                "base_url missing: set OPENAI_COMPATIBLE_BASE_URL or providers.{id}.base_url, \
                 such as http://127.0.0.1:8000/v1"
            )));
        };
        let header = |(name, value): (String, Secret)| match HeaderName::try_from(name) {
            Ok(name) => Ok((name, value)),
            // The name is not repeated: a key may have been pasted in its place.
            Err(_) => Err(wrong(format!("providers.{id}.headers: a name has characters that no header has"))),
        };
        let headers = self.headers.into_iter().map(header).collect::<Result<_, _>>()?;
        Ok(Connection { base_url, api_key: self.api_key, headers })
    }
}
