//! Which providers are configured: the accounts of the configuration, and those whose keys the environment holds.

use std::sync::Arc;

use llm_core::{BuildCx, Error, ErrorKind, Provider, ProviderPlugin, Registry};
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
        if built.iter().any(|other| *other.id == *config.id) {
            problems
                .push(format!("two providers have the id {:?}: give one of them another id and its `kind`", config.id));
            continue;
        }
        match build(site, config) {
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

/// Wire families whose signatures hold with any account. Claude's do: "values generated on one platform work on another"
/// (Anthropic, "Extended thinking", read 2026-11). What OpenAI encrypts only the organisation that made it can read
/// (pydantic/pydantic-ai#4608). Where a vendor says nothing, the key that made something gets it back.
const PORTABLE_SEALS: &[&str] = &["anthropic"];

/// Builds one provider that nobody configured, from the environment alone: for requests that name it outright.
pub(crate) fn build(site: &Site<'_>, config: &ProviderConfig) -> Result<Configured, Error> {
    let Site { registry, environment, around, .. } = *site;
    let plugin = registry.plugin(config.kind.as_deref().unwrap_or(&config.id))?;
    let id: Arc<str> = if config.kind.is_some() { config.id.as_str().into() } else { plugin.id.into() };
    let mut settings = Map::new();
    let takes_key = plugin.settings.iter().any(|setting| setting.key == API_KEY);
    let mut pooled = None;
    for (key, value) in &config.settings {
        if key == API_KEY
            && takes_key
            && let Some(sources) =
                credentials::sources(&format!("providers.{id}.{key}"), value, environment, site.credentials)?
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
    for setting in plugin.settings {
        // An instance of its own name is another account: it takes no key that belongs to the vendor's default one.
        if config.kind.is_none()
            && !settings.contains_key(setting.key)
            && !(pooled.is_some() && setting.key == API_KEY)
            && let Some((_, value)) = environment.first(setting.env)
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

/// A text as what it stands for; anything else as it is.
fn resolve(id: &str, key: &str, value: &Value, environment: &Environment) -> Result<Value, Error> {
    let Some(text) = value.as_str() else { return Ok(value.clone()) };
    Ok(environment.resolve(&format!("providers.{id}.{key}"), text)?.into_owned().into())
}

/// The canonical variables that configure a plugin, for messages.
pub(crate) fn variables(plugin: &ProviderPlugin) -> String {
    let wanted = plugin.settings.iter().filter(|setting| setting.required);
    wanted.filter_map(|setting| setting.env.first().copied()).collect::<Vec<_>>().join(", ")
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
    use llm_core::Setting;
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
