//! Which providers are configured: the accounts of the configuration, and those whose keys the environment holds.

use std::sync::Arc;

use llm_core::{BuildCx, Error, ErrorKind, HEADERS, Provider, ProviderPlugin, Registry, Setting, setting_of};
use llm_resilience::{KeyPools, Keys};
use serde_json::{Map, Value};

use crate::around::Around;
use crate::config::{CredentialsConfig, ProviderConfig};
use crate::credentials::{self, API_KEY};
use crate::environment::Environment;

/// One configured provider.
#[derive(Clone)]
pub(crate) struct Configured {
    /// Instance id.
    pub(crate) id: Arc<str>,
    /// Its plugin; none for a provider that the application built itself.
    pub(crate) plugin: Option<&'static ProviderPlugin>,
    /// The provider itself, with its keys where they are a pool.
    pub(crate) provider: Arc<dyn Provider>,
    /// Its keys, where there are several or where they may change.
    pub(crate) keys: Option<Keys>,
    /// It is reached over TLS, as far as its settings tell.
    pub(crate) tls: bool,
}

/// What providers are built from.
#[derive(Clone, Copy)]
pub(crate) struct Site<'a> {
    pub(crate) registry: &'a Registry,
    pub(crate) environment: &'a Environment,
    pub(crate) around: &'a Around,
    pub(crate) credentials: &'a CredentialsConfig,
    pub(crate) keys: &'a KeyPools,
}

/// Builds every provider that the configuration names, and every other one whose settings the environment holds, except
/// those that the application has built itself. All problems are collected into one error.
pub(crate) fn configured(
    site: &Site<'_>,
    configs: &[ProviderConfig],
    built_already: &[&str],
) -> Result<Vec<Configured>, Error> {
    let Site { registry, environment, .. } = *site;
    let (mut built, mut problems): (Vec<Configured>, Vec<String>) = (Vec::new(), Vec::new());
    for config in configs {
        match build(site, config) {
            Ok(provider) if built.iter().any(|other| other.id == provider.id) => problems
                .push(format!("two providers have the id {:?}: give one of them another id and its `kind`", config.id)),
            Ok(provider) => built.push(provider),
            Err(error) => problems.push(error.to_string()),
        }
    }
    for plugin in registry.plugins() {
        let is_there = built_already.contains(&plugin.id) || built.iter().any(|other| *other.id == *plugin.id);
        if !is_there && is_configured(plugin, environment) {
            match build(site, &ProviderConfig::new(plugin.id)) {
                Ok(provider) => built.push(provider),
                Err(error) => problems.push(error.to_string()),
            }
        }
    }
    match problems.len() {
        0 => Ok(built),
        _ => Err(Error::new(ErrorKind::Config, problems.join("; "))),
    }
}

/// Gives each provider the id of the account that it means: another name of a plugin is the plugin's own account. Two names
/// of one account are an error.
pub(crate) fn by_account(configs: &mut [ProviderConfig], registry: &Registry) -> Result<(), Error> {
    let mut names: Vec<(String, String)> = Vec::new();
    for config in configs.iter_mut().filter(|config| config.kind.is_none()) {
        // What is linked nowhere is found when it is built.
        let Ok(plugin) = registry.plugin(&config.id) else { continue };
        let id = plugin.account_id(&config.id).to_owned();
        let name = std::mem::replace(&mut config.id, id);
        if let Some((other, _)) = names.iter().find(|(other, id)| *id == config.id && *other != name) {
            let what = format!("{other:?} and {name:?} are names of the same provider, {:?}", config.id);
            return Err(Error::new(ErrorKind::Config, format!("{what}: give one of them another id and its `kind`")));
        }
        names.push((name, config.id.clone()));
    }
    Ok(())
}

/// Wire families whose signatures hold with any account. Claude's do: "values generated on one platform work on another"
/// (Anthropic, "Extended thinking", read 2026-11). What OpenAI encrypts only the organisation that made it can read
/// (pydantic/pydantic-ai#4608). Where a vendor says nothing, the key that made something gets it back.
const PORTABLE_SEALS: &[&str] = &["anthropic"];

/// Builds one provider that nobody configured, from the environment alone: for requests that name it outright.
pub(crate) fn build(site: &Site<'_>, config: &ProviderConfig) -> Result<Configured, Error> {
    let Site { registry, environment, around, .. } = *site;
    let kind = config.kind.as_deref().unwrap_or(&config.id);
    let plugin = registry.plugin(kind)?;
    // Presets are accounts of their own, other names are the plugin's one.
    let id: Arc<str> = if config.kind.is_some() { config.id.as_str() } else { plugin.account_id(kind) }.into();
    let said = plugin.settle(&id, config.settings.clone()).map_err(|error| error.with_provider(id.clone()))?;
    let mut settings = Map::new();
    let takes_key = plugin.settings.iter().any(|setting| setting.key == API_KEY);
    let mut pooled = None;
    for (key, value) in &said {
        if key == API_KEY
            && takes_key
            && let Some(sources) = credentials::sources(&setting_of(&id, key), value, environment, site.credentials)?
        {
            // A plugin may want a key when it is built; each call brings the one that it is to use.
            settings.extend(sources.first.as_ref().map(|first| (key.clone(), first.expose().into())));
            pooled = Some(sources.all);
            continue;
        }
        settings.insert(key.clone(), resolve(&id, key, value, environment)?);
    }
    if let Some(region) = config.region.as_deref().filter(|_| plugin.settings.iter().any(|known| known.key == "region"))
    {
        settings.insert("region".to_owned(), region.into());
    }
    if let Some(preset) = plugin.preset(kind).or_else(|| plugin.preset(&config.id)) {
        settings.entry("preset").or_insert_with(|| preset.into());
    }
    for setting in plugin.settings {
        // An instance of its own name is another account: it takes no key that belongs to the vendor's default one.
        if !settings.contains_key(setting.key)
            && !(pooled.is_some() && setting.key == API_KEY)
            && let Some(value) = value(plugin, &id, setting, environment)
        {
            settings.insert(setting.key.to_owned(), value.into());
        }
    }
    let tls = speaks_tls(plugin, &settings);
    let cx = BuildCx::new(id.clone()).with_models(around.models(&id));
    let provider = plugin.build(settings, &cx)?;
    let keys = pooled.map(|sources| {
        let keys = Keys::new(id.clone(), sources, config.cool_down.unwrap_or_default(), site.keys);
        keys.with_portable_seals(PORTABLE_SEALS.contains(&provider.api()))
    });
    let provider = keys.iter().fold(provider, |provider, keys| keys.layer(provider));
    Ok(Configured { id, plugin: Some(plugin), provider, keys, tls })
}

/// Whether a provider with these settings is reached over TLS: its address says so, or, where none is set, that it
/// needs a key, which no vendor takes over plain HTTP.
fn speaks_tls(plugin: &ProviderPlugin, settings: &Map<String, Value>) -> bool {
    match settings.get("base_url").and_then(Value::as_str) {
        Some(url) => url.trim_start().starts_with("https:"),
        None => !plugin.fake && plugin.settings.iter().any(|setting| setting.required && setting.secret),
    }
}

/// Whether the environment holds what the plugin needs. A plugin that needs nothing counts as configured when any of
/// its settings is there; one that fakes its answers never does.
pub fn is_configured(plugin: &ProviderPlugin, environment: &Environment) -> bool {
    let set = |setting: &llm_core::Setting| environment.first(setting.env).is_some();
    let mut required = plugin.settings.iter().filter(|setting| setting.required).peekable();
    match required.peek() {
        _ if plugin.fake => false,
        Some(_) => required.all(set),
        None => plugin.settings.iter().any(set),
    }
}

/// What the environment says of a setting of an account.
fn value<'e>(plugin: &ProviderPlugin, id: &str, setting: &Setting, environment: &'e Environment) -> Option<&'e str> {
    plugin.variables(id, setting).iter().find_map(|name| environment.value(name))
}

/// A text as what it stands for, also those of headers; anything else as it is.
fn resolve(id: &str, key: &str, value: &Value, environment: &Environment) -> Result<Value, Error> {
    match value {
        Value::String(text) => Ok(environment.resolve(&setting_of(id, key), text)?.into_owned().into()),
        Value::Object(headers) if key == HEADERS => {
            headers.iter().map(|(name, value)| Ok((name.clone(), resolve(id, key, value, environment)?))).collect()
        }
        _ => Ok(value.clone()),
    }
}

/// The canonical variables that configure an account of a plugin, for messages.
pub(crate) fn variables(plugin: &ProviderPlugin, id: &str) -> String {
    let wanted = plugin.settings.iter().filter(|setting| setting.required);
    wanted.filter_map(|setting| plugin.variables(id, setting).into_iter().next()).collect::<Vec<_>>().join(", ")
}

/// The ids of linked plugins that nobody configured, aliases too, with what to set for one.
pub(crate) fn unconfigured(registry: &Registry, providers: &[Configured]) -> Vec<(&'static str, String)> {
    let is_there = |plugin: &ProviderPlugin| providers.iter().any(|known| *known.id == *plugin.id);
    let missing = registry.plugins().filter(|plugin| !plugin.fake && !is_there(plugin));
    let of = |plugin: &'static ProviderPlugin| {
        let wanted: Vec<&str> =
            plugin.settings.iter().filter(|setting| setting.required).map(|setting| setting.key).collect();
        let ways: Vec<String> = wanted.iter().map(|key| plugin.how_to_set(plugin.id, &[key])).collect();
        let how = if ways.is_empty() {
            "write it as a [[provider]]".to_owned()
        } else {
            format!("set {}", ways.join(", and "))
        };
        std::iter::once(plugin.id).chain(plugin.aliases.iter().copied()).map(move |id| (id, how.clone()))
    };
    missing.flat_map(of).collect()
}

/// What to set so that a provider is configured, for messages: the canonical variables of the linked plugins.
pub(crate) fn how_to_configure(registry: &Registry) -> String {
    let (mut linked, mut variables) = (Vec::new(), Vec::new());
    for plugin in registry.plugins().filter(|plugin| !plugin.fake) {
        linked.push(plugin.id);
        let wanted = plugin.settings.iter().find(|setting| setting.required).or(plugin.settings.first());
        variables.extend(wanted.and_then(|setting| setting.env.first().copied()));
    }
    if linked.is_empty() {
        return "no provider is linked: enable a provider's Cargo feature on `loquat` (openai, anthropic, gemini, ollama, …)".to_owned();
    }
    format!("linked: {}. Set {}", linked.join(", "), variables.join(" or "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn nobody(_: Map<String, Value>, _: &BuildCx) -> Result<Arc<dyn Provider>, Error> {
        Err(Error::new(ErrorKind::Config, "not built in this test"))
    }

    #[test]
    fn certificates_are_for_vendors_and_for_addresses_that_say_so() {
        const PLAIN: ProviderPlugin = ProviderPlugin::new("server", "A server", nobody, "x", "0");
        const VENDOR: ProviderPlugin = PLAIN.with_settings(&[Setting::key("api_key", "the key")]);
        let tls = |plugin: &ProviderPlugin, settings: Value| speaks_tls(plugin, settings.as_object().unwrap());
        assert!(tls(&VENDOR, json!({})) && !tls(&PLAIN, json!({})) && !tls(&VENDOR.as_fake(), json!({})));
        for plugin in [&PLAIN, &VENDOR] {
            assert!(tls(plugin, json!({"base_url": "https://host/v1"})));
            assert!(!tls(plugin, json!({"base_url": "http://127.0.0.1:8080/v1"})));
        }
    }
}
