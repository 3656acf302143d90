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
    /// It is there because of variables that other services read too: one that somebody means goes first.
    pub(crate) unmeant: bool,
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
        let said = if is_there { Said::Nothing } else { said(plugin, environment) };
        if said != Said::Nothing {
            match build(site, &ProviderConfig::new(plugin.id)) {
                Ok(provider) => built.push(Configured { unmeant: said == Said::Perhaps, ..provider }),
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
        let is_said = settings.contains_key(setting.key) || (pooled.is_some() && setting.key == API_KEY);
        if !is_said && let Some(value) = value(plugin, &id, setting, environment) {
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
    Ok(Configured { id, plugin: Some(plugin), provider, keys, tls, unmeant: false })
}

/// Whether a provider with these settings is reached over TLS: its address says so, or, where none is set, that it
/// needs a key, which no vendor takes over plain HTTP.
fn speaks_tls(plugin: &ProviderPlugin, settings: &Map<String, Value>) -> bool {
    match settings.get("base_url").and_then(Value::as_str) {
        Some(url) => url.trim_start().starts_with("https:"),
        None => !plugin.fake && plugin.takes_key(),
    }
}

/// What an environment says of a plugin that nobody names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Said {
    Nothing,
    /// By variables that other services read too.
    Perhaps,
    /// By variables of the vendor's own.
    Meant,
}

fn said(plugin: &ProviderPlugin, environment: &Environment) -> Said {
    let is_set = |setting: &Setting| !setting.ambient && environment.first(setting.env).is_some();
    let is_own = |setting: &Setting| {
        let own = setting.env.iter().filter(|name| !setting.ambient && !setting.shared_env.contains(name));
        own.copied().any(|name| environment.value(name).is_some())
    };
    let mut complete = plugin.complete_ways(is_set);
    if complete.iter().any(Vec::is_empty) {
        // It needs nothing.
        complete = plugin.settings.iter().filter(|setting| is_set(setting)).map(|setting| vec![setting]).collect();
    }
    match complete.iter().any(|way| way.iter().any(|setting| is_own(setting))) {
        _ if plugin.fake || complete.is_empty() => Said::Nothing,
        true => Said::Meant,
        false => Said::Perhaps,
    }
}

/// Whether the environment holds what the plugin needs. A plugin that needs nothing counts as configured when any of
/// its settings is there; one that fakes its answers never does. Variables that machines set for many services do not
/// count.
pub fn is_configured(plugin: &ProviderPlugin, environment: &Environment) -> bool {
    said(plugin, environment) != Said::Nothing
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

/// What an account of a plugin lacks, by the variables' names where there are such, for messages.
pub(crate) fn variables(plugin: &ProviderPlugin, id: &str, environment: &Environment) -> Vec<String> {
    let missing = plugin.missing(|setting| value(plugin, id, setting, environment).is_some());
    let name = |setting: &Setting| plugin.variables(id, setting).into_iter().next().unwrap_or(setting.key.into());
    missing.into_iter().map(|setting| name(setting).into_owned()).collect()
}

/// The ids of linked plugins that nobody configured, aliases too, with what to set for one.
pub(crate) fn unconfigured(registry: &Registry, providers: &[Configured]) -> Vec<(&'static str, String)> {
    let is_there = |plugin: &ProviderPlugin| providers.iter().any(|known| *known.id == *plugin.id);
    let missing = registry.plugins().filter(|plugin| !plugin.fake && !is_there(plugin));
    let of = |plugin: &'static ProviderPlugin| {
        let wanted = plugin.missing(|_| false).into_iter();
        let ways: Vec<String> = wanted.map(|setting| plugin.how_to_set(plugin.id, &[setting.key])).collect();
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
    let (mut linked, mut wanted) = (Vec::new(), Vec::new());
    for plugin in registry.plugins().filter(|plugin| !plugin.fake) {
        linked.push(plugin.id);
        let mut names = variables(plugin, plugin.id, &Environment::empty());
        if names.is_empty() {
            names.extend(plugin.settings.first().and_then(|setting| setting.env.first()).map(ToString::to_string));
        }
        wanted.extend(Some(names.join(" and ")).filter(|names| !names.is_empty()));
    }
    if linked.is_empty() {
        return "no provider is linked: enable a provider's Cargo feature on `loquat` (openai, anthropic, gemini, ollama, …)".to_owned();
    }
    format!("linked: {}. Set {}", linked.join(", "), wanted.join(" or "))
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

    #[test]
    fn one_of_several_ways_is_enough_and_half_of_one_is_not() {
        const CLOUD: ProviderPlugin = ProviderPlugin::new("cloud", "A cloud", nobody, "x", "0")
            .with_settings(&[
                Setting::optional("api_key", "the key").with_env(&["CLOUD_KEY"]).secret(),
                Setting::optional("id", "half of a pair").with_env(&["ID"]).with_shared_env(&["ID"]),
                Setting::optional("secret", "the other half")
                    .with_env(&["SECRET"])
                    .with_shared_env(&["SECRET"])
                    .secret(),
                Setting::optional("profile", "a name in files").with_env(&["PROFILE"]).ambient(),
            ])
            .with_ways(&[&["api_key"], &["id", "secret"], &["profile"]]);
        let environment = |names: &[&str]| names.iter().map(|name| (*name, "x")).collect::<Environment>();
        for (names, meant, missing) in [
            (&[][..], Said::Nothing, &["CLOUD_KEY"][..]),
            (&["ID"], Said::Nothing, &["SECRET"]),
            (&["SECRET", "PROFILE"], Said::Nothing, &[]),
            (&["ID", "SECRET"], Said::Perhaps, &[]),
            (&["ID", "SECRET", "CLOUD_KEY"], Said::Meant, &[]),
            (&["CLOUD_KEY"], Said::Meant, &[]),
        ] {
            let environment = environment(names);
            assert!(said(&CLOUD, &environment) == meant, "{names:?}");
            assert_eq!(variables(&CLOUD, "cloud", &environment), missing, "{names:?}");
        }
        assert!(speaks_tls(&CLOUD, &Map::new()), "a key goes there");
    }

    #[test]
    fn another_variable_of_a_setting_may_be_the_vendors_own() {
        const HUB: ProviderPlugin = ProviderPlugin::new("hub", "A hub", nobody, "x", "0").with_settings(&[
            Setting::key("api_key", "the key").with_env(&["TOKEN", "HUB_KEY"]).with_shared_env(&["TOKEN"]),
            Setting::optional("base_url", "the address").with_env(&["HUB_URL"]),
        ]);
        let of = |names: &[&str]| said(&HUB, &names.iter().map(|name| (*name, "x")).collect());
        assert!(of(&["TOKEN", "HUB_URL"]) == Said::Perhaps && of(&["TOKEN", "HUB_KEY"]) == Said::Meant);
        assert!(of(&["HUB_URL"]) == Said::Nothing);
    }
}
