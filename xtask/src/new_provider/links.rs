//! Where a plugin of this workspace is named outside of its own folder.

use anyhow::{Context as _, ensure};
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, Value};

use super::vendor::Vendor;

const FACADE_MANIFEST: &str = "crates/loquat/Cargo.toml";
const FACADE_LIST: &str = "crates/loquat/src/providers.rs";

/// The files that link a plugin into the workspace, with the vendor added.
pub(super) fn links(
    vendor: &Vendor,
    read: impl Fn(&str) -> anyhow::Result<String>,
) -> anyhow::Result<Vec<(String, String)>> {
    let edited = |path: &str, edit: fn(&Vendor, &mut DocumentMut) -> anyhow::Result<()>| {
        let mut manifest = read(path)?.parse::<DocumentMut>().with_context(|| format!("reading {path}"))?;
        edit(vendor, &mut manifest).with_context(|| format!("editing {path}"))?;
        anyhow::Ok((path.to_owned(), manifest.to_string()))
    };
    let mut written = vec![edited("Cargo.toml", edit_root)?, edited(FACADE_MANIFEST, edit_facade)?];
    written.push((FACADE_LIST.to_owned(), with_line(vendor, &read(FACADE_LIST)?)));
    Ok(written)
}

/// The facade's list with the vendor at its place in the alphabet, where the formatter wants it.
fn with_line(vendor: &Vendor, list: &str) -> String {
    let module = vendor.package().replace('-', "_");
    let entry = format!("#[cfg(feature = \"{}\")]\npub use {module} as {};\n", vendor.id, vendor.module());
    let is_behind = |block: &&str| {
        let name =
            block.lines().nth(1).and_then(|line| line.strip_prefix("pub use ")).and_then(|rest| rest.split(' ').next());
        name.is_some_and(|name| name > module.as_str())
    };
    let starts = list.match_indices("#[cfg(feature = ").map(|(at, _)| at);
    let place = starts.map(|at| &list[at..]).find(is_behind).map_or(list.len(), |rest| list.len() - rest.len());
    format!("{}{entry}{}", &list[..place], &list[place..])
}

fn edit_root(vendor: &Vendor, manifest: &mut DocumentMut) -> anyhow::Result<()> {
    let version = manifest["workspace"]["package"]["version"].as_str().context("no workspace version")?.to_owned();
    let mut dependency = InlineTable::new();
    dependency.insert("path", vendor.folder().into());
    dependency.insert("version", version.into());
    let table = manifest["workspace"]["dependencies"].as_table_mut().context("no workspace dependencies")?;
    insert_beside_plugins(table, &vendor.package(), dependency.into())
}

fn edit_facade(vendor: &Vendor, manifest: &mut DocumentMut) -> anyhow::Result<()> {
    let mut dependency = InlineTable::new();
    dependency.insert("workspace", true.into());
    dependency.insert("optional", true.into());
    let table = manifest["dependencies"].as_table_mut().context("no dependencies")?;
    insert_beside_plugins(table, &vendor.package(), dependency.into())?;
    let features = manifest["features"].as_table_mut().context("no features")?;
    let all = features.get_mut("all-providers").and_then(Item::as_array_mut).context("no feature all-providers")?;
    all.push(vendor.id.as_str());
    features.insert(&vendor.id, Value::from(Array::from_iter([format!("dep:{}", vendor.package())])).into());
    Ok(())
}

/// Adds a line behind the last plugin's, where a reader looks for it.
fn insert_beside_plugins(table: &mut Table, package: &str, dependency: Value) -> anyhow::Result<()> {
    ensure!(!table.contains_key(package), "{package} is there already");
    let mut order: Vec<String> = table.iter().map(|(name, _)| name.to_owned()).collect();
    let last = order.iter().rposition(|name| name.starts_with("llm-provider-"));
    order.insert(last.map_or(order.len(), |last| last + 1), package.to_owned());
    table.insert(package, dependency.into());
    let place = |name: &str| order.iter().position(|known| known == name);
    table.sort_values_by(|one, _, other, _| place(one.get()).cmp(&place(other.get())));
    Ok(())
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;
    use crate::new_provider::Form;

    const ROOT: &str = "[workspace.package]\nversion = \"0.3.0\"\n\n# Every dependency once.\n[workspace.dependencies]\n\
                        # ours\nllm-core = { path = \"crates/llm-core\" }\nllm-provider-openai = { path = \"x\" }\n\
                        loquat = { path = \"crates/loquat\" }\n\n# others\nserde = \"1\"\n";
    const FACADE: &str = "[dependencies]\nllm-provider-openai = { workspace = true, optional = true }\n\n[features]\n\
                          all-providers = [\"openai\"]\nopenai = [\"dep:llm-provider-openai\"]\n";

    const LIST: &str = "//! The list.\n\n#[cfg(feature = \"openai\")]\npub use llm_provider_openai as openai;\n";

    fn linked(id: &str) -> anyhow::Result<Vec<(String, String)>> {
        links(&Vendor::new(id, None, Form::Own)?, |path| {
            Ok(match path {
                "Cargo.toml" => ROOT,
                FACADE_MANIFEST => FACADE,
                FACADE_LIST => LIST,
                other => bail!("{other} is not expected"),
            }
            .to_owned())
        })
    }

    #[test]
    fn a_vendor_is_linked_in_three_places_and_nothing_else_moves() {
        let files = linked("acme-ai").unwrap();
        let line = "llm-provider-openai = { path = \"x\" }\n";
        let with_line = format!(
            "{line}llm-provider-acme-ai = {{ path = \"plugins/llm-provider-acme-ai\", version = \"0.3.0\" }}\n"
        );
        assert_eq!(files[0].1, ROOT.replace(line, &with_line));
        let facade = FACADE
            .replace("\n\n[features]", "\nllm-provider-acme-ai = { workspace = true, optional = true }\n\n[features]")
            .replace("[\"openai\"]", "[\"openai\", \"acme-ai\"]")
            + "acme-ai = [\"dep:llm-provider-acme-ai\"]\n";
        assert_eq!(files[1].1, facade);
        let entry = "#[cfg(feature = \"acme-ai\")]\npub use llm_provider_acme_ai as acme_ai;\n";
        assert_eq!(files[2].1, LIST.replace("\n\n", &format!("\n\n{entry}")));
        assert!(
            linked("zeta").unwrap()[2]
                .1
                .ends_with("as openai;\n#[cfg(feature = \"zeta\")]\npub use llm_provider_zeta as zeta;\n")
        );
    }

    #[test]
    fn a_vendor_that_is_there_is_refused() {
        assert!(format!("{:#}", linked("openai").unwrap_err()).contains("llm-provider-openai is there already"));
    }
}
