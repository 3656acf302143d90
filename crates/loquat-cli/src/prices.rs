//! `loquat prices`: what a model costs and who says so, or where prices come from. Nothing is sent.

use std::path::PathBuf;

use clap::Args;
use llm_core::{Component, CostSource, Target, closest};
use loquat::Environment;
use loquat::catalog::{DataSource, ModelOverlay, ModelPrice, per};
use serde_json::{Value, json};

use crate::catalogue::{Catalogue, title};
use crate::failure::Failure;
use crate::terminal::{line, note};

/// Say what a model costs and whose word that is; without a model, where prices come from.
#[derive(Args)]
pub(crate) struct Prices {
    /// The model, as provider/model
    model: Option<String>,
    #[arg(short, long, help = "Configuration file [env: LOQUAT_CONFIG]")]
    config: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Prices {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let catalogue = Catalogue::read(&Environment::read()?, self.config.as_deref())?;
        match &self.model {
            Some(model) => self.of_model(&catalogue, model),
            None => self.sources(&catalogue),
        }
    }

    fn of_model(&self, catalogue: &Catalogue, model: &str) -> Result<(), Failure> {
        let named: Target = model.parse().map_err(|error| like(catalogue, model, &error))?;
        let account = catalogue.account(&named.provider)?;
        let target = Target::new(account.id.as_str(), named.model);
        let price = catalogue.catalog.price(&target.provider, &target.model, &catalogue.now);
        let price = price.map_err(|error| like(catalogue, &target.to_string(), &error))?;
        let list = |source| catalogue.list(&target, source);
        if self.json {
            let components: Vec<Value> = price.rates().map(|rate| component(rate, list(rate.2))).collect();
            return line(json!({"target": target, "components": components}));
        }
        line(format_args!("{target}"))?;
        for (component, rate, source) in price.rates() {
            let who = who(source, list(source));
            let price = format!("${}", rate.at(0));
            line(format_args!("  {:<22} {price:<14} {:<22} {who}", component.as_str(), unit(component)))?;
            for (above, usd) in rate.tiers() {
                let price = format!("${usd}");
                line(format_args!("  {:<22} {price:<14} above {above} input tokens", ""))?;
            }
        }
        unsaid(&price);
        Ok(())
    }

    fn sources(&self, catalogue: &Catalogue) -> Result<(), Failure> {
        let own = &catalogue.config.prices;
        // What was fetched is asked first.
        let mut sources = catalogue.catalog.sources();
        // One list may give prices and capabilities.
        sources.dedup();
        let fetched = own.file.is_some();
        if self.json {
            let kind = |place: usize| if fetched && place == 0 { CostSource::Fetched } else { CostSource::Embedded };
            let lists: Vec<Value> =
                sources.iter().enumerate().map(|(place, list)| json!({"kind": kind(place), "list": list})).collect();
            return line(json!({"own": own.models, "file": own.file, "sources": lists}));
        }
        line(
            "In this order, for each component by itself: the request's own prices, yours, a fetched list, those of this version.",
        )?;
        if own.models.is_empty() {
            line("yours: none; [[prices.model]] in the configuration")?;
        } else {
            line("yours:")?;
        }
        for entry in &own.models {
            line(format_args!("  {}", said(entry)))?;
        }
        match &own.file {
            Some(file) => line(format_args!("fetched: {}", file.display()))?,
            None => line("fetched: none; prices.file in the configuration")?,
        }
        for (place, list) in sources.iter().enumerate() {
            if place == usize::from(fetched) {
                line("of this version:")?;
            }
            line(format_args!("  {} · {} · {} · {}", title(list), list.license, list.copyright, list.url))?;
        }
        Ok(())
    }
}

/// What a part without a price of its own costs.
fn unsaid(price: &ModelPrice) {
    let has = |component| price.rates().any(|(of, _, _)| of == component);
    if has(Component::Output) && !has(Component::Reasoning) {
        note("note: reasoning is billed as output; other parts without a price cost what their whole costs");
    }
}

fn component(
    (component, rate, source): (Component, &loquat::catalog::Rate, CostSource),
    list: Option<&DataSource>,
) -> Value {
    let tiers: Vec<Value> = rate.tiers().iter().map(|(above, usd)| json!({"above_input": above, "usd": usd})).collect();
    json!({
        "component": component.as_str(),
        "usd": rate.at(0),
        "per": per(component),
        "tiers": tiers,
        "source": source,
        "list": list.map(title),
    })
}

fn unit(component: Component) -> &'static str {
    use Component as C;
    match component {
        C::AudioSecond | C::InputAudioSecond => "an hour",
        C::InputCharacter => "a million characters",
        _ if component.is_input_token() || component.is_output_token() => "a million tokens",
        C::Request => "a thousand requests",
        C::WebSearch | C::StorageSearch => "a thousand searches",
        C::InputMessage => "a thousand messages",
        C::InputPage | C::InputAnnotatedPage => "a thousand pages",
        C::Image => "a thousand images",
        _ => {
            if per(component) == 1000 {
                "a thousand"
            } else {
                "a million"
            }
        }
    }
}

fn who(source: CostSource, list: Option<&DataSource>) -> String {
    match (source, list) {
        (CostSource::User, _) => "your configuration".to_owned(),
        (_, Some(list)) => title(list),
        // Models on one's own machine: nobody sends a bill.
        (_, None) => "nobody bills it".to_owned(),
    }
}

/// An operator's entry in one line.
fn said(entry: &ModelOverlay) -> String {
    let base = entry.base_model.as_ref().map(|base| format!(" as {base}")).unwrap_or_default();
    let prices: Vec<String> = entry.price.iter().map(|(of, usd)| format!("{} ${usd}", of.as_str())).collect();
    let prices = if prices.is_empty() { String::new() } else { format!(": {}", prices.join(", ")) };
    format!("{}/{}{base}{prices}", entry.provider, entry.model)
}

/// An error that names what is similar.
fn like(catalogue: &Catalogue, asked: &str, error: &dyn std::fmt::Display) -> Failure {
    let models = catalogue.models(&catalogue.accounts);
    let names: Vec<String> = models.iter().map(|(target, _)| target.to_string()).collect();
    let by_model: Vec<&str> = models
        .iter()
        .zip(&names)
        .filter(|((target, _), _)| target.model.eq_ignore_ascii_case(asked))
        .map(|(_, name)| name.as_str())
        .take(5)
        .collect();
    let hint = match by_model.as_slice() {
        [] => closest(asked, names.iter().map(String::as_str)).map(str::to_owned),
        some => Some(some.join(" or ")),
    };
    let hint = hint.map(|hint| format!("; did you mean {hint}?")).unwrap_or_default();
    Failure::Usage(format!("{error}{hint}"))
}
