//! `cargo xtask test`: everything a contributor runs before a change is sent.
//!
//! Needs a Rust toolchain and a C compiler, nothing else.

use anyhow::bail;

use crate::cargo::{cargo, run as run_cargo, run_watched};
use crate::report::Report;
use crate::{deps, fuzz, hosts, soak, third_parties, tidy, tool};

/// Flags that `test` and `ci` share.
#[derive(Default)]
pub(crate) struct Options {
    /// A missing tool of the toolchain is a failure.
    pub(crate) strict: bool,
    /// Run the tests with cargo-nextest.
    pub(crate) nextest: bool,
}

impl Options {
    pub(crate) fn parse(arguments: &mut lexopt::Parser) -> anyhow::Result<Self> {
        let mut options = Self::default();
        while let Some(argument) = arguments.next()? {
            match argument {
                lexopt::Arg::Long("strict") => options.strict = true,
                lexopt::Arg::Long("nextest") => options.nextest = true,
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(options)
    }
}

pub(crate) fn run(arguments: &mut lexopt::Parser) -> anyhow::Result<()> {
    let options = Options::parse(arguments)?;
    let mut report = Report::new(options.strict);
    steps(&mut report, &options);
    report.finish()
}

/// The steps, cheapest first.
pub(crate) fn steps(report: &mut Report, options: &Options) {
    report.step_with("format", &tool::FMT, || {
        run_cargo(&mut cargo(["fmt", "--all", "--check"]))?;
        // A workspace of its own, whose code is not built here: libFuzzer needs a C++ compiler.
        run_cargo(&mut cargo(["fmt", "--manifest-path", fuzz::MANIFEST, "--check"])).map(|()| String::new())
    });
    report.step("tidy", tidy::check_workspace);
    report.step("deps", deps::check);
    report.step_with("clippy", &tool::CLIPPY, || {
        run_cargo(&mut cargo(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
            .map(|()| String::new())
    });
    if options.nextest {
        report.step_with("tests", &tool::NEXTEST, || {
            run_cargo(&mut cargo(["nextest", "run", "--workspace", "--no-fail-fast"])).map(|()| String::new())
        });
    } else {
        // cargo's own runner is the default: every machine has it, and its closing lines are what other tools read.
        report.step("tests", || cargo_test(&["--lib", "--bins", "--tests", "--examples"]));
    }
    report.step("doc tests", || cargo_test(&["--doc"]));
    report.step("third parties", third_parties::check);
    report.step("simulation", || {
        let mut last = String::new();
        run_watched(&mut soak::simulation(), |line| line.clone_into(&mut last))?;
        Ok(last)
    });
    if options.strict {
        // Builds in release mode: minutes that a contributor need not wait for.
        report.step("hosts", hosts::check);
    }
}

fn cargo_test(targets: &[&str]) -> anyhow::Result<String> {
    let mut tally = Tally::default();
    let arguments = ["test", "--workspace", "--no-fail-fast"].into_iter().chain(targets.iter().copied());
    let result = run_watched(&mut cargo(arguments), |line| tally.see(line));
    match result {
        Ok(()) => Ok(tally.to_string()),
        Err(error) => bail!("{tally}: {error:#}"),
    }
}

/// The sum of the closing lines of all test binaries.
#[derive(Default, Debug, PartialEq, Eq)]
struct Tally {
    binaries: usize,
    passed: usize,
    failed: usize,
    ignored: usize,
}

impl Tally {
    /// Counts `test result: ok. 3 passed; 0 failed; 1 ignored; …`.
    fn see(&mut self, line: &str) {
        let Some((_, counts)) = line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". ")) else {
            return;
        };
        self.binaries += 1;
        for count in counts.split("; ") {
            let Some((number, what)) = count.split_once(' ') else { continue };
            let Ok(number) = number.parse::<usize>() else { continue };
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { binaries, passed, failed, ignored } = self;
        write!(f, "{passed} passed, {failed} failed, {ignored} ignored in {binaries} binaries")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tally_sums_the_closing_lines_of_all_binaries() {
        let mut tally = Tally::default();
        for line in [
            "running 4 tests",
            "test a::b ... ok",
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "test result: FAILED. 5 passed; 2 failed; 0 ignored; 0 measured; 7 filtered out; finished in 1.00s",
            "a test result: ok. 9 passed; that is not a closing line",
        ] {
            tally.see(line);
        }
        assert_eq!(tally, Tally { binaries: 2, passed: 8, failed: 2, ignored: 1 });
    }

    #[test]
    fn options_are_flags_and_nothing_else() {
        let parse = |words: &[&str]| Options::parse(&mut lexopt::Parser::from_args(words));
        let options = parse(&["--strict", "--nextest"]).unwrap();
        assert!(options.strict && options.nextest);
        assert!(!parse(&[]).unwrap().strict);
        assert!(parse(&["--fast"]).is_err());
    }
}
