//! Every dependency stands once, in the root manifest; members say `workspace = true`.

use std::collections::BTreeSet;

use toml_edit::{DocumentMut, Item, TableLike};

use super::tree::Workspace;

const TABLES: &[&str] = &["dependencies", "dev-dependencies", "build-dependencies"];

pub(super) fn check(workspace: &Workspace) -> Vec<String> {
    let mut problems = Vec::new();
    let mut used = BTreeSet::new();
    for package in &workspace.packages {
        let path = format!("{}/Cargo.toml", package.folder);
        match workspace.files.get(&path).map(|text| text.parse::<DocumentMut>()) {
            Some(Ok(manifest)) => check_member(&path, &manifest, &mut used, &mut problems),
            Some(Err(error)) => problems.push(format!("{path}: not TOML: {error}")),
            None => problems.push(format!("{path}: no such manifest")),
        }
    }
    if let Some(root) = workspace.files.get("Cargo.toml").and_then(|text| text.parse::<DocumentMut>().ok()) {
        let table = root.get("workspace").and_then(|table| table.get("dependencies")).and_then(Item::as_table_like);
        for (name, _) in table.into_iter().flat_map(TableLike::iter) {
            if !used.contains(name) {
                problems.push(format!("Cargo.toml: no member uses the workspace dependency {name}; remove it"));
            }
        }
    }
    problems
}

fn check_member(path: &str, manifest: &DocumentMut, used: &mut BTreeSet<String>, problems: &mut Vec<String>) {
    for (name, entry) in dependencies(manifest) {
        used.insert(name.to_owned());
        if !inherits(Some(entry)) {
            problems.push(format!("{path}: {name} needs `workspace = true`, with its version in the root manifest"));
        }
    }
    if !inherits(manifest.get("lints")) {
        problems.push(format!("{path}: needs `[lints]` with `workspace = true`"));
    }
    for key in ["version", "edition", "rust-version", "license"] {
        if !inherits(manifest.get("package").and_then(|package| package.get(key))) {
            problems.push(format!("{path}: needs `{key}.workspace = true`"));
        }
    }
}

/// All dependency lines, those for one platform included.
fn dependencies(manifest: &DocumentMut) -> impl Iterator<Item = (&str, &Item)> {
    let targets = manifest.get("target").and_then(Item::as_table_like);
    let platforms = targets.into_iter().flat_map(TableLike::iter).filter_map(|(_, item)| item.as_table_like());
    std::iter::once(manifest.as_table() as &dyn TableLike)
        .chain(platforms)
        .flat_map(|owner| TABLES.iter().filter_map(move |table| owner.get(table)?.as_table_like()))
        .flat_map(TableLike::iter)
}

fn inherits(item: Option<&Item>) -> bool {
    item.and_then(|item| item.get("workspace")).and_then(Item::as_bool) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::Package;

    const HEAD: &str = "[package]\nname = \"llm-core\"\nversion.workspace = true\nedition.workspace = true\n\
                        rust-version.workspace = true\nlicense.workspace = true\n[lints]\nworkspace = true\n";

    fn check(member: &str, root: &str) -> Vec<String> {
        let mut workspace = Workspace::of(&[("crates/llm-core/Cargo.toml", member), ("Cargo.toml", root)]);
        workspace.packages.push(Package::named("llm-core"));
        super::check(&workspace)
    }

    #[test]
    fn inherited_dependencies_pass() {
        let member =
            format!("{HEAD}[dependencies]\nbytes.workspace = true\nserde = {{ workspace = true, optional = true }}\n");
        assert_eq!(check(&member, "[workspace.dependencies]\nbytes = \"1\"\nserde = \"1\"\n"), [""; 0]);
    }

    #[test]
    fn a_version_in_a_member_is_found_in_every_table() {
        for table in ["dependencies", "dev-dependencies", "build-dependencies", "target.'cfg(unix)'.dependencies"] {
            for line in ["bytes = \"1\"", "bytes = { path = \"../bytes\" }", "bytes = { workspace = false }"] {
                let problems = check(&format!("{HEAD}[{table}]\n{line}\n"), "");
                assert_eq!(problems.len(), 1, "{table} {line}: {problems:?}");
                assert!(problems[0].contains("bytes needs `workspace = true`"), "{problems:?}");
            }
        }
    }

    #[test]
    fn lints_and_package_keys_are_inherited() {
        let problems = check("[package]\nname = \"llm-core\"\nversion = \"0.3.0\"\n", "");
        assert_eq!(problems.len(), 5, "{problems:?}");
    }

    #[test]
    fn an_unused_workspace_dependency_is_found() {
        let problems = check(HEAD, "[workspace.dependencies]\nbytes = \"1\"\n");
        assert_eq!(problems, ["Cargo.toml: no member uses the workspace dependency bytes; remove it"]);
    }

    #[test]
    fn a_broken_manifest_is_found() {
        assert_eq!(check("[package", "").len(), 1);
    }
}
