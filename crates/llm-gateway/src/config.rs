//! Settings of the gateway: the `[server]` section of the configuration.

use std::net::SocketAddr;
use std::time::Duration;

use llm_core::{Error, ErrorKind};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Settings of the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerConfig {
    /// Address to listen on. Default `127.0.0.1:4000`.
    pub listen: SocketAddr,
    /// Longest request body in bytes. Default 32 MiB: coding agents send images and long histories.
    pub max_body: usize,
    /// How long running requests may go on after a signal to stop. Default 30 s.
    pub shutdown_grace: Duration,
    /// Longest silence on a stream before a keep-alive comment; proxies cut silent connections. Default 15 s.
    pub sse_keep_alive: Duration,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 4000)),
            max_body: 32 << 20,
            shutdown_grace: Duration::from_secs(30),
            sse_keep_alive: Duration::from_secs(15),
        }
    }
}

impl ServerConfig {
    /// Reads the `[server]` section: `listen`, `max_body` (bytes, or text such as `"20 MiB"`), `shutdown_grace` and
    /// `sse_keep_alive` (seconds, or text such as `"30s"`). Unknown keys are errors.
    pub fn from_section(section: &Map<String, Value>) -> Result<Self, Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields, default)]
        #[derive(Default)]
        struct Section {
            listen: Option<SocketAddr>,
            max_body: Option<Amount>,
            shutdown_grace: Option<Amount>,
            sse_keep_alive: Option<Amount>,
        }
        let wrong = |what: String| Error::new(ErrorKind::Config, format!("reading the [server] section: {what}"));
        let section: Section =
            serde_json::from_value(Value::Object(section.clone())).map_err(|error| wrong(error.to_string()))?;
        let mut config = Self::default();
        if let Some(listen) = section.listen {
            config.listen = listen;
        }
        if let Some(amount) = section.max_body {
            config.max_body =
                amount.bytes().ok_or_else(|| wrong("max_body is not a size such as \"20 MiB\"".to_owned()))?;
        }
        for (name, amount, target) in [
            ("shutdown_grace", section.shutdown_grace, &mut config.shutdown_grace),
            ("sse_keep_alive", section.sse_keep_alive, &mut config.sse_keep_alive),
        ] {
            if let Some(amount) = amount {
                *target =
                    amount.duration().ok_or_else(|| wrong(format!("{name} is not a duration such as \"30s\"")))?;
            }
        }
        Ok(config)
    }
}

/// A number, or a number with a unit.
#[derive(Deserialize)]
#[serde(untagged)]
enum Amount {
    Number(u64),
    Text(String),
}

impl Amount {
    fn bytes(&self) -> Option<usize> {
        let (number, unit) = match self {
            Self::Number(number) => return usize::try_from(*number).ok(),
            Self::Text(text) => text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len())),
        };
        let shift = match unit.trim() {
            "" | "B" => 0,
            "KiB" => 10,
            "MiB" => 20,
            "GiB" => 30,
            _ => return None,
        };
        number.parse::<usize>().ok()?.checked_shl(shift)
    }

    fn duration(&self) -> Option<Duration> {
        match self {
            Self::Number(seconds) => Some(Duration::from_secs(*seconds)),
            Self::Text(text) => llm_core::duration_text::parse(text),
        }
    }
}
