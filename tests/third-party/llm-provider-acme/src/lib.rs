//! A provider plugin of a vendor that Loquat has never heard of.

use std::sync::Arc;

use llm_core::{
    Adapter, BuildCx, ChatRequest, ChatResponse, Cx, Error, Finish, FinishReason, Message, Origin, Provider, ProviderPlugin,
};
use serde_json::{Map, Value};

struct Acme {
    id: Arc<str>,
}

#[llm_core::async_trait]
impl Adapter for Acme {
    fn id(&self) -> &str {
        &self.id
    }

    fn api(&self) -> &str {
        "acme"
    }

    async fn chat(&self, _cx: &Cx, request: &ChatRequest) -> Result<ChatResponse, Error> {
        let origin = Arc::new(Origin::new("acme", self.id.clone(), request.model.clone()));
        Ok(ChatResponse::new(origin, Message::assistant("acme says hello"), Finish::new(FinishReason::Stop, "done")))
    }
}

fn build(_config: Map<String, Value>, cx: &BuildCx) -> Result<Arc<dyn Provider>, Error> {
    Ok(Arc::new(Acme { id: cx.id.clone() }))
}

/// The plugin.
pub static PLUGIN: ProviderPlugin =
    ProviderPlugin::new("acme", "Acme AI", build, env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
llm_core::register_provider!(PLUGIN);
