//! `cargo xtask new-provider NAME`: a plugin crate for a vendor that speaks the OpenAI protocol, ready to fill in.
//!
//! The text of the crate stands in `xtask/templates/provider`; here are its place and its links to the rest.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use lexopt::ValueExt as _;
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, Value};

use crate::cargo::cargo;
use crate::tool;

/// A path in the new crate, and the text of the template; `.in` keeps a template from being taken for source.
macro_rules! template {
    ($path:literal, $suffix:literal) => {
        ($path, include_str!(concat!("../templates/provider/", $path, $suffix)))
    };
}

/// What the new crate is made of.
const TEMPLATES: &[(&str, &str)] = &[
    template!("Cargo.toml", ".in"),
    template!("README.md", ".in"),
    template!("src/lib.rs", ".in"),
    template!("tests/conformance.rs", ".in"),
    template!("tests/fixtures/chat.json", ""),
    template!("tests/fixtures/chat_expected.json", ""),
    template!("tests/fixtures/chat_stream.txt", ""),
    template!("tests/fixtures/errors/invalid_echo.json", ""),
    template!("tests/fixtures/errors/key_invalid.json", ""),
    template!("tests/fixtures/errors/model_unknown.json", ""),
    template!("tests/fixtures/errors/rate_limited.json", ""),
    template!("tests/fixtures/errors/server.json", ""),
    template!("tests/fixtures/stream_error.json", ""),
    template!("tests/fixtures/stream_error.txt", ""),
];

const FACADE_MANIFEST: &str = "crates/loquat/Cargo.toml";
const FACADE_LIST: &str = "crates/loquat/src/providers.rs";

pub(crate) fn run(arguments: &mut lexopt::Parser) -> anyhow::Result<()> {
    let (mut name, mut base_url) = (None, None);
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Value(value) if name.is_none() => name = Some(value.string()?),
            lexopt::Arg::Long("base-url") => base_url = Some(arguments.value()?.string()?),
            // The only protocol there is a template for.
            lexopt::Arg::Long("openai-compatible") => {}
            other => return Err(other.unexpected().into()),
        }
    }
    let name = name.context("which provider? cargo xtask new-provider NAME [--openai-compatible] [--base-url URL]")?;
    let vendor = Vendor::new(&name, base_url)?;
    let root = crate::cargo::root();
    ensure!(!root.join(vendor.folder()).exists(), "{} exists already", vendor.folder());
    let read = |path: &str| fs::read_to_string(root.join(path)).with_context(|| format!("reading {path}"));
    let mut written = links(&vendor, read)?;
    written.extend(TEMPLATES.iter().map(|(path, text)| (format!("{}/{path}", vendor.folder()), vendor.fill(text))));
    for (path, text) in &written {
        write(&root.join(path), text).with_context(|| format!("writing {path}"))?;
        println!("{path}");
    }
    if tool::FMT.is_installed() {
        crate::cargo::run(&mut cargo(["fmt", "--package", &vendor.package()]))?; // long names break lines elsewhere
    }
    println!("\nnext: state the vendor's facts in {}/src, then `cargo test -p {}`", vendor.folder(), vendor.package());
    Ok(())
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text)
}

/// The vendor a crate is written for.
struct Vendor {
    id: String,
    base_url: String,
}

impl Vendor {
    fn new(id: &str, base_url: Option<String>) -> anyhow::Result<Self> {
        let fine = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
        let starts_well = id.starts_with(|letter: char| letter.is_ascii_lowercase());
        if !starts_well || !id.chars().all(fine) || id.ends_with('-') {
            bail!("the name `{id}` does not do: use lower-case letters, digits and hyphens, such as `acme-ai`");
        }
        let base_url = base_url.unwrap_or_else(|| format!("https://api.{id}.example/v1"));
        if !base_url.starts_with("https://") && !base_url.starts_with("http://") {
            bail!("the base URL `{base_url}` does not do: it starts with https:// and ends before /chat/completions");
        }
        Ok(Self { id: id.to_owned(), base_url: base_url.trim_end_matches('/').to_owned() })
    }

    fn package(&self) -> String {
        format!("llm-provider-{}", self.id)
    }

    fn folder(&self) -> String {
        format!("plugins/{}", self.package())
    }

    /// The identifier in Rust: `acme_ai`.
    fn module(&self) -> String {
        self.id.replace('-', "_")
    }

    /// The name of a type: `AcmeAi`.
    fn type_name(&self) -> String {
        let capital = |word: &str| {
            let (first, rest) = word.split_at(word.len().min(1));
            first.to_ascii_uppercase() + rest
        };
        self.id.split('-').map(capital).collect()
    }

    /// A template with this vendor's words in its places.
    fn fill(&self, template: &str) -> String {
        let environment = self.module().to_ascii_uppercase();
        [
            ("{{id}}", &self.id),
            ("{{module}}", &self.module()),
            ("{{Type}}", &self.type_name()),
            ("{{ENV}}", &environment),
            ("{{base_url}}", &self.base_url),
        ]
        .into_iter()
        .fold(template.to_owned(), |text, (place, word)| text.replace(place, word))
    }
}

/// The files that link a plugin into the workspace, with the vendor added.
fn links(vendor: &Vendor, read: impl Fn(&str) -> anyhow::Result<String>) -> anyhow::Result<Vec<(String, String)>> {
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
    use super::*;

    const ROOT: &str = "[workspace.package]\nversion = \"0.3.0\"\n\n# Every dependency once.\n[workspace.dependencies]\n\
                        # ours\nllm-core = { path = \"crates/llm-core\" }\nllm-provider-openai = { path = \"x\" }\n\
                        loquat = { path = \"crates/loquat\" }\n\n# others\nserde = \"1\"\n";
    const FACADE: &str = "[dependencies]\nllm-provider-openai = { workspace = true, optional = true }\n\n[features]\n\
                          all-providers = [\"openai\"]\nopenai = [\"dep:llm-provider-openai\"]\n";

    const LIST: &str = "//! The list.\n\n#[cfg(feature = \"openai\")]\npub use llm_provider_openai as openai;\n";

    fn linked(id: &str) -> anyhow::Result<Vec<(String, String)>> {
        links(&Vendor::new(id, None)?, |path| {
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

    #[test]
    fn a_name_is_one_cargo_and_rust_accept() {
        for name in ["", "Acme", "acme_ai", "9acme", "acme-", "acme ai", "../acme"] {
            assert!(Vendor::new(name, None).is_err(), "{name}");
        }
        assert!(Vendor::new("acme", Some("api.acme.example".to_owned())).is_err());
        let vendor = Vendor::new("acme-ai", Some("https://api.acme.example/v1/".to_owned())).unwrap();
        assert_eq!((vendor.type_name().as_str(), vendor.base_url.as_str()), ("AcmeAi", "https://api.acme.example/v1"));
    }

    #[test]
    fn a_template_leaves_no_place_unfilled() {
        let vendor = Vendor::new("acme-ai", None).unwrap();
        assert_eq!(vendor.fill("{{id}} {{module}} {{Type}} {{ENV}}_API_KEY"), "acme-ai acme_ai AcmeAi ACME_AI_API_KEY");
        for (path, text) in TEMPLATES {
            assert!(!vendor.fill(text).contains("{{"), "{path}");
        }
    }
}
