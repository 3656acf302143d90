//! The table of verdicts.

use std::fmt::Write as _;
use std::time::Duration;

use super::answer::Outcome;
use super::run::Verdict;

/// A line for each verdict with its figures, the reasons of those that failed, and a sum.
pub fn table(verdicts: &[Verdict]) -> String {
    let mut text = String::new();
    let head = ["", "scenario", "mode", "result", "took", "attempts", "gaps at the primary", "answered by"];
    row(&mut text, &head.map(str::to_owned));
    for verdict in verdicts {
        row(&mut text, &columns(verdict));
        for failure in &verdict.failures {
            // Writing to a string cannot fail, here and below.
            let _ = writeln!(text, "     {failure}");
        }
    }
    let passed = verdicts.iter().filter(|verdict| verdict.failures.is_empty()).count();
    let mut ids: Vec<&str> = verdicts.iter().map(|verdict| verdict.scenario.id).collect();
    ids.dedup();
    let whole = ids.iter().filter(|id| {
        verdicts.iter().filter(|verdict| verdict.scenario.id == **id).all(|verdict| verdict.failures.is_empty())
    });
    let _ = writeln!(text, "{} of {} scenarios pass, {passed} of {} runs", whole.count(), ids.len(), verdicts.len());
    text
}

fn row(text: &mut String, columns: &[String; 8]) {
    let [id, title, mode, result, took, attempts, gaps, by] = columns;
    let line = format!("{id:<4} {title:<56} {mode:<6} {result:<6} {took:>6}  {attempts:<8} {gaps:<24} {by}");
    let _ = writeln!(text, "{}", line.trim_end());
}

fn columns(verdict: &Verdict) -> [String; 8] {
    let facts = &verdict.facts;
    let took = facts.calls.iter().map(|call| call.took).max().unwrap_or_default();
    let attempts: Vec<String> = facts.seen.iter().map(|seen| seen.len().to_string()).collect();
    [
        verdict.scenario.id.to_owned(),
        verdict.scenario.title.to_owned(),
        verdict.mode.name().to_owned(),
        if verdict.failures.is_empty() { "pass" } else { "FAIL" }.to_owned(),
        format!("{:.1}s", took.as_secs_f64()),
        attempts.join("+"),
        shown(&facts.gaps(0)),
        who(verdict),
    ]
}

/// The first few waits.
fn shown(gaps: &[Duration]) -> String {
    let mut gaps: Vec<String> = gaps.iter().map(|gap| format!("{:.1}s", gap.as_secs_f64())).collect();
    if gaps.len() > 4 {
        gaps.truncate(4);
        gaps.push("…".to_owned());
    }
    gaps.join(" ")
}

/// Who answered last, or what came instead.
fn who(verdict: &Verdict) -> String {
    let Some(answer) = verdict.facts.answer() else { return String::new() };
    match (&answer.outcome, verdict.facts.answered_by()) {
        (Outcome::Finished, Some(0)) => "the primary".to_owned(),
        (Outcome::Finished, Some(number)) => format!("fallback {number}"),
        (Outcome::Finished, None) => "unknown".to_owned(),
        (Outcome::Failed { code, .. }, _) => {
            format!("error {} {}", answer.status, code.as_deref().unwrap_or_default()).trim_end().to_owned()
        }
        (Outcome::Broken, _) => "cut off".to_owned(),
        (Outcome::Hung, _) => "nothing".to_owned(),
    }
}
