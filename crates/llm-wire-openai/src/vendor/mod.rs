//! A plugin for a vendor of this protocol, as data: a [`Vendor`] says what its names, addresses, keys and differences
//! are, and [`plugin!`](crate::plugin!) makes the plugin of it.
//!
//! Everything that such plugins have in common is here, so that a plugin's own crate holds nothing but facts.

mod preset;
mod setting;
mod settings;

pub use preset::Preset;
pub use setting::{Own, Place};

use std::sync::Arc;

use llm_core::{Build, BuildCx, Capabilities, Error, Provider, ProviderPlugin, Setting, Support};
use serde_json::{Map, Value};

use crate::adapter::OpenAiAdapter;
use crate::dialect::{Dialect, ReasoningRequest, StructuredOutput};
use settings::Settings;

/// One vendor of this protocol. Start from [`UNNAMED`](Self::UNNAMED) and say what there is to say.
#[derive(Clone, Copy, Debug)]
pub struct Vendor {
    /// Id of the plugin, as in `id/model`.
    pub id: &'static str,
    /// The vendor's name for people.
    pub name: &'static str,
    /// Other ids that mean the same.
    pub aliases: &'static [&'static str],
    /// The address below which the dialect's paths are. `{account_id}` in it stands for the setting of that name.
    /// Empty: it must be configured.
    pub base_url: &'static str,
    /// Environment variables with another address, the canonical one first.
    pub base_url_env: &'static [&'static str],
    /// Environment variables with the key, the canonical one first.
    pub key_env: &'static [&'static str],
    /// Those of them that other services read too.
    pub shared_key_env: &'static [&'static str],
    /// What can be set besides key and address.
    pub own: &'static [Own],
    /// Groups of settings of which one is enough, where that is not the key or the address alone.
    pub ways: &'static [&'static [&'static str]],
    /// The model that is used where only the vendor is named.
    pub default_model: Option<&'static str>,
    /// What the vendor does differently.
    pub dialect: Dialect,
}

impl Vendor {
    /// A vendor of which nothing is known but that it wants a key.
    pub const UNNAMED: Self = Self {
        id: "",
        name: "",
        aliases: &[],
        base_url: "",
        base_url_env: &[],
        key_env: &[],
        shared_key_env: &[],
        own: &[],
        ways: &[],
        default_model: None,
        dialect: Dialect { key_required: true, ..Dialect::COMPATIBLE },
    };

    /// How many settings there are.
    pub const fn settings_count(&self) -> usize {
        2 + self.own.len()
    }

    const fn presets(&self) -> &'static [Preset] {
        let mut at = 0;
        while at < self.own.len() {
            if let Place::Preset(presets) = self.own[at].place {
                return presets;
            }
            at += 1;
        }
        &[]
    }

    /// How many presets there are.
    pub const fn presets_count(&self) -> usize {
        self.presets().len()
    }

    /// The names of the presets.
    pub const fn preset_names<const COUNT: usize>(&self) -> [&'static str; COUNT] {
        let mut names = [""; COUNT];
        let mut at = 0;
        while at < COUNT {
            names[at] = self.presets()[at].name;
            at += 1;
        }
        names
    }

    /// The table of settings: key, address and the vendor's own.
    pub const fn settings<const COUNT: usize>(&self) -> [Setting; COUNT] {
        let key = if self.dialect.key_required {
            Setting::key("api_key", "API key")
        } else {
            Setting::optional("api_key", "API key, where the server wants one").secret()
        };
        let address = Setting::optional("base_url", "Address of the API, up to the version in its path");
        let address = match (self.base_url.is_empty(), self.ways.is_empty()) {
            (false, _) => address.with_default(self.base_url),
            (true, true) => address.required(),
            (true, false) => address,
        };
        let mut settings = [key.with_env(self.key_env).with_shared_env(self.shared_key_env); COUNT];
        settings[1] = address.with_env(self.base_url_env);
        let mut at = 2;
        while at < COUNT {
            settings[at] = self.own[at - 2].setting;
            at += 1;
        }
        settings
    }

    /// The plugin's description. Called by [`plugin!`](crate::plugin!).
    pub const fn plugin(
        &self,
        build: Build,
        settings: &'static [Setting],
        presets: &'static [&'static str],
        krate: &'static str,
        version: &'static str,
    ) -> ProviderPlugin {
        let mut plugin = ProviderPlugin::new(self.id, self.name, build, krate, version)
            .with_aliases(self.aliases)
            .with_presets(presets)
            .with_settings(settings)
            .with_ways(self.ways);
        plugin.default_model = self.default_model;
        plugin
    }

    /// Builds a provider from its configuration.
    pub fn build(
        &self,
        plugin: &'static ProviderPlugin,
        config: &Map<String, Value>,
        cx: &BuildCx,
    ) -> Result<Arc<dyn Provider>, Error> {
        let Settings { connection, dialect } = Settings::read(self, plugin, config, cx)?;
        let capabilities = capabilities(&dialect);
        let adapter = OpenAiAdapter::new(plugin, cx, dialect, connection)?;
        Ok(Arc::new(adapter.with_capabilities(capabilities)))
    }
}

/// What the vendor's models cannot do because the vendor has no form for it. What they can do differs by model.
fn capabilities(dialect: &Dialect) -> Capabilities {
    let unless = |missing: bool| if missing { Support::No } else { Support::Unknown };
    let mut capabilities = crate::adapter::capabilities(dialect);
    capabilities.forced_tool = unless(dialect.required_tool.is_none() && !dialect.named_tool);
    capabilities.json_schema = unless(dialect.structured_output != StructuredOutput::JsonSchema);
    capabilities.reasoning = unless(dialect.reasoning == ReasoningRequest::None);
    capabilities
}

/// Makes the plugin of a vendor, `PLUGIN`, and announces it.
///
/// ```ignore
/// llm_wire_openai::plugin! { VENDOR }
///
/// llm_wire_openai::plugin! {
///     VENDOR,
///     // What is known of single models.
///     models: [ModelCard::new("acme", "acme-1").with_limits(131_072, 8_192)],
/// }
/// ```
#[macro_export]
macro_rules! plugin {
    ($vendor:path $(, models: [$($card:expr),* $(,)?])? $(,)?) => {
        /// The plugin.
        pub static PLUGIN: $crate::llm_core::ProviderPlugin = {
            static SETTINGS: [$crate::llm_core::Setting; $vendor.settings_count()] = $vendor.settings();
            static PRESETS: [&str; $vendor.presets_count()] = $vendor.preset_names();
            $vendor.plugin(
                |config, cx| $vendor.build(&PLUGIN, &config, cx),
                &SETTINGS,
                &PRESETS,
                ::core::env!("CARGO_PKG_NAME"),
                ::core::env!("CARGO_PKG_VERSION"),
            )
        };

        $crate::llm_core::register_provider!(PLUGIN);

        $($crate::llm_core::model_cards! { $($card),* })?
    };
}
