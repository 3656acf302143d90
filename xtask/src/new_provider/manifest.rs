//! The manifest of a crate that stands alone: what it would inherit from this workspace is written out.

use std::path::Path;

use anyhow::Context as _;
use toml_edit::{DocumentMut, InlineTable, Item, Table, TableLike, Value};

/// Fields of a package that mean nothing outside of this repository.
const OURS: &[&str] = &["keywords", "categories"];

/// The manifest without inheritance. `workspace` is this workspace's manifest, which is in the folder `root`.
pub(super) fn standing_alone(manifest: &str, workspace: &str, root: &Path) -> anyhow::Result<String> {
    let mut manifest: DocumentMut = manifest.parse()?;
    let workspace: DocumentMut = workspace.parse()?;
    let workspace = workspace["workspace"].as_table_like().context("no workspace")?;
    let given = |table: &str| workspace.get(table).and_then(Item::as_table_like).with_context(|| format!("no {table}"));
    let package = manifest["package"].as_table_like_mut().context("no package")?;
    write_out(package, given("package")?)?;
    for table in ["dependencies", "dev-dependencies"] {
        let dependencies = manifest[table].as_table_like_mut().with_context(|| format!("no {table}"))?;
        for (name, dependency) in dependencies.iter_mut() {
            let known = given("dependencies")?.get(&name).with_context(|| format!("{} is not known", name.get()))?;
            *dependency = alone(dependency, known, root).into();
        }
    }
    let mut lints = Table::new();
    lints.set_implicit(true);
    lints.insert("rust", Table::from_iter([("unsafe_code", "forbid")]).into());
    manifest.remove("lints");
    manifest.insert("lints", lints.into());
    let mut own = Table::new();
    own.decor_mut().set_prefix("\n# A workspace of its own; without this line it may be a member of another one.\n");
    manifest.insert("workspace", own.into());
    Ok(manifest.to_string())
}

fn write_out(package: &mut dyn TableLike, given: &dyn TableLike) -> anyhow::Result<()> {
    let inherits = |item: &Item| item.as_table_like().is_some_and(|item| item.contains_key("workspace"));
    let inherited: Vec<String> =
        package.iter().filter(|(_, item)| inherits(item)).map(|(name, _)| name.to_owned()).collect();
    for name in inherited {
        if OURS.contains(&name.as_str()) {
            package.remove(&name);
        } else {
            package.insert(&name, given.get(&name).with_context(|| format!("no workspace {name}"))?.clone());
        }
    }
    Ok(())
}

/// A dependency as this workspace has it, with what the crate adds to it.
fn alone(dependency: &Item, known: &Item, root: &Path) -> Value {
    let features = dependency.as_table_like().and_then(|table| table.get("features")).and_then(Item::as_array);
    let known = match known.as_table_like() {
        None => match (known.as_value(), features) {
            (Some(version), None) => return version.clone().decorated(" ", ""),
            (version, _) => InlineTable::from_iter(version.map(|version| ("version", version.clone()))),
        },
        Some(known) => known.iter().filter_map(|(name, item)| Some((name, item.as_value()?.clone()))).collect(),
    };
    let mut alone = InlineTable::new();
    for (name, value) in &known {
        let value = match (name, value.as_str()) {
            // Until the crates are published; then the version alone is enough.
            ("path", Some(path)) => Value::from(root.join(path).display().to_string()),
            _ => value.clone(),
        };
        alone.insert(name, value.decorated(" ", ""));
    }
    if let Some(more) = features {
        let features = alone.entry("features").or_insert(Value::Array(toml_edit::Array::new()));
        if let Some(features) = features.as_array_mut() {
            features.extend(more.iter().cloned());
        }
    }
    alone.fmt();
    Value::from(alone).decorated(" ", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_inherited_is_written_out() {
        let workspace = "[workspace.package]\nversion = \"0.3.0\"\nkeywords = [\"llm\"]\n[workspace.dependencies]\n\
                         llm-core = { path = \"crates/llm-core\", version = \"0.3.0\" }\nhttp = \"1.5\"\n\
                         tokio = { version = \"1\", default-features = false }\n";
        let manifest = "[package]\nname = \"x\"\nversion.workspace = true\nkeywords.workspace = true\n\n[lints]\n\
                        workspace = true\n\n[dependencies]\nhttp.workspace = true\nllm-core.workspace = true\n\n\
                        [dev-dependencies]\ntokio = { workspace = true, features = [\"rt\"] }\n";
        let alone = standing_alone(manifest, workspace, Path::new("/checkout")).unwrap();
        assert_eq!(
            alone,
            "[package]\nname = \"x\"\nversion = \"0.3.0\"\n\n[dependencies]\nhttp = \"1.5\"\n\
             llm-core = { path = \"/checkout/crates/llm-core\", version = \"0.3.0\" }\n\n[dev-dependencies]\n\
             tokio = { version = \"1\", default-features = false, features = [\"rt\"] }\n\n[lints.rust]\n\
             unsafe_code = \"forbid\"\n\n# A workspace of its own; without this line it may be a member of another one.\n\
             [workspace]\n"
        );
    }
}
