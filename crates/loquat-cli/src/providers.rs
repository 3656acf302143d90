//! `loquat providers`: what is linked, what is configured, and how to configure the rest.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use llm_core::BuildCx;
use loquat::{Config, Environment};
use serde_json::{Map, Value, json};

use crate::catalogue::{Account, Catalogue};
use crate::failure::Failure;
use crate::terminal::{harmless, line, write};

/// List the providers in this binary and the accounts of the configuration: whether what they need is there, where it
/// comes from or what is missing, the address, the operations. No key is shown, and nothing is sent.
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
        write(table(rows))
    }
}

struct Row<'a> {
    account: &'a Account,
    /// The secret settings: the key, the variable or place that gives it, whether it is there.
    keys: Vec<(&'static str, String, bool)>,
    /// Where that comes from which configures it.
    from: Vec<String>,
    base_url: Option<String>,
    operations: Vec<&'static str>,
    /// The settings that the configuration or the environment give, and from where.
    settings: Vec<Value>,
}

impl<'a> Row<'a> {
    async fn new(account: &'a Account, config: &Config, environment: &Environment) -> Self {
        let (given, plugin) = (account.given(config, environment), account.plugin);
        let wanted = plugin.missing(|setting| given.has(setting));
        let mut keys = Vec::new();
        let mut settings = Vec::new();
        for setting in plugin.settings {
            let source = given.source(setting);
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
            if setting.secret && (source.is_some() || wanted.iter().any(|wanted| wanted.key == setting.key)) {
                let place = setting.env.first().map_or(setting.key, |name| name);
                let (from, is_set) = source.map_or((place.to_owned(), false), |source| (source.from, source.is_set));
                keys.push((setting.key, from, is_set));
            }
        }
        let way = plugin.complete_ways(|setting| given.has(setting)).into_iter().next().unwrap_or_default();
        let mut from = Vec::new();
        for source in way.into_iter().filter_map(|setting| given.source(setting)) {
            if !from.contains(&source.from) {
                from.push(source.from);
            }
        }
        let open = account.open_settings(config, environment);
        let default = plugin.setting("base_url").and_then(|address| address.default);
        let base_url = open.get("base_url").and_then(Value::as_str).or(default).map(str::to_owned);
        Self { account, keys, from, base_url, operations: operations(account, open).await, settings }
    }

    fn cells(&self) -> [String; 4] {
        let Account { id, plugin, state, missing } = self.account;
        let key = match (missing.is_empty(), self.keys.iter().find(|(_, _, is_set)| *is_set)) {
            (false, _) => format!("needs {}", missing.join(", ")),
            // It needs none, and gets one.
            (true, Some((_, from, _))) if self.from.is_empty() => from.clone(),
            (true, _) => self.from.join(", "),
        };
        [id.clone(), (*state).to_owned(), key, plugin.default_model.unwrap_or_default().to_owned()]
            .map(|cell| shown(&cell))
    }

    /// Who it is and what it can do.
    fn more(&self) -> String {
        let mut words = self.account.plugin.name.to_owned();
        if let Some(address) = &self.base_url {
            let _ = write!(words, ", {address}");
        }
        // Who answers chats streams them.
        let operations =
            self.operations.iter().filter(|name| **name != "chat_stream" || !self.operations.contains(&"chat"));
        for (count, name) in operations.enumerate() {
            let _ = write!(words, "{}{name}", if count == 0 { ": " } else { " " });
        }
        shown(&words)
    }

    /// What one can use stands first.
    fn rank(&self) -> usize {
        let order = ["configured", "if named", "no LLM", "not configured"];
        order.iter().position(|state| *state == self.account.state).unwrap_or(order.len())
    }

    fn to_json(&self) -> Value {
        let Account { id, plugin, state, missing } = self.account;
        let keys = self.keys.iter().map(|(key, from, is_set)| json!({"key": key, "from": from, "set": is_set}));
        json!({
            "id": id,
            "plugin": plugin.id,
            "vendor": plugin.name,
            "state": state,
            "keys": keys.collect::<Vec<_>>(),
            "missing": missing,
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

fn shown(cell: &str) -> String {
    if cell.is_empty() { "-".to_owned() } else { harmless(cell).into_owned() }
}

/// Two lines for each, the first in columns as wide as what is in them.
fn table(mut rows: Vec<Row<'_>>) -> String {
    rows.sort_by_key(Row::rank);
    let head = ["id", "state", "configured by", "default model"].map(str::to_owned);
    let cells: Vec<[String; 4]> = std::iter::once(head).chain(rows.iter().map(Row::cells)).collect();
    let width = |column: usize| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let [id, state, key] = [0, 1, 2].map(width);
    // A long one pushes what follows it, and leaves the others where they are.
    let key = key.min(44);
    let mut text = String::new();
    for (row, [a, b, c, d]) in cells.iter().enumerate() {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{a:<id$}  {b:<state$}  {c:<key$}  {d}");
        if let Some(row) = row.checked_sub(1).and_then(|row| rows.get(row)) {
            let _ = writeln!(text, "    {}", row.more());
        }
    }
    text
}
