//! Writes the pages of `docs/reference`; `cargo xtask reference` starts it.
//!
//! `reference [--check] [--corpus DIR]`: the recordings are run where they are, else their numbers are those that are kept.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use lexopt::prelude::*;
use workspace_tests::reference::{Measured, corpus, kept, pages, root};

fn main() -> Result<()> {
    let (mut check, mut folder) = (false, corpus());
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("check") => check = true,
            Long("corpus") => folder = Some(PathBuf::from(arguments.value()?)),
            other => return Err(other.unexpected().into()),
        }
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut stdout = std::io::stdout().lock();
    let measured = if let Some(folder) = folder {
        runtime.block_on(Measured::of(&folder))?
    } else {
        writeln!(stdout, "no recordings: the numbers are those that are kept")?;
        kept()?
    };
    let mut stale = 0;
    for (path, text) in runtime.block_on(pages(&measured))? {
        let file = root().join(&path);
        if fs::read_to_string(&file).is_ok_and(|there| there == text) {
            continue;
        }
        stale += 1;
        if check {
            writeln!(stdout, "{path} is not as its sources are")?;
        } else {
            fs::write(&file, text).with_context(|| format!("writing {path}"))?;
            writeln!(stdout, "{path}")?;
        }
    }
    if check && stale > 0 {
        bail!("{stale} pages are stale: `cargo xtask reference` writes them");
    }
    Ok(())
}
