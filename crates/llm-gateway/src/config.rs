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
    /// Longest silence on a stream before a keep-alive comment; proxies cut silent connections. Default 15 s; zero is off.
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
    /// `sse_keep_alive` (seconds, or text such as `"30s"`; `"off"` for the latter). Unknown keys are errors.
    pub fn from_section(section: &Map<String, Value>) -> Result<Self, Error> {
        #[derive(Default, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        struct Section {
            listen: Option<String>,
            max_body: Option<Value>,
            shutdown_grace: Option<Value>,
            sse_keep_alive: Option<Value>,
        }
        let wrong = |what: String| Error::new(ErrorKind::Config, format!("reading the [server] section: {what}"));
        let section: Section =
            serde_json::from_value(Value::Object(section.clone())).map_err(|error| wrong(error.to_string()))?;
        let mut config = Self::default();
        if let Some(listen) = section.listen {
            let what = || wrong(format!("listen is {listen:?}, not an address and a port such as \"127.0.0.1:4000\""));
            config.listen = listen.parse().map_err(|_| what())?;
        }
        if let Some(size) = section.max_body {
            let size = bytes(&size).filter(|size| *size > 0);
            config.max_body = size.ok_or_else(|| wrong("max_body is not a size such as \"20 MiB\"".to_owned()))?;
        }
        if let Some(time) = section.shutdown_grace {
            config.shutdown_grace =
                duration(&time).ok_or_else(|| wrong("shutdown_grace is not a duration such as \"30s\"".to_owned()))?;
        }
        if let Some(time) = section.sse_keep_alive {
            let time = if time == "off" { Some(Duration::ZERO) } else { duration(&time) };
            config.sse_keep_alive =
                time.ok_or_else(|| wrong("sse_keep_alive is not a duration such as \"15s\", nor \"off\"".to_owned()))?;
        }
        Ok(config)
    }
}

/// A number of bytes, or text with a unit.
fn bytes(size: &Value) -> Option<usize> {
    let text = match size {
        Value::Number(number) => return usize::try_from(number.as_u64()?).ok(),
        other => other.as_str()?,
    };
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let unit: usize = match unit.trim() {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.parse::<usize>().ok()?.checked_mul(unit)
}

/// A number of seconds, or text with a unit.
fn duration(time: &Value) -> Option<Duration> {
    match time {
        Value::Number(seconds) => Duration::try_from_secs_f64(seconds.as_f64()?).ok(),
        other => llm_core::duration_text::parse(other.as_str()?),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(section: &Value) -> Result<ServerConfig, String> {
        ServerConfig::from_section(section.as_object().unwrap()).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn sizes_and_times_are_written_as_people_write_them() {
        let config = read(&json!({"listen": "[::1]:80", "max_body": "20 MiB", "shutdown_grace": 5})).unwrap();
        assert_eq!((config.max_body, config.shutdown_grace), (20 << 20, Duration::from_secs(5)));
        assert_eq!(config.listen.to_string(), "[::1]:80");
        assert_eq!(read(&json!({"sse_keep_alive": "off"})).unwrap().sse_keep_alive, Duration::ZERO);
        assert_eq!(read(&json!({})).unwrap(), ServerConfig::default());
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (section, words) in [
            (json!({"listen": "localhost"}), &["listen", "localhost", "127.0.0.1:4000"][..]),
            (json!({"listne": "x"}), &["listne", "listen"]),
            (json!({"max_body": "many"}), &["max_body", "20 MiB"]),
            (json!({"max_body": "99999999999999 GiB"}), &["max_body"]),
            (json!({"max_body": 0}), &["max_body"]),
            (json!({"shutdown_grace": "off"}), &["shutdown_grace"]),
            (json!({"shutdown_grace": -1}), &["shutdown_grace"]),
            (json!({"max_body": [1]}), &["max_body"]),
            (json!({"sse_keep_alive": "soon"}), &["sse_keep_alive", "off"]),
        ] {
            let error = read(&section).unwrap_err();
            assert!(words.iter().all(|word| error.contains(word)), "{error}");
        }
    }
}
