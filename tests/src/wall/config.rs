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

/// A setting of a target.
const WINDOW: &str = "context_window";

/// Settings of the guide that this build does not take yet.
pub fn unknown() -> Vec<String> {
    let mut unknown = defaults(Pace::Real);
    unknown.retain(|line| !knows_default(line));
    if !knows_windows() {
        unknown.push(format!("{WINDOW} of a target"));
    }
    unknown
}

fn knows_default(line: &str) -> bool {
    knows(&format!("[defaults]\n{line}"))
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
    for line in defaults(pace).iter().filter(|line| knows_default(line)) {
        let _ = writeln!(text, "{line}");
    }
    let windows = knows_windows();
    let _ =
        write!(text, "\n[[model]]\nname = \"{HEALTHY_ROUTE}\"\ntargets = [\"fallback/{HEALTHY_ROUTE}+words-60\"]\n");
    for scenario in SCENARIOS {
        for mode in Mode::ALL {
            route(&mut text, scenario, mode, windows);
        }
    }
    text
}

/// Whether this build takes these settings: what it cannot do yet must not keep the rest from being run.
fn knows(toml: &str) -> bool {
    loquat::Config::from_toml(toml).is_ok()
}

fn knows_windows() -> bool {
    knows(&format!("[[model]]\nname = \"a\"\ntargets = [{{ id = \"a/b\", {WINDOW} = 1 }}]"))
}

fn route(text: &mut String, scenario: &Scenario, mode: Mode, windows: bool) {
    let _ = write!(text, "\n[[model]] # {}\nname = \"{}\"\ntargets = [\n", scenario.title, scenario.route(mode));
    for (number, target) in scenario.targets.iter().enumerate() {
        let id = format!("{}/{}", if number == 0 { "primary" } else { "fallback" }, scenario.model(mode, number));
        let _ = match target.context_window.filter(|_| windows) {
            None => writeln!(text, "  \"{id}\","),
            Some(window) => writeln!(text, "  {{ id = \"{id}\", {WINDOW} = {window} }},"),
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
}
