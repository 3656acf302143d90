//! `loquat providers`: what is linked, what is configured, and how to configure the rest.

use clap::Args;
use llm_core::ProviderPlugin;
use loquat::Environment;
use serde_json::json;

use crate::failure::Failure;
use crate::terminal::line;

/// List the providers in this binary.
#[derive(Args)]
pub(crate) struct Providers {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Providers {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let registry = loquat::registry()?;
        let environment = Environment::read()?;
        let rows: Vec<Row> = registry.plugins().map(|plugin| Row::new(plugin, &environment)).collect();
        if self.json {
            let rows: Vec<_> = rows.iter().map(Row::to_json).collect();
            return line(json!(rows));
        }
        line(format_args!("{:<18} {:<26} {:<15} {:<24} settings", "id", "vendor", "state", "default model"))?;
        for row in rows {
            line(format_args!(
                "{:<18} {:<26} {:<15} {:<24} {}",
                row.plugin.id,
                row.plugin.name,
                row.state,
                row.model(),
                row.variables()
            ))?;
        }
        Ok(())
    }
}

struct Row {
    plugin: &'static ProviderPlugin,
    state: &'static str,
}

impl Row {
    fn new(plugin: &'static ProviderPlugin, environment: &Environment) -> Self {
        let state = match loquat::is_configured(plugin, environment) {
            _ if plugin.fake => "no LLM",
            true => "configured",
            false => "not configured",
        };
        Self { plugin, state }
    }

    fn model(&self) -> &'static str {
        self.plugin.default_model.unwrap_or("-")
    }

    /// The canonical variable of each setting.
    fn variables(&self) -> String {
        let names: Vec<&str> = self.plugin.settings.iter().filter_map(|setting| setting.env.first().copied()).collect();
        names.join(" ")
    }

    fn to_json(&self) -> serde_json::Value {
        let plugin = self.plugin;
        let settings: Vec<_> = plugin
            .settings
            .iter()
            .map(|setting| json!({"key": setting.key, "doc": setting.doc, "env": setting.env, "required": setting.required}))
            .collect();
        json!({
            "id": plugin.id,
            "vendor": plugin.name,
            "state": self.state,
            "aliases": plugin.aliases,
            "default_model": plugin.default_model,
            "settings": settings,
            "crate": format!("{}@{}", plugin.krate, plugin.krate_version),
        })
    }
}
