//! Runs named steps, goes on after a failure, and prints one table of all of them at the end.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::bail;

use crate::tool::Tool;

/// The steps so far.
pub(crate) struct Report {
    strict: bool,
    rows: Vec<Row>,
}

struct Row {
    step: &'static str,
    verdict: Verdict,
    took: Duration,
    note: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Verdict {
    Ok,
    Failed,
    Skipped,
}

impl Report {
    /// An empty report; with `strict`, a demanded tool that is missing is a failure.
    pub(crate) fn new(strict: bool) -> Self {
        Self { strict, rows: Vec::new() }
    }

    /// Runs a step; what it returns stands beside its name in the table.
    pub(crate) fn step(&mut self, step: &'static str, work: impl FnOnce() -> anyhow::Result<String>) {
        println!("\n── {step} ──");
        let (result, took) = timed(work);
        let (verdict, note) = match result {
            Ok(note) => (Verdict::Ok, note),
            Err(error) => {
                println!("{step} failed: {error:#}");
                (Verdict::Failed, first_line(&format!("{error:#}")))
            }
        };
        self.rows.push(Row { step, verdict, took, note });
    }

    /// Runs a step that needs `tool`, or says how to install it.
    pub(crate) fn step_with(&mut self, step: &'static str, tool: &Tool, work: impl FnOnce() -> anyhow::Result<String>) {
        if tool.is_installed() {
            return self.step(step, work);
        }
        self.missing(step, tool);
    }

    fn missing(&mut self, step: &'static str, tool: &Tool) {
        let note = format!("cargo {} is not installed; get it with `{}`", tool.name, tool.install);
        println!("\n── {step} ──\nskipped: {note}");
        let verdict = if self.strict && tool.demanded { Verdict::Failed } else { Verdict::Skipped };
        self.rows.push(Row { step, verdict, took: Duration::ZERO, note });
    }

    /// Prints the table; an error when a step failed.
    pub(crate) fn finish(self) -> anyhow::Result<()> {
        print!("\n{}", self.table());
        let failed: Vec<_> =
            self.rows.iter().filter(|row| row.verdict == Verdict::Failed).map(|row| row.step).collect();
        if !failed.is_empty() {
            bail!("failed: {}", failed.join(", "));
        }
        Ok(())
    }

    fn table(&self) -> String {
        let width = self.rows.iter().map(|row| row.step.len()).max().unwrap_or(0);
        let mut table = String::new();
        for Row { step, verdict, took, note } in &self.rows {
            let verdict = match verdict {
                Verdict::Ok => "ok",
                Verdict::Failed => "FAILED",
                Verdict::Skipped => "skipped",
            };
            let line = format!("{step:<width$}  {verdict:<7}  {:>7.1} s  {note}", took.as_secs_f64());
            table.push_str(line.trim_end());
            table.push('\n');
        }
        let total: Duration = self.rows.iter().map(|row| row.took).sum();
        let _ = writeln!(table, "{:<width$}  {:<7}  {:>7.1} s", "total", "", total.as_secs_f64());
        table
    }
}

#[expect(clippy::disallowed_methods, reason = "shows a person how long a step took; no test depends on it")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = std::time::Instant::now();
    let result = work();
    (result, start.elapsed())
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABSENT: Tool = Tool { name: "surely-not-a-subcommand", install: "make it so", demanded: true };

    #[test]
    fn later_steps_run_after_a_failure_and_the_report_fails() {
        let mut report = Report::new(false);
        report.step("first", || bail!("it broke\nwith details"));
        report.step("second", || Ok("12 passed".to_owned()));
        let table = report.table();
        assert!(table.contains("first   FAILED"), "{table}");
        assert!(table.contains("it broke\nsecond  ok"), "{table}");
        assert!(table.contains("12 passed"), "{table}");
        assert_eq!(report.finish().unwrap_err().to_string(), "failed: first");
    }

    #[test]
    fn a_missing_tool_is_skipped_with_its_install_line() {
        let mut report = Report::new(false);
        report.step_with("lint", &ABSENT, || unreachable!("the tool is missing"));
        assert!(report.table().contains("get it with `make it so`"), "{}", report.table());
        assert!(report.finish().is_ok());
    }

    #[test]
    fn strict_fails_for_a_demanded_tool_only() {
        let mut report = Report::new(true);
        report.step_with("lint", &ABSENT, || unreachable!("the tool is missing"));
        assert!(report.finish().is_err());

        let mut report = Report::new(true);
        let optional = Tool { demanded: false, ..ABSENT };
        report.step_with("lint", &optional, || unreachable!("the tool is missing"));
        assert!(report.finish().is_ok());
    }
}
