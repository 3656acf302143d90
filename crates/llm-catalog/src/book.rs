//! A price list: read provider by provider, when one is first asked for, and looked up by exact name, then by pattern.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use llm_core::Component;
use serde::Deserialize;

use crate::moment::Moments;
use crate::pattern::Pattern;
use crate::rate::Rate;
use crate::shelf::Shelf;
use crate::unit;

/// A price list and where it comes from. Models are read when their provider is first asked for.
#[derive(Debug)]
pub(crate) struct Book {
    shelf: Shelf,
    providers: Vec<OnceLock<Models>>,
}

/// The models of one provider.
#[derive(Debug, Default)]
pub(crate) struct Models {
    rows: Vec<Model>,
    exact: HashMap<Box<str>, usize>,
    /// Patterns with the row they lead to, in the order of the list.
    patterns: Vec<(Pattern, usize)>,
    fallback: Vec<String>,
}

/// A model in a price list.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) id: Box<str>,
    pub(crate) context_window: Option<u64>,
    pub(crate) deprecated: bool,
    /// In the order of the list: the last that holds counts.
    prices: Vec<Dated>,
    /// Prices of other classes, key by key: the first that holds counts.
    variants: Vec<Dated>,
}

#[derive(Debug)]
struct Dated {
    when: Vec<(Box<str>, Box<str>)>,
    moments: Moments,
    rates: Vec<(Component, Rate)>,
}

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(default)]
    m: Vec<Pattern>,
    ctx: Option<u64>,
    dep: Option<serde_json::Value>,
    #[serde(default, borrow)]
    p: Vec<DatedRow<'a>>,
    #[serde(default, borrow)]
    v: Vec<DatedRow<'a>>,
}

#[derive(Deserialize)]
struct DatedRow<'a> {
    #[serde(default, borrow)]
    when: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    #[serde(borrow)]
    from: Option<Cow<'a, str>>,
    #[serde(borrow)]
    utc: Option<[Cow<'a, str>; 2]>,
    #[serde(borrow)]
    p: BTreeMap<Cow<'a, str>, Rate>,
}

impl Book {
    pub(crate) fn new(shelf: Shelf) -> Self {
        let providers = shelf.providers().map(|_| OnceLock::new()).collect();
        Self { shelf, providers }
    }

    /// Reads everything at once, so that a fault shows now.
    pub(crate) fn read_all(&self) -> Result<(), String> {
        for (place, _) in self.shelf.providers().enumerate() {
            Models::read(&self.shelf, place)?;
        }
        Ok(())
    }

    pub(crate) fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// The models of a provider, by the list's own name of it.
    pub(crate) fn models(&self, provider: &str) -> Option<&Models> {
        let place = self.shelf.place(provider)?;
        // What cannot be read is not known; `read_all` and the tests of the data say why.
        Some(self.providers[place].get_or_init(|| Models::read(&self.shelf, place).unwrap_or_default()))
    }

    /// A model by its provider and its name in lower case, also in the lists of those whose models the provider serves.
    pub(crate) fn model(&self, provider: &str, name: &str) -> Option<&Model> {
        let models = self.models(provider)?;
        let find = |name: &str| {
            let others = || models.fallback.iter().find_map(|other| self.models(other)?.find(name));
            models.find(name).or_else(others)
        };
        find(name).or_else(|| find(&crate::name::with_dashed_date(name)?))
    }
}

impl Models {
    fn read(shelf: &Shelf, place: usize) -> Result<Self, String> {
        let mut models = Self { fallback: shelf.fallback(place)?, ..Self::default() };
        for line in shelf.lines(place) {
            let row: Row<'_> = serde_json::from_str(line).map_err(|error| format!("{error} in {line}"))?;
            models.add(row)?;
        }
        Ok(models)
    }

    fn add(&mut self, row: Row<'_>) -> Result<(), String> {
        let place = self.rows.len();
        if row.m.is_empty() {
            self.exact.entry(row.id.to_lowercase().into()).or_insert(place);
        }
        for pattern in row.m {
            match pattern {
                Pattern::Exact(name) => {
                    self.exact.entry(name).or_insert(place);
                }
                pattern => self.patterns.push((pattern, place)),
            }
        }
        self.rows.push(Model {
            id: row.id.into(),
            context_window: row.ctx,
            deprecated: row.dep.is_some(),
            prices: row.p.into_iter().map(Dated::read).collect::<Result<_, _>>()?,
            variants: row.v.into_iter().map(Dated::read).collect::<Result<_, _>>()?,
        });
        Ok(())
    }

    fn find(&self, name: &str) -> Option<&Model> {
        let by_pattern = || self.patterns.iter().find(|(pattern, _)| pattern.fits(name)).map(|(_, place)| *place);
        self.exact.get(name).copied().or_else(by_pattern).map(|place| &self.rows[place])
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Model> {
        self.rows.iter()
    }
}

impl Model {
    /// The prices that hold at this moment for this class of service, and whether a variant of that class was found.
    pub(crate) fn rates(&self, unix: u64, class: &dyn Fn(&str, &str) -> bool) -> (Vec<(Component, Rate)>, bool) {
        let now = self.prices.iter().rev().find(|dated| dated.moments.holds(unix)).or(self.prices.first());
        let mut rates = now.map(|dated| dated.rates.clone()).unwrap_or_default();
        let mut replaced = Vec::new();
        let mut found = false;
        for variant in self.variants.iter().filter(|variant| variant.moments.holds(unix)) {
            if !variant.when.iter().all(|(key, value)| class(key, value)) {
                continue;
            }
            found = true;
            for (component, rate) in &variant.rates {
                if replaced.contains(component) {
                    continue;
                }
                replaced.push(*component);
                match rates.iter_mut().find(|(of, _)| of == component) {
                    Some((_, standard)) => standard.clone_from(rate),
                    None => rates.push((*component, rate.clone())),
                }
            }
        }
        (rates, found)
    }
}

impl Dated {
    fn read(row: DatedRow<'_>) -> Result<Self, String> {
        let mut rates = Vec::with_capacity(row.p.len());
        for (key, rate) in row.p {
            rates.push((unit::component(&key).ok_or_else(|| format!("nothing is priced by the key {key}"))?, rate));
        }
        Ok(Self {
            when: row.when.into_iter().map(|(key, value)| (key.into(), value.into())).collect(),
            moments: Moments::read(row.from.as_deref(), row.utc.as_ref())?,
            rates,
        })
    }
}
