//! The facade must build with each of its features alone, with none, and with all of them, as `cargo hack` would check it.

use anyhow::{Context as _, ensure};

use crate::cargo::{cargo, run as run_cargo};
use crate::tidy::tree::{self, Package};

pub(crate) fn check() -> anyhow::Result<String> {
    let packages = tree::packages()?;
    let facade = packages.iter().find(|package| package.name == "loquat").context("finding the package loquat")?;
    let features: Vec<&str> = facade.features.keys().map(String::as_str).collect();
    ensure!(
        !provider_features(facade).is_empty(),
        "the package loquat has no provider feature; is its manifest complete?"
    );
    let facade = ["check", "--package", "loquat"];
    run_cargo(&mut cargo(facade.into_iter().chain(["--no-default-features"])))?;
    for feature in &features {
        run_cargo(&mut cargo(facade.into_iter().chain(["--no-default-features", "--features", feature])))?;
    }
    run_cargo(&mut cargo(facade.into_iter().chain(["--all-features"])))?;
    Ok(format!("none, {}, all", features.join(", ")))
}

/// The features that enable exactly one provider plugin.
pub(crate) fn provider_features(facade: &Package) -> Vec<&str> {
    let enables_one_plugin = |enables: &[String]| matches!(enables, [one] if one.starts_with("dep:llm-provider-"));
    facade.features.iter().filter(|(_, enables)| enables_one_plugin(enables)).map(|(name, _)| name.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_feature_enables_one_plugin() {
        let mut facade = Package::named("loquat");
        for (feature, enables) in [
            ("openai", vec!["dep:llm-provider-openai"]),
            ("default", vec!["openai"]),
            ("redis", vec!["dep:redis"]),
            ("both", vec!["dep:llm-provider-a", "dep:llm-provider-b"]),
        ] {
            facade.features.insert(feature.to_owned(), enables.into_iter().map(str::to_owned).collect());
        }
        assert_eq!(provider_features(&facade), ["openai"]);
    }
}
