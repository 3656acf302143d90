//! The pages of `docs/reference`: what each provider can do, and how recorded traffic comes out.
//!
//! What a provider can do is asked of the linked plugins; the recordings' numbers stand in a file, because the recordings
//! are not part of this repository.

mod markdown;
mod measured;
mod probe;
mod providers;
mod recorded;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

pub use measured::{Measured, Miss};

/// A page by its path from the root of the repository, and what it must say.
pub type Page = (String, String);

const NUMBERS: &str = "docs/reference/conformance.json";
const MISSES: &str = "docs/reference/misses.toml";

/// The root of the repository.
pub fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests).to_owned()
}

/// Where the recordings are on a machine that has them.
pub fn corpus() -> Option<PathBuf> {
    Some(root().join("../shared/corpus/dev")).filter(|corpus| corpus.is_dir())
}

/// The numbers as they are kept.
pub fn kept() -> Result<Measured> {
    let text = fs::read_to_string(root().join(NUMBERS)).with_context(|| format!("reading {NUMBERS}"))?;
    serde_json::from_str(&text).with_context(|| format!("reading {NUMBERS}"))
}

/// Every page, and the file with the numbers. A case that did not come out right and is not explained is an error.
pub async fn pages(measured: &Measured) -> Result<Vec<Page>> {
    let misses = fs::read_to_string(root().join(MISSES)).with_context(|| format!("reading {MISSES}"))?;
    let explained = measured::explained(&misses, measured).with_context(|| format!("reading {MISSES}"))?;
    let registry = loquat::registry()?;
    let mut probed = Vec::new();
    for plugin in registry.plugins() {
        probed.push(probe::plugin(plugin).await);
    }
    Ok(vec![
        (NUMBERS.to_owned(), serde_json::to_string_pretty(measured)? + "\n"),
        ("docs/reference/conformance.md".to_owned(), recorded::page(measured, &explained)),
        ("docs/reference/providers.md".to_owned(), providers::page(&probed, measured)),
    ])
}
