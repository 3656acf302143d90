//! The configuration of a gateway for the wall, as an operator writes it. `docs/guides/failover.md` explains it.

use std::fmt::Write as _;

use super::Mode;
use super::scenarios::{SCENARIOS, Scenario};

/// The route of a request that nothing happens to.
pub(super) const HEALTHY_ROUTE: &str = "healthy";

/// How patient the gateway is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// As documented.
    Real,
    /// In two seconds at most, for a test: the same settings with shorter times.
    Quick,
}

/// The guide, whose settings for every route are those of the wall.
const GUIDE: &str = include_str!("../../../docs/guides/failover.md");

/// Other values in a test that must not take long.
const QUICK: &[(&str, &str)] = &[
    ("timeout", r#""30s""#),
    ("first_token_timeout", r#""2s""#),
    ("attempt_timeout", r#""2s""#),
    ("idle_timeout", r#""2s""#),
    ("retry", r#"{ patience = "3s", base = "20ms", throttled_base = "20ms" }"#),
];

/// The lines of the guide's first `[defaults]`.
fn defaults(pace: Pace) -> Vec<String> {
    let lines = GUIDE.lines().skip_while(|line| *line != "[defaults]").skip(1).take_while(|line| !line.is_empty());
    let quick = |line: &str| {
        let key = line.split(" = ").next().unwrap_or_default();
        let value = QUICK.iter().find(|(quick, _)| pace == Pace::Quick && *quick == key);
        value.map_or_else(|| line.to_owned(), |(_, value)| format!("{key} = {value}"))
    };
    lines.map(quick).collect()
}

/// The configuration: a primary and a fallback at `vendors`, and one route for each scenario and mode.
pub fn config(pace: Pace, vendors: &str) -> String {
    let mut text = String::from("[server]\nlisten = \"127.0.0.1:0\"\n");
    for id in ["primary", "fallback"] {
        // Writing to a string cannot fail, here and below.
        let _ = write!(
            text,
            "\n[[provider]]\nid = \"{id}\"\nkind = \"openai-compatible\"\nbase_url = \"{vendors}\"\napi_key = \"sk-{id}\"\n"
        );
    }
    text.push_str("\n[defaults]\n");
    for line in defaults(pace) {
        let _ = writeln!(text, "{line}");
    }
    let _ =
        write!(text, "\n[[model]]\nname = \"{HEALTHY_ROUTE}\"\ntargets = [\"fallback/{HEALTHY_ROUTE}+words-60\"]\n");
    for scenario in SCENARIOS {
        for mode in Mode::ALL {
            route(&mut text, scenario, mode);
        }
    }
    text
}

fn route(text: &mut String, scenario: &Scenario, mode: Mode) {
    let _ = write!(text, "\n[[model]] # {}\nname = \"{}\"\ntargets = [\n", scenario.title, scenario.route(mode));
    for (number, target) in scenario.targets.iter().enumerate() {
        let id = format!("{}/{}", if number == 0 { "primary" } else { "fallback" }, scenario.model(mode, number));
        let _ = match target.context_window {
            None => writeln!(text, "  \"{id}\","),
            Some(window) => writeln!(text, "  {{ id = \"{id}\", context_window = {window} }},"),
        };
    }
    text.push_str("]\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guide_has_the_settings() {
        let keys = |pace| -> Vec<String> {
            let lines = defaults(pace).into_iter();
            lines.map(|line| line.split(" = ").next().unwrap_or_default().to_owned()).collect()
        };
        assert_eq!(keys(Pace::Real), keys(Pace::Quick));
        assert!(QUICK.iter().all(|(key, _)| keys(Pace::Real).iter().any(|known| known == key)));
        assert_ne!(defaults(Pace::Real), defaults(Pace::Quick));
    }

    #[test]
    fn what_the_guide_shows_is_taken() {
        let shown: Vec<&str> = GUIDE.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
        assert!(shown.len() >= 3, "the guide shows configurations");
        for text in
            shown.into_iter().map(str::to_owned).chain([Pace::Real, Pace::Quick].map(|pace| config(pace, "http://x")))
        {
            let read = loquat::Config::from_toml(&text);
            assert!(read.is_ok(), "{read:?}\n{text}");
        }
        // What it shows as prose.
        for defaults in [
            "fall_over = { content_filter = true }",
            "stream = { commit = { window = { tokens = 40, time = \"2s\" } } }",
        ] {
            let read = loquat::Config::from_toml(&format!("[defaults]\n{defaults}"));
            assert!(read.is_ok(), "{defaults}: {read:?}");
        }
    }
}
