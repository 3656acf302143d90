//! The plugin's description and its configuration.

use llm_core::{BuildCx, ErrorKind, Registry};

use super::report::{Failure, Report};
use super::subject::{INSTANCE, Subject};

/// The description is complete, the instance keeps its name, and a setting that does not exist is an error.
pub(super) fn describes_itself(subject: &Subject) -> Result<(), Failure> {
    let mut report = Report::default();
    let plugin = subject.plugin;
    let is_id =
        |id: &str| !id.is_empty() && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    for id in std::iter::once(&plugin.id).chain(plugin.aliases) {
        report.hold(is_id(id), || format!("the id {id:?} is not made of lower-case letters, digits and hyphens"));
    }
    report.hold(!plugin.name.is_empty(), || "the plugin has no name for people".to_owned());
    report.hold(!plugin.krate.is_empty(), || "the plugin does not name its crate".to_owned());
    for setting in plugin.settings {
        let key = setting.key;
        report.hold(!setting.doc.is_empty(), || format!("the setting {key} has no description"));
        report.hold(!setting.secret || !setting.env.is_empty(), || {
            format!("the secret {key} names no environment variable: add `with_env(&[\"…\"])`")
        });
    }
    if let Err(error) = Registry::empty().with(plugin) {
        report.add(format!("the registry refuses the plugin: {error}"));
    }
    match Registry::linked() {
        Ok(registry) => report.hold(registry.plugin(plugin.id).is_ok(), || {
            "the plugin is not announced: write `llm_core::register_provider!(PLUGIN);` beside it".to_owned()
        }),
        Err(error) => report.add(error.to_string()),
    }
    match subject.build(subject.config.clone()) {
        Ok(provider) => {
            report.hold(provider.id() == INSTANCE, || {
                format!("the instance is named {:?}, expected {INSTANCE:?}: take the id from BuildCx", provider.id())
            });
            report.hold(!provider.api().is_empty(), || "the provider names no wire family (`api`)".to_owned());
        }
        Err(error) => report.add(format!("building the provider: {error}")),
    }
    let mut config = subject.config.clone();
    config.insert("x_conformance".to_owned(), true.into());
    // The plugin's own reader, without the check of its table before it.
    match (plugin.build)(config, &BuildCx::new(INSTANCE)) {
        Err(error) => {
            report
                .hold(error.kind() == ErrorKind::Config, || format!("an unknown setting is a {} error", error.kind()));
            report.hold(error.to_string().contains("x_conformance"), || {
                format!("the error on an unknown setting does not name it: {error}")
            });
        }
        Ok(_) => report.add("an unknown setting is taken in silence: add `#[serde(deny_unknown_fields)]`"),
    }
    report.into_result()
}
