//! The catalogue's data files: a line that says where they come from, then a line for each provider and each model.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Where a table comes from; its first line.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Source {
    pub(super) schema: u32,
    #[serde(rename = "source")]
    pub(super) list: String,
    pub(super) version: String,
    pub(super) date: String,
    pub(super) url: String,
    pub(super) license: String,
    pub(super) copyright: String,
}

/// A provider as the list calls it; its models are the lines after it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct ProviderRow {
    pub(super) provider: String,
    /// Whose models it serves, too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) fallback: Vec<String>,
}

/// A model: its names, prices (micro-dollars) and limits, or what it can do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ModelRow {
    pub(super) id: String,
    /// Patterns; empty: the id alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) m: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ctx: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dep: Option<Value>,
    /// Prices, the last that applies first to be asked from the end of the list.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) p: Vec<Dated>,
    /// Prices of other classes of service.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) v: Vec<Dated>,
    /// Capabilities: yes, no.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) y: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) n: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) out: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dim: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cache_min: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) efforts: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) no_efforts: Vec<String>,
}

/// Prices with when and for whom they apply.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Dated {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) when: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) utc: Option<[String; 2]>,
    pub(super) p: BTreeMap<String, Price>,
}

/// A price, or a price with the ones from so many input tokens on: `[base, [start, price], …]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Price {
    Flat(u64),
    Tiered(Vec<Value>),
}

#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub(super) source: Source,
    pub(super) providers: Vec<(ProviderRow, Vec<ModelRow>)>,
}

impl Table {
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut lines = text.lines();
        let source = serde_json::from_str(lines.next().context("it is empty")?).context("in its first line")?;
        let mut table = Self { source, providers: Vec::new() };
        for (number, line) in lines.enumerate() {
            let at = || format!("in line {}", number + 2);
            if line.starts_with("{\"provider\":") {
                table.providers.push((serde_json::from_str(line).with_context(at)?, Vec::new()));
            } else {
                let (_, models) = table.providers.last_mut().with_context(at)?;
                models.push(serde_json::from_str(line).with_context(at)?);
            }
        }
        Ok(table)
    }

    pub(super) fn text(&self) -> String {
        fn line(row: &impl Serialize) -> String {
            serde_json::to_string(row).unwrap_or_default() + "\n"
        }
        let mut text = line(&self.source);
        for (provider, models) in &self.providers {
            text += &line(provider);
            for model in models {
                text += &line(model);
            }
        }
        text
    }

    pub(super) fn summary(&self) -> String {
        let models: usize = self.providers.iter().map(|(_, models)| models.len()).sum();
        let Source { list, version, .. } = &self.source;
        format!("{} providers, {models} models of {list} {version}", self.providers.len())
    }

    /// Every fault of the table in one error.
    pub(super) fn validate(&self) -> Result<()> {
        let mut faults = Vec::new();
        let mut seen = BTreeSet::new();
        for (provider, models) in &self.providers {
            for model in models {
                let name = format!("{}/{}", provider.provider, model.id);
                faults.extend(model.faults().into_iter().map(|fault| format!("{name}: {fault}")));
                if !seen.insert(name.clone()) {
                    faults.push(format!("{name}: there twice"));
                }
            }
        }
        if faults.is_empty() { Ok(()) } else { bail!("{}", faults.join("\n")) }
    }
}

impl ModelRow {
    /// A model by its name alone.
    pub(super) fn named(id: &str) -> Self {
        Self { id: id.to_owned(), ..Self::default() }
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for dated in self.p.iter().chain(&self.v) {
            for (key, price) in &dated.p {
                if !ascends(price) {
                    faults.push(format!("the price {key} has tiers that do not ascend"));
                }
                let whole = if key.starts_with("out_") { "out" } else { "in" };
                let part = ["cr", "cw", "cw1h", "out_reasoning"].contains(&key.as_str());
                if part && dated.when.is_empty() && !dated.p.contains_key(whole) {
                    faults.push(format!("the price {key} has no {whole}"));
                }
            }
            let day = |text: &String| text.len() == 10 && text.split('-').all(|part| part.parse::<u16>().is_ok());
            if dated.from.as_ref().is_some_and(|from| !day(from)) {
                faults.push("a price starts on no day".to_owned());
            }
        }
        faults
    }
}

fn ascends(price: &Price) -> bool {
    let Price::Tiered(steps) = price else { return true };
    let starts: Option<Vec<u64>> = steps
        .iter()
        .skip(1)
        .map(|step| match step.as_array()?.as_slice() {
            [start, price] => price.as_u64().and(start.as_u64()),
            _ => None,
        })
        .collect();
    let starts = starts.filter(|starts| !starts.is_empty() && starts.is_sorted_by(|one, next| one < next));
    starts.is_some() && steps[0].is_u64()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = concat!(
        r#"{"schema":1,"source":"x","version":"1","date":"2026-11-20","url":"u","license":"MIT","copyright":"c"}"#,
        "\n",
        r#"{"provider":"a"}"#,
        "\n",
        r#"{"id":"m","p":[{"p":{"cr":1,"in":[10,[200000,20]]}}]}"#,
        "\n",
    );

    #[test]
    fn a_table_is_its_text() {
        let table = Table::parse(TEXT).unwrap();
        assert_eq!(table.text(), TEXT);
        assert_eq!(table.summary(), "1 providers, 1 models of x 1");
        table.validate().unwrap();
    }

    #[test]
    fn faults_are_found_and_named() {
        for (old, new, fault) in [
            ("[200000,20]", "[200000,20],[100,5]", "do not ascend"),
            ("[200000,20]", "[200000]", "do not ascend"),
            (r#""in":[10,[200000,20]]"#, r#""out":3"#, "the price cr has no in"),
            (r#"{"p":{"cr""#, r#"{"from":"soon","p":{"cr""#, "starts on no day"),
        ] {
            let error = Table::parse(&TEXT.replace(old, new)).unwrap().validate().unwrap_err().to_string();
            assert!(error.starts_with("a/m: ") && error.contains(fault), "{error}");
        }
        let twice = format!("{TEXT}{}\n", r#"{"id":"m"}"#);
        assert!(Table::parse(&twice).unwrap().validate().unwrap_err().to_string().contains("there twice"));
        assert!(Table::parse(&TEXT.replace("\"cr\":1", "\"cr\":1.5")).is_err());
        assert!(Table::parse(&TEXT.replace("\"id\"", "\"ident\"")).is_err());
    }
}
