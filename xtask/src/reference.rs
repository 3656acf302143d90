//! `cargo xtask reference`: everything in the documents that is made from something else. The pages of `docs/reference` are
//! written by a program of the tests package, which knows the plugins.

use std::fs;

use anyhow::{Context as _, bail};

use crate::tidy::{includes, tree::Workspace};

pub(crate) fn run(arguments: &mut lexopt::Parser) -> anyhow::Result<()> {
    let (mut check, mut passed) = (false, Vec::new());
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("check") => check = true,
            lexopt::Arg::Long("corpus") => passed.extend(["--corpus".into(), arguments.value()?]),
            other => return Err(other.unexpected().into()),
        }
    }
    if check {
        passed.push("--check".into());
    }
    // The pages that only the plugins themselves can tell; from the caller's folder, so that paths mean what it means.
    let runner = ["run", "--quiet", "--package", "workspace-tests", "--bin", "reference", "--"];
    crate::cargo::run(crate::cargo::cargo(runner).args(passed).current_dir(std::env::current_dir()?))?;
    let root = crate::cargo::root();
    let workspace = Workspace::load(&root)?;
    let mut pages = Vec::new();
    for (path, text) in includes::pages(&workspace) {
        let right = includes::with_includes(&workspace, text).map_err(|problem| anyhow::anyhow!("{path}:{problem}"))?;
        pages.push((path.to_owned(), right));
    }
    let stale: Vec<_> = pages.into_iter().filter(|(path, text)| workspace.files.get(path) != Some(text)).collect();
    for (path, text) in &stale {
        println!("{path}{}", if check { " is not as its sources are" } else { "" });
        if !check {
            fs::write(root.join(path), text).with_context(|| format!("writing {path}"))?;
        }
    }
    if check && !stale.is_empty() {
        bail!("{} pages are stale: `cargo xtask reference` writes them", stale.len());
    }
    Ok(())
}
