//! What a plugin crate exports: one constant description and a constructor.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::HeaderMap;
use serde_json::{Map, Value};

use crate::capability::{KnownModels, LinkedCards};
use crate::error::Error;
use crate::provider::Provider;
use crate::settings::{self, HEADERS, setting_of};

/// One setting of a plugin. The table drives the environment look-up, the configuration reference and error messages.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "each says a thing of its own, and any of them may hold together")]
pub struct Setting {
    /// Key in the plugin's configuration (`api_key`).
    pub key: &'static str,
    /// Other keys that mean the same.
    pub aliases: &'static [&'static str],
    /// What it is, in one line.
    pub doc: &'static str,
    /// Environment variables that give it, the canonical one first. The host reads them; the plugin never does.
    pub env: &'static [&'static str],
    /// Never shown.
    pub secret: bool,
    /// Those of the variables that other services read too: a provider that is configured by nothing else steps back
    /// behind one that is configured by its vendor's own.
    pub shared_env: &'static [&'static str],
    /// The variables are set by machines, and for many services: they are read for a provider that is named, and configure
    /// none unasked.
    pub ambient: bool,
    /// Without it the provider counts as not configured.
    pub required: bool,
    /// What it is when it is left out, where that is one text.
    pub default: Option<&'static str>,
    /// A table of the account's own names of models (deployments) and the models behind them, with or without a provider:
    /// a host has prices and facts of the former from the latter.
    pub models: bool,
}

impl Setting {
    /// A setting that may be left out.
    pub const fn optional(key: &'static str, doc: &'static str) -> Self {
        Self {
            key,
            aliases: &[],
            doc,
            env: &[],
            shared_env: &[],
            ambient: false,
            secret: false,
            required: false,
            default: None,
            models: false,
        }
    }

    /// A secret without which the provider is not configured.
    pub const fn key(key: &'static str, doc: &'static str) -> Self {
        Self::optional(key, doc).secret().required()
    }

    /// With other keys that mean the same.
    pub const fn with_aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    /// With the environment variables that give it, the canonical one first.
    pub const fn with_env(mut self, env: &'static [&'static str]) -> Self {
        self.env = env;
        self
    }

    /// With those of its variables that other services read too.
    pub const fn with_shared_env(mut self, env: &'static [&'static str]) -> Self {
        self.shared_env = env;
        self
    }

    /// Its variables are set by machines, and for many services.
    pub const fn ambient(mut self) -> Self {
        self.ambient = true;
        self
    }

    /// With what it is when it is left out.
    pub const fn with_default(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    /// A table of the account's own names of models and the models behind them.
    pub const fn of_models(mut self) -> Self {
        self.models = true;
        self
    }

    /// Never shown.
    pub const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// Without it the provider counts as not configured.
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }
}

/// What the host tells a plugin when it builds a provider.
#[derive(Clone)]
#[non_exhaustive]
pub struct BuildCx {
    /// Instance id: the plugin's own id unless the operator named several instances.
    pub id: Arc<str>,
    /// What is known of models, for what a model refuses and what it is asked differently: never by the form of its name.
    pub models: Arc<dyn KnownModels>,
    /// More headers for every call, as the operator set them. Their values count as secret. A header that the vendor's
    /// protocol or the key needs goes before one of these.
    pub headers: HeaderMap,
}

impl BuildCx {
    /// An instance id. Of models the linked cards are known.
    pub fn new(id: impl Into<Arc<str>>) -> Self {
        Self { id: id.into(), models: Arc::new(LinkedCards), headers: HeaderMap::new() }
    }

    /// With who knows what models can do.
    pub fn with_models(mut self, models: Arc<dyn KnownModels>) -> Self {
        self.models = models;
        self
    }

    /// With more headers for every call.
    pub fn with_headers(mut self, headers: HeaderMap) -> Self {
        self.headers = headers;
        self
    }
}

impl fmt::Debug for BuildCx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BuildCx").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Builds a provider from its configuration. Does no IO: a wrong key shows at the first call.
pub type Build = fn(Map<String, Value>, &BuildCx) -> Result<Arc<dyn Provider>, Error>;

/// One provider plugin: `pub static PLUGIN: ProviderPlugin` in its crate, announced by
/// [`register_provider!`](crate::register_provider).
#[derive(Debug)]
#[non_exhaustive]
pub struct ProviderPlugin {
    /// Id in configurations and in `provider/model`.
    pub id: &'static str,
    /// Other names that mean the same.
    pub aliases: &'static [&'static str],
    /// Kinds of server that the plugin knows by name: as an id each is an account of its own. A plugin of that id goes first.
    pub presets: &'static [&'static str],
    /// The vendor's name for people.
    pub name: &'static str,
    /// What can be set.
    pub settings: &'static [Setting],
    /// Beside what is required, the keys of settings of which one group is enough, the usual one first; none where what
    /// is required is all.
    pub ways: &'static [&'static [&'static str]],
    /// The model that is used where only the provider is named.
    pub default_model: Option<&'static str>,
    /// It answers without a model behind it. Such a provider is never chosen unasked.
    pub fake: bool,
    /// Builds a provider.
    pub build: Build,
    /// The crate, for messages.
    pub krate: &'static str,
    /// The crate's version, for messages.
    pub krate_version: &'static str,
}

impl ProviderPlugin {
    /// A plugin with its id, its vendor's name and its constructor. Pass `env!("CARGO_PKG_NAME")` and
    /// `env!("CARGO_PKG_VERSION")` as crate and version.
    pub const fn new(
        id: &'static str,
        name: &'static str,
        build: Build,
        krate: &'static str,
        version: &'static str,
    ) -> Self {
        Self {
            id,
            aliases: &[],
            presets: &[],
            name,
            settings: &[],
            ways: &[],
            default_model: None,
            fake: false,
            build,
            krate,
            krate_version: version,
        }
    }

    /// With other names.
    pub const fn with_aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    /// With kinds of server that it knows by name; it has a setting `preset`, which takes them.
    pub const fn with_presets(mut self, presets: &'static [&'static str]) -> Self {
        self.presets = presets;
        self
    }

    /// With what can be set.
    pub const fn with_settings(mut self, settings: &'static [Setting]) -> Self {
        self.settings = settings;
        self
    }

    /// With groups of settings of which one is enough, the usual one first.
    pub const fn with_ways(mut self, ways: &'static [&'static [&'static str]]) -> Self {
        self.ways = ways;
        self
    }

    /// With the model that is used where only the provider is named.
    pub const fn with_default_model(mut self, model: &'static str) -> Self {
        self.default_model = Some(model);
        self
    }

    /// It answers without a model behind it.
    pub const fn as_fake(mut self) -> Self {
        self.fake = true;
        self
    }

    /// The preset of this name.
    pub fn preset(&self, name: &str) -> Option<&'static str> {
        self.presets.iter().find(|preset| **preset == name).copied()
    }

    /// The id of the account that one of the plugin's names means: a preset's own, else the plugin's.
    pub fn account_id(&self, name: &str) -> &'static str {
        self.preset(name).unwrap_or(self.id)
    }

    /// The variables that give a setting of an account, the canonical one first: those of its table to the account of the
    /// plugin's own id, `VENICE_API_KEY` to that of the preset `venice`, and none to an account of another name.
    pub fn variables(&self, id: &str, setting: &Setting) -> Vec<Cow<'static, str>> {
        if id == self.id {
            return setting.env.iter().copied().map(Cow::Borrowed).collect();
        }
        match self.preset(id) {
            Some(preset) if !setting.env.is_empty() => {
                vec![format!("{preset}_{}", setting.key).to_uppercase().replace('-', "_").into()]
            }
            _ => Vec::new(),
        }
    }

    /// What to set, for messages: `OPENAI_API_KEY or api_key of the provider "openai"`. Of several settings one is enough.
    pub fn how_to_set(&self, id: &str, keys: &[&str]) -> String {
        let settings = self.settings.iter().filter(|setting| keys.contains(&setting.key));
        let mut ways: Vec<String> =
            settings.filter_map(|setting| Some(self.variables(id, setting).into_iter().next()?.into_owned())).collect();
        ways.push(setting_of(id, &keys.join(" or ")));
        ways.join(" or ")
    }

    /// The configuration with the settings' own keys. A key that means no setting is an error.
    pub fn settle(&self, id: &str, config: Map<String, Value>) -> Result<Map<String, Value>, Error> {
        settings::settle(self, id, config)
    }

    /// The setting with this key.
    pub fn setting(&self, key: &str) -> Option<&'static Setting> {
        self.settings.iter().find(|setting| setting.key == key)
    }

    /// Whether it needs something and has it, or needs nothing; `is_there` says which settings are.
    pub fn is_complete(&self, is_there: impl Fn(&'static Setting) -> bool) -> bool {
        self.missing(is_there).is_empty()
    }

    /// What is missing of what it needs: required settings, and those of the way that was begun, or else of the shortest.
    /// `is_there` says which settings there are.
    pub fn missing(&self, is_there: impl Fn(&'static Setting) -> bool) -> Vec<&'static Setting> {
        let lacks = |setting: &&'static Setting| !is_there(setting);
        let of_way = |way: &&'static [&'static str]| -> Vec<&'static Setting> {
            way.iter().filter_map(|key| self.setting(key)).filter(lacks).collect()
        };
        let way = self.ways.iter().map(|way| (way.len(), of_way(way)));
        let way = way.min_by_key(|(all, lacking)| (!lacking.is_empty(), *all == lacking.len(), lacking.len()));
        let required = self.settings.iter().filter(|setting| setting.required).filter(lacks);
        required.chain(way.map(|(_, lacking)| lacking).unwrap_or_default()).collect()
    }

    /// The groups of settings that configure it and that are there as a whole, each with what is required.
    pub fn complete_ways(&self, is_there: impl Fn(&'static Setting) -> bool) -> Vec<Vec<&'static Setting>> {
        let required = self.settings.iter().filter(|setting| setting.required);
        let ways = if self.ways.is_empty() { &[&[][..]][..] } else { self.ways };
        let whole = |way: &&[&str]| -> Vec<&'static Setting> {
            required.clone().chain(way.iter().filter_map(|key| self.setting(key))).collect()
        };
        ways.iter().map(whole).filter(|way| way.iter().all(|setting| is_there(setting))).collect()
    }

    /// Whether it is asked with a key, in one of the ways at least.
    pub fn takes_key(&self) -> bool {
        let in_way = |setting: &Setting| self.ways.iter().any(|way| way.contains(&setting.key));
        self.settings.iter().any(|setting| setting.secret && (setting.required || in_way(setting)))
    }

    /// Builds a provider; errors name the provider.
    ///
    /// Every plugin but a fake one takes a table `headers`, which reaches it as [`BuildCx::headers`].
    pub fn build(&self, config: Map<String, Value>, cx: &BuildCx) -> Result<Arc<dyn Provider>, Error> {
        let build = || {
            let mut config = self.settle(&cx.id, config)?;
            match config.remove(HEADERS) {
                None => (self.build)(config, cx),
                Some(headers) => (self.build)(config, &cx.clone().with_headers(settings::headers(&cx.id, &headers)?)),
            }
        };
        build().map_err(|error| error.with_provider(cx.id.clone()))
    }
}
