//! Configurations that documents show can be read, and their settings are the plugins' own.

use std::path::{Path, PathBuf};

use loquat::Config;
use loquat::core::Registry;

/// Every README of a crate and every guide.
fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let inside = |folder: &str| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(root.join(folder)).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    };
    let readmes = ["plugins", "crates"].into_iter().flat_map(inside).map(|krate| krate.join("README.md"));
    let guides = inside("docs/guides");
    let all = readmes.chain(guides).chain([root.join("README.md")]);
    all.filter(|path| path.extension().is_some_and(|end| end == "md") && path.is_file()).collect()
}

/// The blocks of TOML in a document that are no manifest of Cargo.
fn blocks(text: &str) -> impl Iterator<Item = &str> {
    let all = text.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    all.filter(|block| !block.contains("[dependencies]") && !block.contains("[package]"))
}

fn problems(block: &str, registry: &Registry) -> Vec<String> {
    let config = match Config::from_toml(block) {
        Ok(config) => config,
        Err(error) => return vec![error.to_string()],
    };
    let wrong = config.providers.into_iter().filter_map(|provider| {
        let plugin = registry.plugin(provider.kind.as_deref().unwrap_or(&provider.id));
        let settled = plugin.map_err(Into::into).and_then(|plugin| plugin.settle(&provider.id, provider.settings));
        settled.err().map(|error| error.to_string())
    });
    wrong.collect()
}

#[test]
fn every_documented_configuration_can_be_read() {
    let registry = loquat::registry().unwrap();
    let (mut read, mut wrong) = (0, Vec::new());
    for path in documents() {
        let text = std::fs::read_to_string(&path).unwrap();
        for block in blocks(&text) {
            read += 1;
            wrong.extend(problems(block, &registry).into_iter().map(|what| format!("{}: {what}", path.display())));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(read >= 20, "only {read} configurations were found: where are they?");
}

#[test]
fn what_cannot_be_read_is_found() {
    let registry = loquat::registry().unwrap();
    for block in ["[[providers]]\nid = \"openai\"", "[[provider]]\nid = \"openai\"\nbase_ulr = \"http://h\""] {
        assert_eq!(problems(block, &registry).len(), 1, "{block}");
    }
}
