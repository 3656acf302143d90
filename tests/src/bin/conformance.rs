//! Replays a corpus of recorded exchanges through the linked plugins; `cargo xtask conformance` starts it.
//!
//! `conformance --corpus DIR [--provider P] [--json OUT] [--requests]`: with `--requests` it is the recorded requests that
//! are compared, with what is sent to the same vendor after they went through Loquat's own form.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context, Result};
use lexopt::prelude::*;
use workspace_tests::corpus::{Side, Status, run, table};

fn main() -> Result<()> {
    let (mut corpus, mut provider, mut json, mut side) = (None, None, None, Side::Answers);
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("corpus") => corpus = Some(PathBuf::from(arguments.value()?)),
            Long("provider") => provider = Some(arguments.value()?.string()?),
            Long("json") => json = Some(PathBuf::from(arguments.value()?)),
            Long("requests") => side = Side::Requests,
            other => return Err(other.unexpected().into()),
        }
    }
    let corpus = corpus.context("which corpus? pass --corpus DIR")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcomes = runtime.block_on(run(&corpus, provider.as_deref(), side))?;
    let mut stdout = std::io::stdout().lock();
    for outcome in outcomes.iter().filter(|outcome| outcome.status == Status::Fail) {
        writeln!(stdout, "{}/{}: {}", outcome.provider, outcome.case, outcome.why)?;
    }
    writeln!(stdout, "{}", table(&outcomes))?;
    if let Some(path) = json {
        let text = serde_json::to_vec_pretty(&outcomes)?;
        std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}
