//! `loquat providers`: what is linked, what is configured, and how to configure the rest.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use llm_core::BuildCx;
use loquat::{Config, Environment};
use serde_json::{Map, Value, json};

use crate::catalogue::{Account, Catalogue, source};
use crate::failure::Failure;
use crate::terminal::{harmless, line, write};

/// List the providers in this binary and the accounts of the configuration: whether a key is there and where it comes
/// from, the address, the operations. No key is shown, and nothing is sent.
#[derive(Args)]
pub(crate) struct Providers {
    #[arg(short, long, help = "Configuration file [env: LOQUAT_CONFIG]")]
    config: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Providers {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let environment = Environment::read()?;
        let Catalogue { accounts, config, .. } = Catalogue::read(&environment, self.config.as_deref())?;
        let mut rows = Vec::with_capacity(accounts.len());
        for account in &accounts {
            rows.push(Row::new(account, &config, &environment).await);
        }
        if self.json {
            return line(rows.iter().map(Row::to_json).collect::<Value>());
        }
        write(table(&rows))
    }
}

struct Row<'a> {
    account: &'a Account,
    /// The secret settings: the key, the variable or place that gives it, whether it is there.
    keys: Vec<(&'static str, String, bool)>,
    base_url: Option<String>,
    operations: Vec<&'static str>,
    /// The settings that the configuration or the environment give, and from where.
    settings: Vec<Value>,
}

impl<'a> Row<'a> {
    async fn new(account: &'a Account, config: &Config, environment: &Environment) -> Self {
        let (own, plugin) = (account.own(config), account.plugin);
        let mut keys = Vec::new();
        let mut settings = Vec::new();
        for setting in plugin.settings {
            let source = source(setting, own, environment);
            settings.push(json!({
                "key": setting.key,
                "doc": setting.doc,
                "env": setting.env,
                "required": setting.required,
                "secret": setting.secret,
                "default": setting.default,
                "from": source.as_ref().map(|source| &source.from),
                "set": source.as_ref().is_some_and(|source| source.is_set),
            }));
            if setting.secret && (setting.required || source.is_some()) {
                let place = setting.env.first().map_or(setting.key, |name| name);
                let (from, is_set) = source.map_or((place.to_owned(), false), |source| (source.from, source.is_set));
                keys.push((setting.key, from, is_set));
            }
        }
        let open = account.open_settings(config, environment);
        let address = plugin.settings.iter().find(|setting| setting.key == "base_url");
        let base_url = open.get("base_url").and_then(Value::as_str).or(address.and_then(|address| address.default));
        let base_url = base_url.map(str::to_owned);
        Self { account, keys, base_url, operations: operations(account, open).await, settings }
    }

    fn cells(&self) -> [String; 7] {
        let Account { id, plugin, state } = self.account;
        let key = |(_, from, is_set): &(&str, String, bool)| {
            if *is_set { from.clone() } else { format!("{from} (not set)") }
        };
        [
            id.clone(),
            plugin.name.to_owned(),
            (*state).to_owned(),
            self.keys.iter().map(key).collect::<Vec<_>>().join(", "),
            self.base_url.clone().unwrap_or_default(),
            plugin.default_model.unwrap_or_default().to_owned(),
            self.operations.join(" "),
        ]
        .map(|cell| if cell.is_empty() { "-".to_owned() } else { harmless(&cell).into_owned() })
    }

    fn to_json(&self) -> Value {
        let Account { id, plugin, state } = self.account;
        let keys = self.keys.iter().map(|(key, from, is_set)| json!({"key": key, "from": from, "set": is_set}));
        json!({
            "id": id,
            "plugin": plugin.id,
            "vendor": plugin.name,
            "state": state,
            "keys": keys.collect::<Vec<_>>(),
            "base_url": self.base_url,
            "operations": self.operations,
            "aliases": plugin.aliases,
            "default_model": plugin.default_model,
            "settings": self.settings,
            "crate": format!("{}@{}", plugin.krate, plugin.krate_version),
        })
    }
}

/// The operations of an account; none where it cannot be built without what is not set yet.
async fn operations(account: &Account, settings: Map<String, Value>) -> Vec<&'static str> {
    let plugin = account.plugin;
    match plugin.build(settings, &BuildCx::new(account.id.as_str())) {
        Ok(provider) => loquat::offered_operations(&*provider, plugin.default_model.unwrap_or("any")).await,
        Err(_) => Vec::new(),
    }
}

/// Columns as wide as what is in them.
fn table(rows: &[Row<'_>]) -> String {
    let head = ["id", "vendor", "state", "key", "address", "default model", "operations"].map(str::to_owned);
    let cells: Vec<[String; 7]> = std::iter::once(head).chain(rows.iter().map(Row::cells)).collect();
    let width = |column: usize| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths = [0, 1, 2, 3, 4, 5].map(width);
    let mut text = String::new();
    for row in &cells {
        for (cell, width) in row.iter().zip(widths) {
            // Writing to a string cannot fail.
            let _ = write!(text, "{cell:<width$}  ");
        }
        let _ = writeln!(text, "{}", row[6]);
    }
    text
}
