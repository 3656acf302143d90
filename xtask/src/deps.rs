//! `cargo xtask deps`: how many crates a user of ours compiles, against a budget.
//!
//! A dependency added far below is paid by everybody above; this is where that shows.

use std::collections::BTreeSet;

use anyhow::bail;

use crate::cargo::{cargo, output};

struct Budget {
    what: &'static str,
    arguments: &'static [&'static str],
    at_most: usize,
}

const BUDGETS: &[Budget] = &[
    Budget { what: "llm-core", arguments: &["--package", "llm-core"], at_most: 35 },
    Budget {
        what: "loquat with openai",
        arguments: &["--package", "loquat", "--no-default-features", "--features", "openai"],
        at_most: 115,
    },
    Budget {
        what: "loquat with all providers",
        arguments: &["--package", "loquat", "--no-default-features", "--features", "all-providers"],
        at_most: 160,
    },
];

pub(crate) fn run(arguments: &mut lexopt::Parser) -> anyhow::Result<()> {
    if let Some(argument) = arguments.next()? {
        return Err(argument.unexpected().into());
    }
    check().map(|_| ())
}

/// Prints each count beside its budget; an error when one is over.
pub(crate) fn check() -> anyhow::Result<String> {
    let mut counts = Vec::new();
    let mut over = Vec::new();
    for Budget { what, arguments, at_most } in BUDGETS {
        let tree = ["tree", "--edges", "normal", "--prefix", "none"];
        let count = crates_in(&output(&mut cargo(tree.into_iter().chain(arguments.iter().copied())))?);
        println!("{what:<26} {count:>4} crates, at most {at_most}");
        if count > *at_most {
            over.push(format!("{what} has {count} crates, {} over its budget", count - at_most));
        }
        counts.push(format!("{what} {count}"));
    }
    if !over.is_empty() {
        bail!("{}; see `cargo tree --edges normal` for who brought them", over.join("; "));
    }
    Ok(counts.join(", "))
}

/// Different crates in the output of `cargo tree --prefix none`, the root included.
fn crates_in(tree: &str) -> usize {
    let name_and_version = |line: &str| {
        let mut words = line.split_whitespace();
        Some((words.next()?.to_owned(), words.next()?.to_owned()))
    };
    tree.lines().filter_map(name_and_version).collect::<BTreeSet<_>>().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_that_is_shown_again_counts_once() {
        let tree = "llm-core v0.1.0 (/somewhere/llm-core)\nserde v1.0.2\nserde_derive v1.0.2 (proc-macro)\n\
                    serde v1.0.2 (*)\nserde v0.9.0\n\n";
        assert_eq!(crates_in(tree), 4);
    }
}
