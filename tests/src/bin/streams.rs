//! Splits and cuts every recorded stream; `cargo xtask soak streams` starts it.
//!
//! `streams [--corpus DIR] [--provider P]`.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Result, ensure};
use lexopt::prelude::*;
use workspace_tests::corpus::{Effort, Stream, load};

fn main() -> Result<()> {
    let (mut corpus, mut provider) = (None, None);
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("corpus") => corpus = Some(PathBuf::from(arguments.value()?)),
            Long("provider") => provider = Some(arguments.value()?.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let registry = loquat::registry()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut stdout = std::io::stdout().lock();
    let mut streams = if provider.is_none() { Stream::of_fixtures(&registry)? } else { Vec::new() };
    match corpus.filter(|corpus| corpus.is_dir()) {
        Some(corpus) => {
            for case in load(&corpus, provider.as_deref())? {
                streams.extend(Stream::of(&case, &registry)?);
            }
        }
        None => writeln!(stdout, "SKIPPED: no recordings; pass --corpus DIR")?,
    }
    let (mut splits, mut cuts, mut problems) = (0, 0, 0);
    for stream in &streams {
        let tried = runtime.block_on(stream.check(Effort::FULL));
        splits += tried.splits;
        cuts += tried.cuts;
        problems += tried.problems.len();
        for problem in tried.problems {
            writeln!(stdout, "{problem}")?;
        }
    }
    writeln!(stdout, "{} streams, {splits} splits, {cuts} cuts, {problems} problems", streams.len())?;
    ensure!(problems == 0, "a stream that was split or cut came out wrong");
    Ok(())
}
