//! `cargo xtask tidy`: what the compiler cannot check about the shape of this repository.
//!
//! Each check is a pure function from a [`Workspace`] to a list of problems, so a test shows that it can fail.
//! A problem is one line: the place, what is wrong, and what to do.

mod docs;
mod features;
mod files;
pub(crate) mod includes;
mod layers;
mod manifests;
mod names;
mod plugins;
pub(crate) mod tree;
mod words;

use anyhow::bail;

use self::tree::Workspace;

type Check = fn(&Workspace) -> Vec<String>;

const CHECKS: &[(&str, Check)] = &[
    ("layers", layers::check),
    ("manifests", manifests::check),
    ("features", features::check),
    ("files", files::check),
    ("names", names::check),
    ("docs", docs::check),
    ("includes", includes::check),
    ("plugins", plugins::check),
    ("words", words::check),
];

pub(crate) fn run(arguments: &mut lexopt::Parser) -> anyhow::Result<()> {
    if let Some(argument) = arguments.next()? {
        return Err(argument.unexpected().into());
    }
    println!("{}", check_workspace()?);
    Ok(())
}

/// Runs all checks on this repository; an error when one finds a problem.
pub(crate) fn check_workspace() -> anyhow::Result<String> {
    let workspace = Workspace::load(&crate::cargo::root())?;
    let problems = problems(&workspace);
    for problem in &problems {
        println!("{problem}");
    }
    if !problems.is_empty() {
        bail!("{} problems", problems.len());
    }
    Ok(format!("{} files, {} packages", workspace.files.len(), workspace.packages.len()))
}

fn problems(workspace: &Workspace) -> Vec<String> {
    CHECKS
        .iter()
        .flat_map(|(name, check)| check(workspace).into_iter().map(move |problem| format!("{name}: {problem}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_repository_is_tidy() {
        let workspace = Workspace::load(&crate::cargo::root()).unwrap();
        let problems = problems(&workspace);
        assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
    }

    #[test]
    fn this_repository_is_seen() {
        let workspace = Workspace::load(&crate::cargo::root()).unwrap();
        assert!(workspace.files.contains_key("xtask/src/tidy/mod.rs"), "the walk misses this very file");
        assert!(workspace.packages.iter().any(|package| package.name == "llm-core"));
        let build_output = |path: &&String| path.ends_with("CACHEDIR.TAG") || path.starts_with(".git/");
        assert_eq!(workspace.files.keys().find(build_output), None);
    }
}
