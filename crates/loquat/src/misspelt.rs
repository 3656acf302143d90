//! Keys under names that nobody reads.

use llm_core::{Registry, closest};

use crate::environment::Environment;

/// Words of a vendor's name that are this short are close to too many others.
const SHORT: usize = 5;

/// Variables that look like keys of linked providers and are read by none, with the variable that was meant, such as
/// `OPENAI_KEY` for `OPENAI_API_KEY`.
pub fn misspelt_keys<'e>(registry: &Registry, environment: &'e Environment) -> Vec<(&'e str, &'static str)> {
    let mut read = Vec::new();
    // What a vendor is called in a variable, and the variable.
    let mut meant: Vec<(String, &'static str)> = Vec::new();
    for plugin in registry.plugins() {
        read.extend(plugin.settings.iter().flat_map(|setting| setting.env).copied());
        for setting in plugin.settings.iter().filter(|setting| setting.secret) {
            meant.extend(setting.env.iter().filter_map(|name| Some((vendor(name)?, *name))));
        }
        let key = plugin.missing(|_| false).into_iter().find(|setting| setting.secret);
        if let Some(canonical) = key.and_then(|key| key.env.first()) {
            let names = plugin.aliases.iter().chain([&plugin.id]);
            meant.extend(names.map(|name| (name.replace('-', "").to_uppercase(), *canonical)));
        }
    }
    let found = environment.names().filter(|name| !read.contains(name)).filter_map(|name| {
        let asked = vendor(name)?;
        let known = meant.iter().find(|(known, _)| *known == asked).or_else(|| {
            let long = meant.iter().map(|(known, _)| known.as_str()).filter(|known| known.len() >= SHORT);
            let near = closest(&asked, long).filter(|_| asked.len() >= SHORT)?;
            meant.iter().find(|(known, _)| known == near)
        })?;
        Some((name, known.1))
    });
    found.collect()
}

/// Whose key a variable's name says that it is: `OPENAI` of `OPENAI_API_KEY`.
fn vendor(name: &str) -> Option<String> {
    let name = name.to_uppercase();
    let words = name.strip_suffix("KEY").or_else(|| name.strip_suffix("TOKEN"))?;
    let words: String = words.split('_').filter(|word| *word != "API").collect();
    let words = words.strip_suffix("API").unwrap_or(&words);
    Some(words.to_owned()).filter(|words| !words.is_empty())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use llm_core::{BuildCx, Error, ErrorKind, Provider, ProviderPlugin, Setting};
    use serde_json::{Map, Value};

    use super::*;

    fn nobody(_: Map<String, Value>, _: &BuildCx) -> Result<Arc<dyn Provider>, Error> {
        Err(Error::new(ErrorKind::Config, "not built in this test"))
    }

    static ACME: ProviderPlugin = ProviderPlugin::new("acmecloud", "Acme", nobody, "x", "0")
        .with_aliases(&["road-runner"])
        .with_settings(&[Setting::key("api_key", "the key").with_env(&["ACMECLOUD_API_KEY", "AC_TOKEN"])]);

    #[test]
    fn a_key_that_nobody_reads_is_noticed_and_others_are_left_alone() {
        let registry = Registry::empty().with(&ACME).unwrap();
        for (name, meant) in [
            ("ACMECLOUD_KEY", Some("ACMECLOUD_API_KEY")),
            ("ACMECLOUD_APIKEY", Some("ACMECLOUD_API_KEY")),
            ("ACMECLOD_API_KEY", Some("ACMECLOUD_API_KEY")),
            ("ROADRUNNER_TOKEN", Some("ACMECLOUD_API_KEY")),
            ("AC_KEY", Some("AC_TOKEN")),
            ("ACMECLOUD_API_KEY", None),
            ("AB_TOKEN", None),
            ("GITHUB_TOKEN", None),
            ("ACMECLOUD_URL", None),
            ("API_KEY", None),
        ] {
            let environment: Environment = [(name, "x")].into_iter().collect();
            let found = misspelt_keys(&registry, &environment);
            assert_eq!(found, meant.map(|meant| (name, meant)).into_iter().collect::<Vec<_>>(), "{name}");
        }
        assert!(misspelt_keys(&registry, &[("ACMECLOUD_KEY", " ")].into_iter().collect()).is_empty());
    }
}
