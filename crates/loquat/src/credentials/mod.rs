//! Where keys come from: what stands at `api_key` in a configuration, made into sources that a pool follows.
//!
//! `file` follows a file, `command` runs a program; a value and a variable stay what they are.

mod command;
mod file;
mod words;

use std::sync::Arc;

use llm_core::{Error, ErrorKind, Secret};
use llm_resilience::{FixedKey, KeySource};
use serde_json::Value;

use crate::config::CredentialsConfig;
use crate::environment::Environment;

/// The setting that may hold several keys, or keys that change.
pub(crate) const API_KEY: &str = "api_key";
/// What begins the words of a program.
const COMMAND: &str = "cmd:";
/// What begins the path of a file.
const FILE: &str = "file:";

/// The keys of one provider.
pub(crate) struct Sources {
    pub(crate) all: Vec<Arc<dyn KeySource>>,
    /// The first key that is known without running anything, for a plugin that wants one when it is built.
    pub(crate) first: Option<Secret>,
}

/// The keys that a setting at `place` names, where there are several or where they may change; nothing for one plain key,
/// which needs no pool.
pub(crate) fn sources(
    place: &str,
    value: &Value,
    environment: &Environment,
    config: &CredentialsConfig,
) -> Result<Option<Sources>, Error> {
    let texts: Vec<&str> = match value {
        Value::String(text) if text.starts_with(FILE) || text.starts_with(COMMAND) => vec![text],
        Value::Array(items) => {
            let texts: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
            texts.ok_or_else(|| wrong(place, "each key of the list must be a text"))?
        }
        _ => return Ok(None),
    };
    if texts.is_empty() {
        return Err(wrong(place, "the list has no key: write one at least, such as \"env:NAME\" or \"file:PATH\""));
    }
    let mut sources = Sources { all: Vec::new(), first: None };
    for text in texts {
        let (source, key): (Arc<dyn KeySource>, _) = if let Some(path) = text.strip_prefix(FILE) {
            let (source, key) = file::FileKey::read(place, path)?;
            (Arc::new(source), Some(key))
        } else if let Some(line) = text.strip_prefix(COMMAND) {
            (Arc::new(command::CommandKey::new(place, line, config)?), None)
        } else {
            let key = Secret::from(environment.resolve(place, text)?.into_owned());
            // A key in the configuration itself must not be shown.
            let name = if text.starts_with("env:") { text } else { "literal" };
            let name = if name == "literal" { format!("{name} {}", sources.all.len() + 1) } else { name.to_owned() };
            (Arc::new(FixedKey::new(name, checked(key.expose(), |what| wrong(place, what))?)), Some(key))
        };
        sources.first = sources.first.take().or(key);
        sources.all.push(source);
    }
    Ok(Some(sources))
}

/// A key out of the text that a source holds: without blanks around it, and fit for a header.
fn checked(text: &str, wrong: impl Fn(&str) -> Error) -> Result<Secret, Error> {
    let key = text.trim();
    if key.is_empty() {
        return Err(wrong("it is empty: put the key into it"));
    }
    if key.chars().any(|char| char.is_whitespace() || char.is_control()) {
        return Err(wrong("it holds more than a key: leave nothing in it but the key, on one line"));
    }
    Ok(Secret::from(key))
}

/// What is wrong with the setting at a place. Nothing was sent.
fn wrong(place: &str, what: &str) -> Error {
    Error::new(ErrorKind::Config, format!("reading {place}: {what}")).with_progress(llm_core::Progress::NotSent)
}

/// The error of a look that was made while calls wait: the key is missing to them.
fn missing(error: Error) -> Error {
    error.with_kind(ErrorKind::Auth)
}
