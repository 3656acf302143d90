//! `cargo xtask ci`: the tests, and what a release needs beyond them.

use crate::cargo::{cargo, run as run_cargo};
use crate::report::Report;
use crate::test::{self, Options};
use crate::{features, fuzz, tool};

pub(crate) fn run(arguments: &mut lexopt::Parser) -> anyhow::Result<()> {
    let options = Options::parse(arguments)?;
    let mut report = Report::new(options.strict);
    test::steps(&mut report, &options);
    report.step("documentation", || {
        // Libraries only: the binary `loquat` and the library `loquat` would write the same page.
        let mut doc = cargo(["doc", "--workspace", "--no-deps", "--lib"]);
        run_cargo(doc.env("RUSTDOCFLAGS", "-D warnings")).map(|()| String::new())
    });
    report.step("features", features::check);
    report.step_with("deny", &tool::DENY, || {
        // Without `advisories`: that list comes from the network.
        let checks = ["--config", ".config/deny.toml", "check", "bans", "licenses", "sources"];
        run_cargo(cargo(["deny"]).args(checks))?;
        run_cargo(cargo(["deny", "--manifest-path", fuzz::MANIFEST]).args(checks)).map(|()| String::new())
    });
    report.finish()
}
