//! `/livez`, `/readyz` and `/llm/status`.
//!
//! Readiness is the gateway's own, never a provider's: one vendor's outage must not empty a load balancer's pool.

use axum::Json;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use crate::state::State;

/// The event loop answers.
pub(crate) async fn live() -> &'static str {
    "ok\n"
}

/// Configuration is loaded, and nobody asked us to stop.
pub(crate) async fn ready(Shared(state): Shared<State>) -> Response {
    if state.is_draining() {
        return (StatusCode::SERVICE_UNAVAILABLE, "draining\n").into_response();
    }
    "ok\n".into_response()
}

/// Who is the primary, who steps in, who answered last; every provider that is configured, and how each target is: its
/// breaker, its load, its limits, its calls; the keys of providers with several, without showing one; what was spent and
/// what is left, and what the cache did.
pub(crate) async fn status(Shared(state): Shared<State>) -> Json<Value> {
    let (client, status, health) = (state.client(), state.client().status(), state.client().health());
    let budgets = match client.budgets().await {
        Ok(budgets) => json!(budgets),
        Err(error) => json!({ "error": error.message() }),
    };
    Json(json!({
        "primary": status.primary.map(|target| target.to_string()),
        "fallbacks": status.fallbacks.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "current": status.current.map(|target| target.to_string()),
        "providers": status.providers,
        "health": health,
        "targets": client.targets(),
        "keys": client.keys(),
        "spending": client.spending(),
        "budgets": budgets,
        "cache": client.cache().map(|cache| cache.counters()),
        "mode": if status.demo { "demo" } else { "live" },
    }))
}
