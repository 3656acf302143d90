//! What a configuration of a budget may say.

use llm_budget::{Budget, Kind, OnExceed, Window};
use serde::Deserialize;

#[derive(Deserialize)]
struct File {
    budget: Vec<Budget>,
}

fn read(text: &str) -> Result<Vec<Budget>, String> {
    let file: File = toml::from_str(&format!("[[budget]]\n{text}")).map_err(|error| error.to_string())?;
    file.budget.iter().try_for_each(Budget::check).map_err(|error| error.to_string())?;
    Ok(file.budget)
}

#[test]
fn a_budget_reads_as_documented() {
    let text = r#"
        name = "openai-day"
        scope = { provider = "openai" }
        limit = "50.00"
        window = "1d"
        timezone = "Europe/Berlin"
        alert_at = [0.8, 0.95]
        on_exceed = "fallback"
        [[budget]]
        name = "team-a"
        scope = { team = "a" }
        limit = 500
        window = "1mo"
        kind = "soft"
    "#;
    let budgets = read(text).unwrap();
    assert_eq!(budgets[0].scope.provider.as_deref(), Some("openai"));
    assert_eq!(
        (budgets[0].window, budgets[0].on_exceed, budgets[0].kind),
        (Window::Day, OnExceed::Fallback, Kind::Hard)
    );
    assert_eq!(budgets[0].timezone.name(), "Europe/Berlin");
    assert_eq!((budgets[1].limit.to_string(), budgets[1].alert_at.clone()), ("500".to_owned(), vec![0.8]));
    assert_eq!((budgets[1].kind, budgets[1].on_exceed), (Kind::Soft, OnExceed::Deny));
    let again: Budget = serde_json::from_value(serde_json::to_value(&budgets[0]).unwrap()).unwrap();
    assert_eq!(again, budgets[0]);
}

#[test]
fn what_is_wrong_is_said() {
    for (text, says) in [
        ("name = \"a\"\nlimit = \"0\"", "the limit $0 cannot be kept"),
        ("name = \"a\"\nlimit = \"9007199.254740993\"", "at most $9007199.254740992"),
        ("name = \"a\"\nlimit = \"0.0000000001\"", "nine digits"),
        ("name = \"\"\nlimit = 1", "it has no name"),
        ("name = \"a\"\nlimit = 1\nalert_at = [1.5]", "alert_at 1.5 is no part"),
        ("name = \"a\"\nlimit = 1\non_exceed = \"fallback\"", "needs a scope with a provider or a model"),
        ("name = \"a\"\nlimit = 1\nscope = { is = \"eu\" }", "without `tag`"),
        ("name = \"a\"\nlimit = 1\ntimezone = \"Mars/Olympus\"", "no time zone \"Mars/Olympus\""),
        ("name = \"a\"\nlimit = 1\nscope = { teem = \"a\" }", "unknown field `teem`"),
        ("name = \"a\"\nlimit = 1\nwindow = \"2d\"", "unknown variant `2d`"),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.contains(says), "{text}: {error}");
    }
}
