//! The repository as plain data: the text of every file, and the packages cargo knows.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use cargo_metadata::{DependencyKind, MetadataCommand};

/// Everything the checks look at.
#[derive(Default)]
pub(crate) struct Workspace {
    /// Path from the root with `/` → text; empty for a file that is not text.
    pub(crate) files: BTreeMap<String, String>,
    pub(crate) packages: Vec<Package>,
}

/// A member of the workspace.
pub(crate) struct Package {
    pub(crate) name: String,
    /// Folder from the root, such as `crates/llm-core`.
    pub(crate) folder: String,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) features: BTreeMap<String, Vec<String>>,
}

/// One line of a member's dependency tables.
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) dev: bool,
    pub(crate) optional: bool,
}

impl Workspace {
    pub(crate) fn load(root: &Path) -> anyhow::Result<Self> {
        let mut files = BTreeMap::new();
        walk(root, "", &mut files).with_context(|| format!("reading {}", root.display()))?;
        Ok(Self { files, packages: packages()? })
    }

    /// Whether a file or folder of this path exists.
    pub(crate) fn has(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        self.files.contains_key(path) || self.files_below(path).next().is_some()
    }

    /// The files in a folder and its folders.
    pub(crate) fn files_below<'a>(&'a self, folder: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let prefix = format!("{folder}/");
        self.files
            .range(prefix.clone()..)
            .take_while(move |(path, _)| path.starts_with(&prefix))
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The source files, tests and examples included.
    pub(crate) fn rust_files(&self) -> impl Iterator<Item = (&str, &str)> {
        let files = self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()));
        files.filter(|(path, _)| has_extension(path, "rs"))
    }
}

/// Whether the file of this path has exactly this extension.
pub(super) fn has_extension(path: &str, extension: &str) -> bool {
    Path::new(path).extension().is_some_and(|found| found == extension)
}

/// The members of this workspace; reads the manifests, resolves nothing.
pub(crate) fn packages() -> anyhow::Result<Vec<Package>> {
    let root = crate::cargo::root();
    let metadata = MetadataCommand::new()
        .current_dir(&root)
        .no_deps()
        .other_options(["--offline".to_owned()])
        .exec()
        .context("reading the manifests of the workspace")?;
    let package = |package: cargo_metadata::Package| {
        let manifest = package.manifest_path.as_std_path();
        let folder = manifest.parent().and_then(|folder| folder.strip_prefix(&root).ok()).unwrap_or(manifest);
        let dependency = |dependency: cargo_metadata::Dependency| Dependency {
            name: dependency.name,
            dev: dependency.kind == DependencyKind::Development,
            optional: dependency.optional,
        };
        Package {
            name: package.name.to_string(),
            folder: folder.to_string_lossy().replace('\\', "/"),
            dependencies: package.dependencies.into_iter().map(dependency).collect(),
            features: package.features,
        }
    };
    Ok(metadata.packages.into_iter().map(package).collect())
}

fn walk(folder: &Path, prefix: &str, files: &mut BTreeMap<String, String>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        let kind = entry.file_type()?;
        if kind.is_dir() {
            if !is_ignored_folder(&path, &entry.path()) {
                walk(&entry.path(), &format!("{path}/"), files)?;
            }
        } else if kind.is_file() && !is_ignored_file(&name) {
            let text = String::from_utf8(fs::read(entry.path())?).unwrap_or_default();
            files.insert(path, text);
        }
    }
    Ok(())
}

/// What git does not track either: its own folder, build output, results.
fn is_ignored_folder(path: &str, folder: &Path) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(name, ".git" | "__pycache__" | ".venv") || path == "out" || folder.join("CACHEDIR.TAG").is_file()
}

fn is_ignored_file(name: &str) -> bool {
    name == ".env" || has_extension(name, "profraw")
}

#[cfg(test)]
impl Workspace {
    /// A workspace of these files and no packages.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        Self { files, packages: Vec::new() }
    }
}

#[cfg(test)]
impl Package {
    /// A package in its usual folder, without dependencies and features.
    pub(crate) fn named(name: &str) -> Self {
        let above = if name.starts_with("llm-provider-") { "plugins" } else { "crates" };
        let folder = format!("{above}/{name}");
        Self { name: name.to_owned(), folder, dependencies: Vec::new(), features: BTreeMap::new() }
    }

    /// The same package with these normal dependencies.
    pub(crate) fn using(mut self, names: &[&str]) -> Self {
        let dependency = |name: &&str| Dependency { name: (*name).to_owned(), dev: false, optional: false };
        self.dependencies.extend(names.iter().map(dependency));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_exists_when_something_is_in_it() {
        let workspace = Workspace::of(&[("docs/adr/0001.md", "")]);
        assert!(workspace.has("docs/adr/0001.md") && workspace.has("docs/adr/") && workspace.has("docs"));
        assert!(!workspace.has("docs/ad") && !workspace.has("docs/adr/0001"));
    }

    #[test]
    fn source_files_are_found_by_their_extension() {
        let workspace = Workspace::of(&[("a/b.rs", ""), ("a/rs", ""), ("a/b.rst", "")]);
        assert_eq!(workspace.rust_files().map(|(path, _)| path).collect::<Vec<_>>(), ["a/b.rs"]);
    }
}
