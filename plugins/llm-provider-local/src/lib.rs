#![doc = include_str!("../README.md")]

mod adapter;
mod config;
mod count;
mod echo;
mod hash;
mod instance;
mod patience;
mod play;
mod script;
mod vector;
mod warn;

use std::sync::Arc;

use llm_core::{BuildCx, Error, Provider, ProviderPlugin, Setting};
use serde_json::{Map, Value};

pub use adapter::Local;
pub use config::Config;
pub use script::{Chunks, Failure, Script, ScriptedCall, Step};

/// Wire family of this provider: there is no wire.
pub const API: &str = "local";

/// The plugin. There is no model behind it, so nothing chooses it unasked.
pub static PLUGIN: ProviderPlugin =
    ProviderPlugin::new("local", "Local (no LLM)", build, env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
        .with_settings(&[
            Setting::optional("delay_ms", "Pause between the words of local/echo, in milliseconds (default 0)"),
            Setting::optional("script", "What local/script answers: a list of steps, or one list for each attempt"),
            Setting::optional("scripts", "More scripts by name; NAME answers as local/NAME"),
        ])
        .with_default_model("echo")
        .as_fake();

llm_core::register_provider!(PLUGIN);

fn build(config: Map<String, Value>, cx: &BuildCx) -> Result<Arc<dyn Provider>, Error> {
    Ok(Arc::new(Local::new(cx.id.clone(), llm_core::read_config(config, cx)?)?))
}
