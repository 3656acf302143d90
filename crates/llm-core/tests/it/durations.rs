//! Durations in configurations.

use std::time::Duration;

use llm_core::duration_text::{format, parse};
use serde::{Deserialize, Serialize};

#[test]
fn durations_are_read_as_people_write_them() {
    for (text, expected) in [
        ("500ms", Some(Duration::from_millis(500))),
        ("30s", Some(Duration::from_secs(30))),
        (" 1.5 m ", Some(Duration::from_secs(90))),
        ("2h", Some(Duration::from_secs(7200))),
        ("60", Some(Duration::from_secs(60))),
        ("0", Some(Duration::ZERO)),
        ("", None),
        ("s", None),
        ("-3s", None),
        ("3 days", None),
        ("1e400s", None),
    ] {
        assert_eq!(parse(text), expected, "{text:?}");
    }
}

#[test]
fn durations_are_written_so_that_they_are_read_back() {
    for (millis, text) in [
        (0, "0s"),
        (250, "250ms"),
        (1500, "1500ms"),
        (30_000, "30s"),
        (90_000, "90s"),
        (600_000, "10m"),
        (7_200_000, "2h"),
    ] {
        let duration = Duration::from_millis(millis);
        assert_eq!(format(duration), text);
        assert_eq!(parse(text), Some(duration));
    }
}

#[test]
fn durations_in_configurations_are_texts_or_seconds() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Config {
        #[serde(with = "llm_core::duration_text")]
        base: Duration,
        #[serde(default, with = "llm_core::duration_text::option", skip_serializing_if = "Option::is_none")]
        cap: Option<Duration>,
    }
    let read = |text: &str| serde_json::from_str::<Config>(text);
    assert_eq!(read(r#"{"base": 2}"#).unwrap(), Config { base: Duration::from_secs(2), cap: None });
    let both = Config { base: Duration::from_millis(250), cap: Some(Duration::from_secs(8)) };
    assert_eq!(read(r#"{"base": 0.25, "cap": "8s"}"#).unwrap(), both);
    assert_eq!(serde_json::to_string(&both).unwrap(), r#"{"base":"250ms","cap":"8s"}"#);
    let message = read(r#"{"base": "soon"}"#).unwrap_err().to_string();
    assert!(message.contains(r#"invalid value: string "soon", expected a duration such as "250ms""#), "{message}");
    assert!(read(r#"{"base": -1}"#).is_err());
}
