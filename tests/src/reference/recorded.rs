//! `docs/reference/conformance.md`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::markdown::table;
use super::measured::{Counts, Explained, Measured};
use crate::corpus::rules;

const HEAD: &str = "\
# Conformance to recorded traffic

<!-- Written by `cargo xtask reference`; change what it is made from. -->

Exchanges with real vendors, recorded by other projects, go through the plugins without sockets.
The recordings are not part of this repository; `cargo xtask conformance --corpus DIR` runs them where they are.
A case is equal when every field of its normal form is: text, reasoning, tool calls with their arguments, reason of the end, usage, vectors, class of the error.
Each case that is not equal stands here with the reason, which `docs/reference/misses.toml` holds.
";

const REQUESTS: &str = "\
Each recorded request is read into Loquat's own form and encoded again for the same vendor; both bodies are compared.
What is written in several ways and means one thing is brought into one form on both sides first, by the rules at the end of this page.
";

/// The page.
pub(super) fn page(measured: &Measured, [answers, requests]: &[Vec<Explained<'_>>; 2]) -> String {
    let mut page = HEAD.to_owned();
    section(&mut page, "Answers", "", &measured.answers, answers);
    section(&mut page, "Requests", REQUESTS, &measured.requests, requests);
    page += "\n## What counts as the same request\n";
    for (by, rules) in rules() {
        // Writing to a string cannot fail.
        let _ = writeln!(page, "\n{by}:\n");
        for rule in rules {
            let _ = writeln!(page, "- {}", rule.says);
        }
    }
    page
}

fn section(page: &mut String, title: &str, says: &str, counts: &Counts, explained: &[Explained<'_>]) {
    let _ = write!(page, "\n## {title}\n\n{says}{}.\n\n", sentence(counts.total(None)));
    let kinds: BTreeSet<&str> = counts.vendors.values().flatten().map(|(kind, _)| kind.as_str()).collect();
    let by_kind = kinds.iter().map(|kind| {
        let [cases, equal] = counts.total(Some(kind));
        vec![(*kind).to_owned(), cases.to_string(), equal.to_string(), percent(equal, cases)]
    });
    *page += &table(&["kind", "cases", "equal", ""], by_kind);
    page.push('\n');
    let by_vendor = counts.vendors.iter().flat_map(|(vendor, kinds)| {
        kinds.iter().map(move |(kind, [cases, equal])| {
            vec![vendor.clone(), kind.clone(), cases.to_string(), equal.to_string(), percent(*equal, *cases)]
        })
    });
    *page += &table(&["vendor", "kind", "cases", "equal", ""], by_vendor);
    if explained.is_empty() {
        return;
    }
    let _ = write!(page, "\n### {title} that are not equal\n");
    for Explained { why, misses } in explained {
        let _ = write!(page, "\n{why}\n\n");
        for miss in misses {
            let _ = writeln!(page, "- `{}`", miss.case);
        }
    }
}

fn sentence([cases, equal]: [usize; 2]) -> String {
    format!("{equal} of {cases} cases are equal, {}", percent(equal, cases))
}

/// With one digit, never rounded up to a hundred.
fn percent(part: usize, whole: usize) -> String {
    let tenths = part * 1000 / whole.max(1);
    format!("{}.{} %", tenths / 10, tenths % 10)
}
