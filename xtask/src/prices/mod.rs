//! `cargo xtask prices`: brings the catalogue's data from a price list of the trade, a file, never the network.
//!
//! Understands genai-prices' `data.json` and LiteLLM's `model_prices_and_context_window.json`.
//! What is written is canonical, so that a change of prices is a diff of the lines it concerns.

mod decimal;
mod diff;
mod genai;
mod litellm;
mod pattern;
mod table;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use lexopt::prelude::*;
use serde_json::Value;

use table::{Source, Table};

/// Where the committed data is.
const DATA: &str = "crates/llm-catalog/data";

struct Arguments {
    from: Option<PathBuf>,
    version: Option<String>,
    date: Option<String>,
    check: bool,
}

/// `--from FILE [--version V --date YYYY-MM-DD] [--check]`, or `--check` alone.
pub(crate) fn run(parser: &mut lexopt::Parser) -> Result<()> {
    let mut arguments = Arguments { from: None, version: None, date: None, check: false };
    while let Some(argument) = parser.next()? {
        match argument {
            Long("from") => arguments.from = Some(PathBuf::from(parser.value()?)),
            Long("version") => arguments.version = Some(parser.value()?.string()?),
            Long("date") => arguments.date = Some(parser.value()?.string()?),
            Long("check") => arguments.check = true,
            other => return Err(other.unexpected().into()),
        }
    }
    let data = crate::cargo::root().join(DATA);
    match &arguments.from {
        Some(from) => import(from, &data, &arguments),
        None if arguments.check => check(&data),
        None => bail!("which list? pass --from FILE, or --check to look at the committed data"),
    }
}

/// Every committed file is canonical and has no fault.
fn check(data: &Path) -> Result<()> {
    for name in [genai::FILE, litellm::CAPABILITIES, litellm::PRICES] {
        let text = read(&data.join(name))?;
        let table = Table::parse(&text).with_context(|| format!("reading {name}"))?;
        table.validate().with_context(|| format!("{name} has faults"))?;
        if table.text() != text {
            bail!("{name} is not as `cargo xtask prices` writes it: import it again");
        }
        println!("{name}: {}", table.summary());
    }
    Ok(())
}

fn import(from: &Path, data: &Path, arguments: &Arguments) -> Result<()> {
    let list: Value =
        serde_json::from_str(&read(from)?).with_context(|| format!("reading {} as JSON", from.display()))?;
    let tables = match &list {
        Value::Array(_) => vec![(genai::FILE, genai::read(&list)?)],
        Value::Object(fields) if fields.contains_key("providers") => vec![(genai::FILE, genai::read(&list)?)],
        Value::Object(fields) if fields.contains_key("sample_spec") => {
            vec![(litellm::CAPABILITIES, litellm::capabilities(fields)?), (litellm::PRICES, litellm::prices(fields)?)]
        }
        _ => bail!("{}: neither a list of genai-prices nor one of LiteLLM", from.display()),
    };
    let mut differs = false;
    for (name, mut table) in tables {
        let path = data.join(name);
        let committed = if path.exists() { Some(Table::parse(&read(&path)?)?) } else { None };
        let before = committed.as_ref().map_or_else(Source::default, |table| table.source.clone());
        table.source.version = arguments.version.clone().unwrap_or(before.version);
        table.source.date = arguments.date.clone().unwrap_or(before.date);
        if table.source.version.is_empty() || table.source.date.is_empty() {
            bail!("of which version and day is this list? pass --version V --date YYYY-MM-DD");
        }
        table.validate().with_context(|| format!("{name} would have faults"))?;
        let lines = diff::lines(committed.as_ref(), &table);
        for line in &lines {
            println!("{line}");
        }
        println!("{name}: {}; {} changes", table.summary(), lines.len());
        differs |= committed.is_none_or(|committed| committed.text() != table.text());
        if !arguments.check {
            std::fs::write(&path, table.text()).with_context(|| format!("writing {}", path.display()))?;
        }
    }
    if arguments.check && differs {
        bail!("the committed data differs from {}", from.display());
    }
    Ok(())
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_committed_data_is_canonical_and_has_no_fault() {
        super::check(&crate::cargo::root().join(super::DATA)).unwrap();
    }
}
