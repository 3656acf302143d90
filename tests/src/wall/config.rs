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

/// The settings of the guide, for every route, with their shorter times for tests.
const DEFAULTS: &[(&str, &str)] = &[
    (r#"timeout = "90s""#, r#"timeout = "30s""#),
    (r#"first_token_timeout = "10s""#, r#"first_token_timeout = "2s""#),
    (r#"attempt_timeout = "12s""#, r#"attempt_timeout = "2s""#),
    (r#"idle_timeout = "10s""#, r#"idle_timeout = "2s""#),
    (r#"stream = { on_break = "resume" }"#, r#"stream = { on_break = "resume" }"#),
    (r#"breaker = { open_for = "10s", growth = 1 }"#, r#"breaker = { open_for = "1s", growth = 1 }"#),
    ("", r#"retry = { base = "20ms", throttled_base = "20ms" }"#),
];

/// A setting of a target.
const WINDOW: &str = "context_window";

/// Settings of the guide that this build does not take yet.
pub fn unknown() -> Vec<&'static str> {
    let lines = DEFAULTS.iter().map(|(real, _)| *real).filter(|line| !line.is_empty());
    let mut unknown: Vec<&str> = lines.filter(|line| !knows(&format!("[defaults]\n{line}"))).collect();
    if !knows_windows() {
        unknown.push("context_window of a target");
    }
    unknown
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
    for (real, quick) in DEFAULTS {
        let line = if pace == Pace::Real { real } else { quick };
        if !line.is_empty() && knows(&format!("[defaults]\n{line}")) {
            let _ = writeln!(text, "{line}");
        }
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
