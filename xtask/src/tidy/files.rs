//! Size and head of every source file, and the papers every crate has.

use super::tree::{Package, Workspace};

/// A file over this size needs an entry in [`LONG`].
const WARN: usize = 500;
/// A file over this size has a second responsibility, whatever its reason.
const NEVER: usize = 800;

/// Files over [`WARN`] lines, each with its reason.
const LONG: &[(&str, &str)] = &[];

pub(super) fn check(workspace: &Workspace) -> Vec<String> {
    let mut problems = sizes(workspace, LONG);
    problems.extend(heads(workspace));
    // Tests and xtask are for those who have this repository before them; the rest is read by strangers.
    let for_strangers =
        |package: &&Package| ["crates/", "plugins/"].iter().any(|above| package.folder.starts_with(above));
    problems.extend(workspace.packages.iter().filter(for_strangers).flat_map(|package| papers(workspace, package)));
    problems
}

fn sizes(workspace: &Workspace, long: &[(&str, &str)]) -> Vec<String> {
    let mut problems = Vec::new();
    for (path, text) in workspace.rust_files() {
        let lines = text.lines().count();
        let listed = long.iter().any(|(listed, _)| *listed == path);
        if lines > NEVER {
            problems.push(format!("{path}: {lines} lines, and no reason is good enough over {NEVER}: split it"));
        } else if lines > WARN && !listed {
            problems.push(format!("{path}: {lines} lines: split it, or give the reason in xtask/src/tidy/files.rs"));
        } else if lines <= WARN && listed {
            problems.push(format!("{path}: only {lines} lines: remove it from the list in xtask/src/tidy/files.rs"));
        }
    }
    for (path, reason) in long {
        if !workspace.files.contains_key(*path) || reason.is_empty() {
            problems.push(format!("{path}: listed as long, but it is absent or has no reason"));
        }
    }
    problems
}

/// A reader learns from the first line what a file is for.
fn heads(workspace: &Workspace) -> Vec<String> {
    let headless = |text: &str| !text.starts_with("//!") && !text.starts_with("#![doc");
    workspace
        .rust_files()
        .filter(|(_, text)| headless(text))
        .map(|(path, _)| format!("{path}: does not open with `//!`: say in its first line what the file is for"))
        .collect()
}

fn papers(workspace: &Workspace, package: &Package) -> Vec<String> {
    let mut problems = Vec::new();
    let Package { name, folder, .. } = package;
    let library = workspace.files.get(&format!("{folder}/src/lib.rs"));
    match workspace.files.get(&format!("{folder}/README.md")) {
        None => problems.push(format!("{folder}/README.md: absent; it says what {name} is, with an example")),
        Some(readme) => {
            if readme.lines().next() != Some(&format!("# {name}")) {
                problems.push(format!("{folder}/README.md: its first line is not `# {name}`"));
            }
            if library.is_some() && !readme.contains("\n```") {
                problems.push(format!("{folder}/README.md: has no example; it is the documentation of the crate"));
            }
        }
    }
    if library.is_some_and(|text| !text.starts_with("#![doc = include_str!(\"../README.md\")]")) {
        problems.push(format!("{folder}/src/lib.rs: does not open with `#![doc = include_str!(\"../README.md\")]`"));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(count: usize) -> String {
        "//! Head.\n".repeat(count)
    }

    #[test]
    fn a_long_file_needs_a_reason() {
        let check = |count: usize, long: &[(&str, &str)]| sizes(&Workspace::of(&[("a/src/b.rs", &lines(count))]), long);
        assert_eq!(check(500, &[]), [""; 0]);
        assert!(check(501, &[])[0].contains("split it, or give the reason"));
        assert_eq!(check(501, &[("a/src/b.rs", "one table")]), [""; 0]);
        assert!(check(801, &[("a/src/b.rs", "one table")])[0].contains("no reason is good enough"));
    }

    #[test]
    fn the_list_of_long_files_does_not_rot() {
        let workspace = Workspace::of(&[("a/src/b.rs", &lines(400))]);
        assert!(sizes(&workspace, &[("a/src/b.rs", "one table")])[0].contains("remove it"));
        assert!(sizes(&workspace, &[("a/src/gone.rs", "one table")])[0].contains("absent"));
    }

    #[test]
    fn a_source_file_opens_with_its_purpose() {
        let problems = heads(&Workspace::of(&[
            ("a.rs", "//! Purpose.\n"),
            ("b.rs", "#![doc = include_str!(\"../README.md\")]\n"),
            ("c.rs", "use std::fs;\n//! Too late.\n"),
            ("d.txt", "not source"),
        ]));
        assert_eq!(problems.len(), 1);
        assert!(problems[0].starts_with("c.rs: "), "{problems:?}");
    }

    #[test]
    fn a_crate_has_a_readme_that_is_its_documentation() {
        let check = |files: &[(&str, &str)]| papers(&Workspace::of(files), &Package::named("llm-core"));
        let doc = "#![doc = include_str!(\"../README.md\")]\n";
        let (readme, lib) = ("crates/llm-core/README.md", "crates/llm-core/src/lib.rs");
        assert_eq!(check(&[(lib, doc), (readme, "# llm-core\n\n```\n1\n```\n")]), [""; 0]);
        assert!(check(&[(lib, doc)])[0].contains("absent"));
        assert!(check(&[(lib, doc), (readme, "# core\n\n```\n```\n")])[0].contains("first line"));
        assert!(check(&[(lib, doc), (readme, "# llm-core\n")])[0].contains("no example"));
        assert!(check(&[(lib, "//! Other.\n"), (readme, "# llm-core\n\n```\n```\n")])[0].contains("include_str"));
        assert_eq!(check(&[("crates/llm-core/src/main.rs", "//! A program.\n"), (readme, "# llm-core\n")]), [""; 0]);
    }
}
