//! The catalogue: what is known of models, from several sources, the nearer one counting more, key by key.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use llm_core::{Component, CostSource, TokenEstimate, Usd};

use crate::book::{Book, Model};
use crate::facts::FactBook;
use crate::name;
use crate::overlay::{Index, ModelOverlay, Overlay};
use crate::price::{ModelPrice, Unpriced};
use crate::rate::Rate;
use crate::shelf::{DataSource, Shelf};
use crate::terms::Terms;

/// How many models may stand for one another in a row.
const BASES: usize = 4;

/// What models cost and can do. Cheap to clone; what it reads of its data is read once for the whole process.
///
/// Prices that come with a call count more than the operator's, these more than fetched ones, and these more than the
/// ones of this version; so for each price and each capability by itself.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    pub(crate) user: Arc<Index>,
    pub(crate) fetched: Option<Arc<Book>>,
    pub(crate) embedded: Option<&'static Embedded>,
    /// Instances by their ids, with their plugins.
    instances: Arc<HashMap<String, String>>,
}

/// What this version carries.
#[derive(Debug)]
pub(crate) struct Embedded {
    /// In the order in which they are asked.
    pub(crate) books: Vec<Book>,
    pub(crate) facts: Option<FactBook>,
}

fn embedded() -> &'static Embedded {
    static EMBEDDED: OnceLock<Embedded> = OnceLock::new();
    const PRICES: [&str; 2] = [include_str!("../data/prices.jsonl"), include_str!("../data/prices_more.jsonl")];
    const FACTS: &str = include_str!("../data/capabilities.jsonl");
    // Data that cannot be read is data that is not there; the tests of this crate read all of it.
    EMBEDDED.get_or_init(|| Embedded {
        books: PRICES.into_iter().filter_map(|text| Shelf::open(text).ok()).map(Book::new).collect(),
        facts: Shelf::open(FACTS).ok().map(FactBook::new),
    })
}

/// A target in the terms of the catalogue.
struct Known<'a> {
    provider: &'a str,
    /// In lower case.
    model: String,
}

impl Catalog {
    /// The prices and capabilities of this version.
    pub fn embedded() -> Self {
        Self { embedded: Some(embedded()), ..Self::default() }
    }

    /// Nothing but what it is given.
    pub fn empty() -> Self {
        Self::default()
    }

    /// With an operator's own prices and facts, in place of those it had.
    pub fn with_overlay(mut self, overlay: Overlay) -> Self {
        self.user = Arc::new(Index::new(overlay));
        self
    }

    /// With instances of providers that have names of their own (`openai-eu`), each with the id of its plugin, in place of
    /// those it had. They have their plugin's prices and facts; what an operator says of an instance by its name goes before
    /// what is said of the plugin.
    pub fn with_instances<I: Into<String>, P: Into<String>>(mut self, of: impl IntoIterator<Item = (I, P)>) -> Self {
        self.instances = Arc::new(of.into_iter().map(|(id, plugin)| (id.into(), plugin.into())).collect());
        self
    }

    /// The plugin of an instance; the name itself where it is no instance's.
    pub fn plugin<'a>(&'a self, provider: &'a str) -> &'a str {
        self.instances.get(provider).map_or(provider, String::as_str)
    }

    /// What the operator says of a model.
    pub(crate) fn said(&self, provider: &str, model: &str) -> Option<&ModelOverlay> {
        let plugin = self.plugin(provider);
        let of_plugin = || if plugin == provider { None } else { self.user.find(plugin, model) };
        self.user.find(provider, model).or_else(of_plugin)
    }

    /// With a newer price list in the form of this crate's data, in place of one it had. All of it is read at once, so
    /// that a list with a fault is refused as a whole; the error says what is wrong.
    pub fn with_fetched(mut self, list: String) -> Result<Self, FetchedError> {
        let book = Book::new(Shelf::open(list).map_err(FetchedError)?);
        book.read_all().map_err(FetchedError)?;
        self.fetched = Some(Arc::new(book));
        Ok(self)
    }

    /// Where the data comes from that it knows, and under which licences.
    pub fn sources(&self) -> Vec<DataSource> {
        let facts = self.embedded.and_then(|embedded| embedded.facts.as_ref()).map(|facts| facts.shelf().source());
        self.books().map(|(book, _)| book.shelf().source()).chain(facts).cloned().collect()
    }

    /// The list that has a model's prices, of those that came with this version or of those that were fetched; of the model
    /// that it is said to be, where the operator says that.
    pub fn price_list<'a>(&'a self, provider: &'a str, model: &'a str, source: CostSource) -> Option<&'a DataSource> {
        let (mut provider, mut model) = (provider, model);
        for _ in 0..=BASES {
            let Some(base) = self.said(provider, model).and_then(|own| own.base_model.as_deref()) else { break };
            (provider, model) = self.split(provider, base);
        }
        let known = Known { provider: self.plugin(provider), model: model.to_lowercase() };
        let mut books = self.books().filter(|(_, of)| *of == source).map(|(book, _)| book);
        books.find(|book| known.find(book).is_some()).map(|book| book.shelf().source())
    }

    /// What a model costs under these terms.
    pub fn price(&self, provider: &str, model: &str, terms: &Terms<'_>) -> Result<ModelPrice, Unpriced> {
        self.price_with(provider, model, terms, None)
    }

    /// What a model costs under these terms, with prices that came with the call over all others.
    pub fn price_with(
        &self,
        provider: &str,
        model: &str,
        terms: &Terms<'_>,
        request: Option<&ModelOverlay>,
    ) -> Result<ModelPrice, Unpriced> {
        let user = self.said(provider, model);
        let base = request.and_then(|own| own.base_model.as_deref());
        let base = base.or_else(|| user.and_then(|own| own.base_model.as_deref()));
        let mut price = match base {
            Some(base) => self.base_price(provider, base, terms, BASES),
            None => self.listed(provider, model, terms),
        };
        for (own, source) in [(user, CostSource::User), (request, CostSource::Request)] {
            if let Some(own) = own.filter(|own| !own.price.is_empty()) {
                let mut known = price.unwrap_or_default();
                known.lay_over(own.rates(), source);
                price = Ok(known);
            }
        }
        price
    }

    /// The price of a model that another one is said to be.
    fn base_price(&self, provider: &str, base: &str, terms: &Terms<'_>, left: usize) -> Result<ModelPrice, Unpriced> {
        let (provider, model) = self.split(provider, base);
        let user = self.said(provider, model);
        let mut price = match user.and_then(|own| own.base_model.as_deref()) {
            Some(further) if left > 0 => self.base_price(provider, further, terms, left - 1),
            _ => self.listed(provider, model, terms),
        };
        if let Some(own) = user.filter(|own| !own.price.is_empty()) {
            let mut known = price.unwrap_or_default();
            known.lay_over(own.rates(), CostSource::User);
            price = Ok(known);
        }
        price
    }

    /// `provider/model` where the first part is a provider that it knows; else a model of the same provider.
    pub(crate) fn split<'a>(&self, provider: &'a str, base: &'a str) -> (&'a str, &'a str) {
        match base.split_once('/') {
            Some((other, model)) if self.knows(other) => (other, model),
            _ => (provider, base),
        }
    }

    /// Whether it has prices of a provider.
    pub fn knows(&self, provider: &str) -> bool {
        let provider = self.plugin(provider);
        let listed = |(book, _): (&Book, _)| name::in_prices(provider).any(|list| book.models(list).is_some());
        self.books().any(listed) || name::is_own(provider, "")
    }

    fn books(&self) -> impl Iterator<Item = (&Book, CostSource)> {
        let embedded = self.embedded.into_iter().flat_map(|embedded| &embedded.books);
        let fetched = self.fetched.as_deref().map(|book| (book, CostSource::Fetched));
        fetched.into_iter().chain(embedded.map(|book| (book, CostSource::Embedded)))
    }

    fn listed(&self, provider: &str, model: &str, terms: &Terms<'_>) -> Result<ModelPrice, Unpriced> {
        let provider = self.plugin(provider);
        let known = Known { provider, model: model.to_lowercase() };
        let class = |key: &str, value: &str| terms.holds(key, value);
        let mut found: Vec<(Vec<(Component, Rate)>, CostSource)> = Vec::new();
        let (mut special, mut listed) = (false, false);
        for (book, source) in self.books() {
            // The lists of this version complement each other; the first that knows a model prices it.
            if found.iter().any(|(_, other)| *other == source) {
                continue;
            }
            if let Some(model) = known.find(book) {
                let (rates, has_class) = model.rates(terms.unix, &class);
                listed = true;
                special |= has_class;
                if !rates.is_empty() {
                    found.push((rates, source));
                }
            }
        }
        let mut price = ModelPrice::default();
        price.usual = terms.is_unusual() && !special;
        for (rates, source) in found.into_iter().rev() {
            price.lay_over(rates, source);
        }
        if !price.is_empty() {
            return Ok(price);
        }
        if name::is_own(provider, &known.model) {
            let nothing = [Component::Input, Component::Output].map(|component| (component, Rate::flat(Usd::ZERO)));
            price.lay_over(nothing, CostSource::Embedded);
            price.usual = false;
            return Ok(price);
        }
        let names = || (provider.to_owned(), model.to_owned());
        Err(if listed {
            let (provider, model) = names();
            Unpriced::Price(provider, model)
        } else if self.knows(provider) {
            let (provider, model) = names();
            Unpriced::Model(provider, model)
        } else {
            Unpriced::Provider(provider.to_owned())
        })
    }

    /// What an estimated call will cost at most: all input at its full price, and the longest answer it allows.
    /// `None` when a price is not known, or the request does not say how long the answer may be and `output` neither.
    pub fn predict(
        &self,
        provider: &str,
        model: &str,
        tokens: TokenEstimate,
        output: Option<u64>,
        terms: &Terms<'_>,
    ) -> Option<Usd> {
        let price = self.price(provider, model, terms).ok()?;
        let output = output.or(tokens.max_output)?;
        let exact = |component, count| if count == 0 { Some(0) } else { price.exact(component, count, tokens.input) };
        let request = price.rate(Component::Request).map_or(Some(0), |_| exact(Component::Request, 1))?;
        let sum = exact(Component::Input, tokens.input)?.checked_add(exact(Component::Output, output)?)?;
        Some(crate::cost::rounded(sum.checked_add(request)?))
    }

    /// The cheapest of several targets for an estimated call, by its place, with what it is thought to cost.
    /// Those of unknown price are passed over.
    pub fn cheapest<'a>(
        &self,
        targets: impl IntoIterator<Item = (&'a str, &'a str)>,
        tokens: TokenEstimate,
        output: Option<u64>,
        terms: &Terms<'_>,
    ) -> Option<(usize, Usd)> {
        let priced = targets.into_iter().enumerate().filter_map(|(place, (provider, model))| {
            Some((place, self.predict(provider, model, tokens, output, terms)?))
        });
        priced.min_by_key(|(place, cost)| (*cost, *place))
    }

    /// The list's own name of a model, where it is known: `claude-haiku-4-5` for `claude-haiku-4-5-20251001`.
    pub fn canonical(&self, provider: &str, model: &str) -> Option<&str> {
        Some(&self.listing(provider, model)?.id)
    }

    pub(crate) fn listing(&self, provider: &str, model: &str) -> Option<&Model> {
        let known = Known { provider: self.plugin(provider), model: model.to_lowercase() };
        self.books().find_map(|(book, _)| known.find(book))
    }

    /// The models of a provider that have a price of their own, sorted.
    pub fn models(&self, provider: &str) -> Vec<&str> {
        let plugin = self.plugin(provider);
        let lists = self.books().flat_map(|(book, _)| name::in_prices(plugin).filter_map(|list| book.models(list)));
        let own = self.user.iter().filter(|own| own.provider == provider).map(|own| own.model.as_str());
        let mut names: Vec<_> = lists.flat_map(|models| models.iter().map(|model| &*model.id)).chain(own).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Models whose `provider/name` has all words of `text` in it, sorted; providers are the lists' own names of them.
    pub fn search(&self, text: &str) -> Vec<(String, String)> {
        let words: Vec<_> = text.split_whitespace().map(str::to_lowercase).collect();
        let mut found = Vec::new();
        let mut look = |provider: &str, model: &str| {
            let name = format!("{provider}/{model}").to_lowercase();
            if words.iter().all(|word| name.contains(word)) {
                found.push((provider.to_owned(), model.to_owned()));
            }
        };
        for (book, _) in self.books() {
            for provider in book.shelf().providers() {
                book.models(provider)
                    .iter()
                    .flat_map(|models| models.iter())
                    .for_each(|model| look(provider, &model.id));
            }
        }
        self.user.iter().for_each(|own| look(&own.provider, &own.model));
        found.sort_unstable();
        found.dedup();
        found
    }
}

impl Known<'_> {
    fn find<'b>(&self, book: &'b Book) -> Option<&'b Model> {
        if let Some((list, model)) = name::served_by(self.provider, &self.model) {
            return book.model(&list, model);
        }
        name::in_prices(self.provider).find_map(|list| book.model(list, &self.model))
    }
}

/// What is wrong with a price list that was fetched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("reading a price list: {0}")]
pub struct FetchedError(String);
