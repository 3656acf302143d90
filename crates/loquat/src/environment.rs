//! The environment, read once into a value: the only place of the library that looks at process variables and `.env`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
#[cfg(feature = "dotenv")]
use std::path::Path;

use llm_core::{Error, ErrorKind};

/// Variables by name. Its `Debug` shows names only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// No variable at all.
    pub fn empty() -> Self {
        Self::default()
    }

    /// The process's variables, and with the feature `dotenv` those of a `.env` file in the current folder that the process does not set itself.
    /// A variable that the process sets to nothing stays unset, whatever the file says.
    pub fn read() -> Result<Self, Error> {
        let mut environment = Self::in_dotenv()?;
        // `vars` would panic on a variable that is no UTF-8; no setting of ours can be one.
        let process =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        environment.0.extend(process);
        Ok(environment)
    }

    #[cfg(feature = "dotenv")]
    fn in_dotenv() -> Result<Self, Error> {
        let file = Path::new(".env");
        if file.is_file() { Self::empty().with_dotenv(file) } else { Ok(Self::empty()) }
    }

    #[cfg(not(feature = "dotenv"))]
    #[expect(clippy::unnecessary_wraps, reason = "with the feature a file is read, which may fail")]
    fn in_dotenv() -> Result<Self, Error> {
        Ok(Self::empty())
    }

    /// With the variables of a `.env` file; those that are set already stay.
    #[cfg(feature = "dotenv")]
    pub fn with_dotenv(mut self, file: &Path) -> Result<Self, Error> {
        let wrong = |what: &dyn fmt::Display| {
            Error::new(ErrorKind::Config, format!("reading {}: {what}: write one NAME=value a line", file.display()))
        };
        // The parser's error would quote the line, which may hold a key.
        let lines = dotenvy::from_path_iter(file).map_err(|_| wrong(&"the file cannot be opened"))?;
        for (number, line) in (1..).zip(lines) {
            let (name, value) = line.map_err(|_| wrong(&format_args!("variable {number} is not understood")))?;
            self.0.entry(name).or_insert(value);
        }
        Ok(self)
    }

    /// A variable's value; a blank one counts as not set.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.trim().is_empty())
    }

    /// The names of the variables that are set.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str).filter(|name| self.value(name).is_some())
    }

    /// What a setting at `place` stands for: `env:NAME` and `file:PATH` as what is there, anything else as it is.
    pub(crate) fn resolve<'t>(&self, place: &str, text: &'t str) -> Result<Cow<'t, str>, Error> {
        let wrong = |what: String| Error::new(ErrorKind::Config, format!("reading {place}: {what}"));
        if let Some(name) = text.strip_prefix("env:") {
            let value = self.value(name).ok_or_else(|| wrong(format!("the environment variable {name} is not set")))?;
            return Ok(value.to_owned().into());
        }
        if let Some(path) = text.strip_prefix("file:") {
            let text = std::fs::read_to_string(path).map_err(|error| wrong(format!("the file {path}: {error}")))?;
            return Ok(text.trim().to_owned().into());
        }
        if text.starts_with("cmd:") {
            return Err(wrong("a program may print a provider's api_key and nothing else".to_owned()));
        }
        Ok(text.into())
    }

    /// The first of several variables that is set: its name and its value.
    pub fn first<'a>(&'a self, names: &'a [&'a str]) -> Option<(&'a str, &'a str)> {
        names.iter().find_map(|name| Some((*name, self.value(name)?)))
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
