//! The data as text: a line about its source, then a line for each provider, followed by one for each of its models.
//!
//! Only the provider lines are looked at when it is opened; the rest is read when it is needed.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

/// Where data comes from, and under which licence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DataSource {
    /// Form of the data.
    pub schema: u32,
    /// Whose list it is.
    pub source: String,
    /// Its version.
    pub version: String,
    /// The day it was taken over.
    pub date: String,
    /// Where it is published.
    pub url: String,
    /// Its licence.
    pub license: String,
    /// Who has the rights in it.
    pub copyright: String,
}

#[derive(Debug)]
pub(crate) struct Shelf {
    text: Cow<'static, str>,
    source: DataSource,
    names: HashMap<String, usize>,
    /// The provider line and the lines of its models, as places in the text.
    places: Vec<(Range<usize>, Range<usize>)>,
}

#[derive(Deserialize)]
struct ProviderRow<'a> {
    #[serde(borrow)]
    provider: Cow<'a, str>,
    #[serde(default)]
    fallback: Vec<String>,
}

const HEAD: &str = "{\"provider\":";

impl Shelf {
    pub(crate) fn open(text: impl Into<Cow<'static, str>>) -> Result<Self, String> {
        let text = text.into();
        let first = text.lines().next().unwrap_or_default();
        let source: DataSource = serde_json::from_str(first).map_err(|error| format!("its first line: {error}"))?;
        if source.schema != 1 {
            return Err(format!("it has the form {}, this version reads 1", source.schema));
        }
        let mut places: Vec<(Range<usize>, Range<usize>)> = Vec::new();
        let mut names = HashMap::new();
        let mut start = first.len() + 1;
        while start < text.len() {
            let end = text[start..].find('\n').map_or(text.len(), |end| start + end);
            if text[start..].starts_with(HEAD) {
                let row = Self::row(&text[start..end])?;
                names.insert(row.provider.into_owned(), places.len());
                places.push((start..end, end..end));
            }
            match places.last_mut() {
                Some((_, models)) => models.end = end,
                None => return Err("a model stands before the first provider".to_owned()),
            }
            start = end + 1;
        }
        Ok(Self { text, source, names, places })
    }

    fn row(line: &str) -> Result<ProviderRow<'_>, String> {
        serde_json::from_str(line).map_err(|error| format!("{error} in {line}"))
    }

    pub(crate) fn source(&self) -> &DataSource {
        &self.source
    }

    pub(crate) fn providers(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }

    pub(crate) fn place(&self, provider: &str) -> Option<usize> {
        self.names.get(provider).copied()
    }

    pub(crate) fn fallback(&self, place: usize) -> Result<Vec<String>, String> {
        Ok(Self::row(&self.text[self.places[place].0.clone()])?.fallback)
    }

    pub(crate) fn lines(&self, place: usize) -> impl Iterator<Item = &str> {
        self.text[self.places[place].1.clone()].lines().filter(|line| !line.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = concat!(
        r#"{"schema":1,"source":"x","version":"1","date":"d","url":"u","license":"l","copyright":"c"}"#,
        "\n{\"provider\":\"a\",\"fallback\":[\"b\"]}\n{\"id\":\"m\"}\n{\"id\":\"n\"}\n{\"provider\":\"b\"}\n",
    );

    #[test]
    fn a_shelf_knows_where_the_models_of_a_provider_stand() {
        let shelf = Shelf::open(TEXT).unwrap();
        assert_eq!(shelf.source().version, "1");
        let (a, b) = (shelf.place("a").unwrap(), shelf.place("b").unwrap());
        assert_eq!(shelf.lines(a).collect::<Vec<_>>(), [r#"{"id":"m"}"#, r#"{"id":"n"}"#]);
        assert_eq!(shelf.lines(b).count(), 0);
        assert_eq!(shelf.fallback(a).unwrap(), ["b"]);
        assert_eq!(shelf.place("c"), None);
    }

    #[test]
    fn what_is_no_data_is_refused() {
        for wrong in ["", "{}", "[1]\n", &TEXT.replace("\"schema\":1", "\"schema\":2")] {
            assert!(Shelf::open(wrong.to_owned()).is_err(), "{wrong}");
        }
        assert!(Shelf::open(TEXT.replace("{\"provider\":\"a\",\"fallback\":[\"b\"]}\n", "")).is_err());
    }
}
