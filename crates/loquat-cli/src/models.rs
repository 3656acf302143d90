//! `loquat models`: which models there are, what they can do and what they cost.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use llm_core::{Capabilities, Component, Error, ErrorKind, Support, Target};
use loquat::catalog::{ModelFacts, ModelPrice};
use loquat::{Client, Environment};
use serde_json::{Value, json};

use crate::catalogue::{Catalogue, title};
use crate::failure::Failure;
use crate::terminal::{harmless, line, note, write};

/// List the models of the providers in this binary, with what they can do and what they cost.
///
/// Without --live nothing is sent: the list is that of the price catalogue.
#[derive(Args)]
pub(crate) struct Models {
    /// Only models whose provider/name has all these words in it
    query: Vec<String>,
    /// Only models of this provider
    #[arg(short, long, value_name = "ID")]
    provider: Option<String>,
    #[arg(short, long, help = "Configuration file [env: LOQUAT_CONFIG]")]
    config: Option<PathBuf>,
    /// Ask the configured providers for their own lists, and add the routes
    #[arg(long)]
    live: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Models {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let environment = Environment::read()?;
        let catalogue = Catalogue::read(&environment, self.config.as_deref())?;
        let only = self.provider.as_deref().map(|id| catalogue.account(id)).transpose()?;
        let mut failure = None;
        let mut rows = if self.live {
            let live = self.live(&catalogue, environment, only.map(|only| only.id.as_str())).await?;
            failure = live.failure;
            live.rows
        } else {
            let accounts = catalogue.accounts.iter().filter(|account| only.is_none_or(|only| only.id == account.id));
            let models = catalogue.models(accounts).into_iter();
            models.map(|(target, account)| Row::known(&catalogue, &target, account.state)).collect()
        };
        let words: Vec<String> =
            self.query.iter().flat_map(|word| word.split_whitespace()).map(str::to_lowercase).collect();
        rows.retain(|row| {
            let name = row.name.to_lowercase();
            words.iter().all(|word| name.contains(word.as_str()))
        });
        if self.json {
            line(json!(rows.iter().map(|row| row.to_json(&catalogue)).collect::<Vec<_>>()))?;
            return failure.map_or(Ok(()), |error| Err(Failure::Printed(error)));
        }
        if let Some(error) = failure {
            if !rows.is_empty() {
                write(table(&rows))?;
            }
            return Err(Failure::Printed(error));
        }
        if rows.is_empty() && self.live {
            note("note: none of the models that the configured providers list has these words in its name");
            return Ok(());
        }
        if rows.is_empty() {
            note("note: no model is known by these words; --live asks the configured providers for their own lists");
            return Ok(());
        }
        write(table(&rows))?;
        let lists: Vec<String> = catalogue.catalog.sources().iter().map(title).collect();
        note(format_args!("prices in dollars for a million tokens; `loquat prices MODEL` has all ({})", joined(lists)));
        Ok(())
    }

    /// What the configured providers list, and the routes; of one provider where `only` names it. Who does not answer is
    /// named.
    async fn live(&self, catalogue: &Catalogue, environment: Environment, only: Option<&str>) -> Result<Live, Failure> {
        let client = Client::builder().config(catalogue.config.clone()).environment(environment).build()?;
        let mut asked = client.status().providers;
        if asked.is_empty() {
            return Err(Error::new(ErrorKind::NoTarget, "no provider is configured, so nobody can be asked").into());
        }
        asked.retain(|id| only.is_none_or(|only| id == only));
        let state = |target: &Target| catalogue.account(&target.provider).map_or("configured", |account| account.state);
        let row = |served: loquat::ServedModel| match served.targets.as_slice() {
            [target] if served.name == target.to_string() => Row::known(catalogue, target, state(target)),
            targets => Row { route: targets.to_vec(), ..Row::unknown(served.name, "route") },
        };
        let listing = client.listing().await;
        let mut rows: Vec<Row> = listing.models.into_iter().map(row).collect();
        rows.retain(|row| only.is_none_or(|only| row.is_of(only)));
        let mut failures = listing.failures;
        failures.retain(|error| only.is_none_or(|only| error.provider() == Some(only)));
        for error in &failures {
            note(error);
        }
        let failed = !asked.is_empty() && failures.len() == asked.len();
        Ok(Live { rows, failure: failures.into_iter().next().filter(|_| failed) })
    }
}

/// What was listed.
struct Live {
    rows: Vec<Row>,
    /// Why, where nobody who was asked answered. It was printed.
    failure: Option<Error>,
}

fn joined(mut lists: Vec<String>) -> String {
    lists.sort();
    lists.dedup();
    lists.join(", ")
}

struct Row {
    /// What a request asks for.
    name: String,
    /// None for a route.
    target: Option<Target>,
    state: &'static str,
    facts: ModelFacts,
    price: Option<ModelPrice>,
    /// Who answers a route.
    route: Vec<Target>,
}

impl Row {
    fn unknown(name: String, state: &'static str) -> Self {
        Self { name, target: None, state, facts: ModelFacts::default(), price: None, route: Vec::new() }
    }

    fn known(catalogue: &Catalogue, target: &Target, state: &'static str) -> Self {
        let (provider, model) = (&*target.provider, &*target.model);
        Self {
            facts: catalogue.catalog.facts(provider, model),
            price: catalogue.catalog.price(provider, model, &catalogue.now).ok(),
            target: Some(target.clone()),
            ..Self::unknown(target.to_string(), state)
        }
    }

    fn is_of(&self, id: &str) -> bool {
        self.target.iter().chain(&self.route).any(|target| *target.provider == *id)
    }

    /// What it can do beyond a chat, in short words.
    fn words(&self) -> Vec<String> {
        let facts = &self.facts;
        let mut words: Vec<String> = abilities(facts).map(str::to_owned).collect();
        if facts.deprecated {
            words.push("deprecated".to_owned());
        }
        words.extend(facts.retires.iter().map(|day| format!("until {day}")));
        words
    }

    fn cells(&self) -> [String; 7] {
        let number = |number: Option<u64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
        let price = |of: fn(&ModelPrice) -> Option<llm_core::Usd>| {
            self.price.as_ref().and_then(of).map_or_else(|| "-".to_owned(), |usd| usd.to_string())
        };
        let capabilities = &self.facts.capabilities;
        let can = match self.target {
            Some(_) => self.words().join(" "),
            None => format!("to {}", self.route.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
        };
        [
            harmless(&self.name).into_owned(),
            number(capabilities.context_window),
            number(capabilities.max_output),
            price(ModelPrice::input),
            price(ModelPrice::output),
            self.state.to_owned(),
            harmless(&can).into_owned(),
        ]
    }

    fn to_json(&self, catalogue: &Catalogue) -> Value {
        let Some(target) = &self.target else {
            return json!({"id": self.name, "state": self.state, "targets": self.route});
        };
        let rates = || self.price.iter().flat_map(ModelPrice::rates);
        let input = rates().find(|(component, _, _)| *component == Component::Input).or_else(|| rates().next());
        let source = input.map(|(_, _, source)| source);
        let list = source.and_then(|source| catalogue.list(target, source));
        json!({
            "id": self.name,
            "provider": target.provider,
            "model": target.model,
            "state": self.state,
            "context_window": self.facts.capabilities.context_window,
            "max_output": self.facts.capabilities.max_output,
            "can": abilities(&self.facts).collect::<Vec<_>>(),
            "deprecated": self.facts.deprecated,
            "retires": self.facts.retires,
            "input_per_mtok": self.price.as_ref().and_then(ModelPrice::input),
            "output_per_mtok": self.price.as_ref().and_then(ModelPrice::output),
            "price_source": source,
            "price_list": list.map(|list| json!({"source": list.source, "version": list.version, "date": list.date})),
        })
    }
}

fn abilities(facts: &ModelFacts) -> impl Iterator<Item = &'static str> {
    let can: &Capabilities = &facts.capabilities;
    let takes = |kind: &str| {
        let pattern = |pattern: &std::borrow::Cow<'static, str>| pattern.starts_with(kind);
        if can.media_inline.iter().chain(&can.media_url).any(pattern) { Support::Yes } else { Support::Unknown }
    };
    [
        ("chat", can.chat),
        ("tools", can.tools),
        ("schema", can.json_schema),
        ("reasoning", can.reasoning),
        ("vision", takes("image/")),
        ("pdf", takes("application/pdf")),
        ("audio", takes("audio/")),
        ("video", takes("video/")),
        ("cache", facts.prompt_cache),
        ("search", facts.web_search),
        ("embeddings", can.embeddings),
        ("rerank", can.rerank),
        ("images", can.images),
        ("speech", can.speech),
        ("transcription", can.transcription),
        ("moderation", can.moderation),
    ]
    .into_iter()
    .filter(|(_, support)| *support == Support::Yes)
    .map(|(word, _)| word)
}

/// Columns as wide as what is in them; numbers to the right.
fn table(rows: &[Row]) -> String {
    let head = ["model", "context", "answer", "$/M in", "$/M out", "state", "can"].map(str::to_owned);
    let cells: Vec<[String; 7]> = std::iter::once(head).chain(rows.iter().map(Row::cells)).collect();
    let width = |column: usize| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let [name, context, answer, input, output, state] = [0, 1, 2, 3, 4, 5].map(width);
    let mut text = String::new();
    for [a, b, c, d, e, f, g] in &cells {
        let row = format!("{a:<name$}  {b:>context$}  {c:>answer$}  {d:>input$}  {e:>output$}  {f:<state$}  {g}");
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", row.trim_end());
    }
    text
}
