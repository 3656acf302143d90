//! What came of each case, and the table provider × kind.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;

/// What came of one case.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// Who answered.
    pub provider: String,
    /// The plugin that spoke for it; none when it is not built yet.
    pub plugin: Option<&'static str>,
    /// Name of the case.
    pub case: String,
    /// Operation, or `error`.
    pub kind: String,
    /// The answer in normal form; null when unsupported.
    pub actual: Value,
    /// The expected answer; null where nobody knows.
    pub expected: Value,
    /// Whether they are equal.
    pub status: Status,
    /// The differences, or why it was not tried.
    pub why: String,
}

/// Whether a case passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Equal.
    Pass,
    /// Different.
    Fail,
    /// The provider or the operation is not built yet.
    Unsupported,
}

/// A table of passed and tried cases by provider and kind, with a line for those not supported.
pub fn table(outcomes: &[Outcome]) -> String {
    let mut rows: BTreeMap<(&str, &str), [usize; 3]> = BTreeMap::new();
    for outcome in outcomes {
        rows.entry((&outcome.provider, &outcome.kind)).or_default()[outcome.status as usize] += 1;
    }
    let mut out =
        format!("{:<16} {:<22} {:>6} {:>6} {:>12} {:>8}\n", "provider", "kind", "pass", "fail", "unsupported", "rate");
    let mut unsupported = BTreeMap::<&str, usize>::new();
    for ((provider, kind), [pass, fail, skip]) in rows {
        if pass + fail == 0 {
            *unsupported.entry(provider).or_default() += skip;
            continue;
        }
        let rate = percent(pass, pass + fail + skip);
        let _ = writeln!(out, "{provider:<16} {kind:<22} {pass:>6} {fail:>6} {skip:>12} {rate:>7.1}%");
    }
    let total = outcomes.len();
    let count = |status| outcomes.iter().filter(|outcome| outcome.status == status).count();
    let _ = writeln!(out, "not built yet: {}", join(&unsupported));
    let _ = write!(
        out,
        "{total} cases: {} pass, {} fail, {} unsupported",
        count(Status::Pass),
        count(Status::Fail),
        count(Status::Unsupported)
    );
    out
}

fn join(counts: &BTreeMap<&str, usize>) -> String {
    counts.iter().map(|(provider, count)| format!("{provider} {count}")).collect::<Vec<_>>().join(", ")
}

#[expect(clippy::cast_precision_loss, reason = "counts of cases are far below 2^52")]
fn percent(part: usize, whole: usize) -> f64 {
    part as f64 * 100.0 / whole as f64
}
