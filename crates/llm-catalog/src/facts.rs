//! What models can do: flags and limits, from the list of capabilities, plugins' model cards and the operator.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::OnceLock;

use llm_core::{Capabilities, Effort, Support, model_card};
use serde::Deserialize;

use crate::catalog::Catalog;
use crate::name;
use crate::shelf::Shelf;

/// What is known of a model beside its prices.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ModelFacts {
    /// What it can do, and its limits.
    pub capabilities: Capabilities,
    /// Efforts of reasoning that it takes; empty when not known.
    pub efforts: Vec<Effort>,
    /// Efforts that it is known not to take.
    pub refused_efforts: Vec<Effort>,
    /// Prompt caching.
    pub prompt_cache: Support,
    /// Shortest prompt that is cached, in tokens.
    pub prompt_cache_min: Option<u64>,
    /// The vendor searches the web.
    pub web_search: Support,
    /// Length of its vectors.
    pub dimensions: Option<u64>,
    /// The day after which it is gone (`2026-12-31`), where one is said.
    pub retires: Option<String>,
    /// The vendor advises against it.
    pub deprecated: bool,
}

/// The list of capabilities, read provider by provider.
#[derive(Debug)]
pub(crate) struct FactBook {
    shelf: Shelf,
    providers: Vec<OnceLock<HashMap<String, Row>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Row {
    id: String,
    /// Known to work, known not to work.
    y: Vec<String>,
    n: Vec<String>,
    mode: Option<String>,
    ctx: Option<u64>,
    out: Option<u64>,
    dim: Option<u64>,
    cache_min: Option<u64>,
    dep: Option<String>,
    efforts: Vec<Effort>,
    no_efforts: Vec<Effort>,
}

impl FactBook {
    pub(crate) fn new(shelf: Shelf) -> Self {
        let providers = shelf.providers().map(|_| OnceLock::new()).collect();
        Self { shelf, providers }
    }

    pub(crate) fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    pub(crate) fn read(&self, place: usize) -> Result<HashMap<String, Row>, String> {
        let row = |line: &str| serde_json::from_str::<Row>(line).map_err(|error| format!("{error} in {line}"));
        self.shelf.lines(place).map(|line| row(line).map(|row| (row.id.clone(), row))).collect()
    }

    fn find(&self, provider: &str, model: &str) -> Option<&Row> {
        let place = self.shelf.place(provider)?;
        self.providers[place].get_or_init(|| self.read(place).unwrap_or_default()).get(model)
    }

    /// By a provider's name and a model's in lower case; a snapshot is as its family where it is not listed itself.
    /// Beside it who publishes it, where the list says so.
    fn model(&self, provider: &str, model: &str) -> Option<(&Row, Option<&'static str>)> {
        let by = |model: &str| {
            let found = |list| Some((self.find(list, model)?, name::publisher(list, model)));
            name::in_capabilities(provider).find_map(found)
        };
        by(model).or_else(|| by(name::family(model)?))
    }
}

impl Row {
    fn says(&self, flag: &str) -> Support {
        let has = |flags: &[String]| flags.iter().any(|known| known == flag);
        match (has(&self.y), has(&self.n)) {
            (true, _) => Support::Yes,
            (_, true) => Support::No,
            _ => Support::Unknown,
        }
    }

    fn facts(&self) -> ModelFacts {
        let is_embedder = self.mode.as_deref() == Some("embedding");
        let is_chat = matches!(self.mode.as_deref(), None | Some("responses"));
        let mut capabilities = Capabilities::default();
        capabilities.chat = match (is_chat, is_embedder) {
            (true, _) => Support::Yes,
            (_, true) => Support::No,
            _ => Support::Unknown,
        };
        capabilities.embeddings = if is_embedder { Support::Yes } else { Support::Unknown };
        capabilities.streaming = self.says("stream");
        capabilities.tools = self.says("tools");
        capabilities.parallel_tools = self.says("parallel");
        // A model without a choice of tools cannot be forced to one; the other way round is not said.
        capabilities.forced_tool = match (self.says("forced_tool"), self.says("tool_choice")) {
            (Support::Unknown, Support::No) => Support::No,
            (forced, _) => forced,
        };
        capabilities.json_schema = self.says("schema");
        capabilities.reasoning = self.says("reasoning");
        capabilities.always_reasons = self.says("always_think");
        capabilities.adaptive_reasoning = self.says("adaptive");
        capabilities.mid_system = self.says("mid_system");
        capabilities.sampling = self.says("sampling");
        capabilities.assistant_prefill = self.says("prefill");
        if self.mode.as_deref() == Some("responses") {
            capabilities.responses_only = Support::Yes;
        }
        if self.mode.as_deref() == Some("completion") {
            capabilities.completions_only = Support::Yes;
        }
        capabilities.context_window = self.ctx;
        capabilities.max_output = self.out;
        capabilities.media_inline = self.media();
        ModelFacts {
            capabilities,
            efforts: self.efforts.clone(),
            refused_efforts: self.no_efforts.clone(),
            prompt_cache: self.says("cache"),
            prompt_cache_min: self.cache_min,
            web_search: self.says("web_search"),
            dimensions: self.dim,
            retires: self.dep.clone(),
            deprecated: false,
        }
    }

    /// The media it takes; empty when nothing is said of images, which is not that it takes none.
    fn media(&self) -> Vec<Cow<'static, str>> {
        let mut media: Vec<Cow<'static, str>> = match self.says("vision") {
            Support::Unknown => return Vec::new(),
            Support::Yes => vec!["text/*".into(), "image/*".into()],
            Support::No => vec!["text/*".into()],
        };
        // The list says seldom that documents are not taken; models that see images mostly take them.
        let documents =
            self.says("pdf") == Support::Yes || (self.says("vision") == Support::Yes && self.says("pdf").may());
        let others = [(documents, "application/pdf"), (self.is("audio_in"), "audio/*"), (self.is("video"), "video/*")];
        media.extend(others.into_iter().filter(|(takes, _)| *takes).map(|(_, kind)| kind.into()));
        media
    }

    fn is(&self, flag: &str) -> bool {
        self.says(flag) == Support::Yes
    }
}

impl Catalog {
    /// What is known of a model: the list of capabilities, over it the model card of a plugin that is linked in, over
    /// both what the operator says; each by itself. What nobody says is unknown.
    pub fn facts(&self, provider: &str, model: &str) -> ModelFacts {
        let own = self.said(provider, model);
        let mut facts = match own.and_then(|own| own.base_model.as_deref()) {
            Some(base) => {
                let (provider, model) = self.split(provider, base);
                self.listed_facts(provider, model)
            }
            None => self.listed_facts(provider, model),
        };
        if let Some(own) = own {
            facts.capabilities.lay(&own.capabilities);
        }
        facts
    }

    /// What is known that a model can do; see [`facts`](Self::facts).
    pub fn capabilities(&self, provider: &str, model: &str) -> Capabilities {
        self.facts(provider, model).capabilities
    }

    /// What the operator says that a model can do, where the operator says anything of it.
    pub fn said_of(&self, provider: &str, model: &str) -> Option<&Capabilities> {
        self.said(provider, model).map(|own| &own.capabilities)
    }

    fn listed_facts(&self, provider: &str, model: &str) -> ModelFacts {
        let provider = self.plugin(provider);
        let lower = model.to_lowercase();
        let listing = self.listing(provider, model);
        let book = self.embedded.and_then(|embedded| embedded.facts.as_ref());
        let row = book.and_then(|book| {
            let by_listing = || book.model(provider, &listing?.id.to_lowercase());
            // A provider of many vendors' models names them `vendor/model`.
            let by_vendor = || lower.split_once('/').and_then(|(vendor, model)| book.model(vendor, model));
            book.model(provider, &lower).or_else(by_listing).or_else(by_vendor)
        });
        let mut facts = row.map(|(row, _)| row.facts()).unwrap_or_default();
        facts.capabilities.publisher = row.and_then(|(_, publisher)| publisher).map(Cow::Borrowed);
        if let Some(listing) = listing {
            facts.capabilities.context_window = facts.capabilities.context_window.or(listing.context_window);
            facts.deprecated = listing.deprecated;
        }
        let card = |model: &str| name::of(provider).find_map(|id| model_card(id, model));
        if let Some(card) = card(model).or_else(|| card(name::family(model)?)) {
            card.apply(&mut facts.capabilities);
        }
        facts
    }
}
