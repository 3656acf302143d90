//! The registry: every provider plugin that is linked into this binary, or was added by hand.

use std::collections::BTreeMap;
use std::fmt;

use crate::closest::closest;
use crate::error::Error;
use crate::error_kind::ErrorKind;
use crate::plugin::ProviderPlugin;

/// A plugin that announced itself. Made by [`register_provider!`](crate::register_provider).
#[doc(hidden)]
pub struct Registration(pub &'static ProviderPlugin);

inventory::collect!(Registration);

/// Announces a plugin at link time: `register_provider!(PLUGIN);` beside `pub static PLUGIN: ProviderPlugin`.
///
/// A crate that is a dependency but never named in Rust code is not linked, in any profile:
/// the application writes `use my_plugin as _;` or passes the plugin by value.
#[macro_export]
macro_rules! register_provider {
    ($plugin:path) => {
        $crate::inventory::submit! { $crate::Registration(&$plugin) }
    };
}

/// Plugins by id and alias, and by the presets they know.
#[derive(Clone, Default)]
pub struct Registry {
    plugins: BTreeMap<&'static str, &'static ProviderPlugin>,
}

/// Why a plugin is not to be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// Two crates want the same id.
    #[error("the provider id {id:?} is claimed by two crates, {first} and {second}: leave one of them out")]
    Duplicate {
        /// The id.
        id: String,
        /// Crate and version of the first.
        first: String,
        /// Crate and version of the second.
        second: String,
    },
    /// No linked plugin has this id.
    #[error(
        "no provider {id:?} is linked into this binary{hint} (linked: {linked}): enable its Cargo feature on `loquat`, \
         or name a third-party plugin crate once in your code: `use llm_provider_x as _;`"
    )]
    Unknown {
        /// The id that was asked for.
        id: String,
        /// The ids that are there, comma-separated.
        linked: String,
        /// A close match, as part of the sentence; empty when there is none.
        hint: String,
    },
}

impl From<RegistryError> for Error {
    fn from(error: RegistryError) -> Self {
        Self::new(ErrorKind::Config, error.to_string())
    }
}

impl Registry {
    /// No plugin; add them with [`with`](Self::with).
    pub fn empty() -> Self {
        Self::default()
    }

    /// Every plugin linked into this binary. Two plugins with one id are an error that names both.
    pub fn linked() -> Result<Self, RegistryError> {
        inventory::iter::<Registration>
            .into_iter()
            .try_fold(Self::default(), |registry, registration| registry.with(registration.0))
    }

    /// With one more plugin. Adding the same one twice changes nothing.
    pub fn with(mut self, plugin: &'static ProviderPlugin) -> Result<Self, RegistryError> {
        for id in std::iter::once(&plugin.id).chain(plugin.aliases) {
            if let Some(other) = self.plugins.insert(id, plugin)
                && !std::ptr::eq(other, plugin)
            {
                let krate = |plugin: &ProviderPlugin| format!("{} {}", plugin.krate, plugin.krate_version);
                // Link order differs between profiles; the message must not.
                let (first, second) = (krate(other).min(krate(plugin)), krate(other).max(krate(plugin)));
                return Err(RegistryError::Duplicate { id: (*id).to_owned(), first, second });
            }
        }
        Ok(self)
    }

    /// The plugin with this id or alias; else the one that knows a preset of this name.
    pub fn plugin(&self, id: &str) -> Result<&'static ProviderPlugin, RegistryError> {
        let presets = || self.plugins().flat_map(|plugin| plugin.presets.iter().map(move |preset| (*preset, plugin)));
        let named = self.plugins.get(id).copied();
        named.or_else(|| presets().find(|(preset, _)| *preset == id).map(|(_, plugin)| plugin)).ok_or_else(|| {
            let linked: Vec<&str> = self.plugins().map(|plugin| plugin.id).collect();
            let close = closest(id, self.plugins.keys().copied().chain(presets().map(|(preset, _)| preset)));
            RegistryError::Unknown {
                id: id.to_owned(),
                linked: if linked.is_empty() { "none".to_owned() } else { linked.join(", ") },
                hint: close.map(|known| format!("; did you mean {known:?}?")).unwrap_or_default(),
            }
        })
    }

    /// All plugins, sorted by id, aliases left out.
    pub fn plugins(&self) -> impl Iterator<Item = &'static ProviderPlugin> + '_ {
        self.plugins.iter().filter(|(id, plugin)| **id == plugin.id).map(|(_, plugin)| *plugin)
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.plugins.keys()).finish()
    }
}
