//! `cargo xtask reference`: everything in the documents that is made from something else.

use std::fs;

use anyhow::{Context as _, bail};

use crate::tidy::{includes, tree::Workspace};

pub(crate) fn run(arguments: &mut lexopt::Parser) -> anyhow::Result<()> {
    let mut check = false;
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("check") => check = true,
            other => return Err(other.unexpected().into()),
        }
    }
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
