//! What a check found: a list of sentences, all of them, not only the first.

use std::fmt;

/// Why a check failed. Its `Debug` is what a failed test prints.
pub struct Failure(Vec<String>);

impl Failure {
    pub(crate) fn new(finding: impl Into<String>) -> Self {
        Self(vec![finding.into()])
    }

    /// What was found, a sentence each.
    pub fn findings(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in self.0.iter().take(MOST) {
            write!(f, "\n  - {finding}")?;
        }
        match self.0.len().saturating_sub(MOST) {
            0 => Ok(()),
            more => write!(f, "\n  … and {more} more"),
        }
    }
}

/// Findings that are printed.
const MOST: usize = 60;

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Failure {}

/// Collects findings while a check runs.
#[derive(Default)]
pub(super) struct Report(Vec<String>);

impl Report {
    pub(super) fn add(&mut self, finding: impl Into<String>) {
        self.0.push(finding.into());
    }

    /// Adds the finding unless `holds`.
    pub(super) fn hold(&mut self, holds: bool, finding: impl FnOnce() -> String) {
        if !holds {
            self.0.push(finding());
        }
    }

    pub(super) fn into_result(self) -> Result<(), Failure> {
        if self.0.is_empty() { Ok(()) } else { Err(Failure(self.0)) }
    }
}

/// At most 300 characters of a text, for findings.
pub(super) fn short(text: &str) -> String {
    match text.char_indices().nth(300) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
