//! The HTTP server: routes, limits, and an orderly end.

use std::future::Future;

use axum::Router;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;
use axum::routing::{get, post};
use llm_core::{Error, ErrorKind};
use loquat::Client;
use tokio::net::TcpListener;

use crate::accept;
use crate::config::ServerConfig;
use crate::health;
use crate::ingress::ask::handle;
use crate::ingress::openai_chat::OpenAiChat;
use crate::ingress::openai_responses::OpenAiResponses;
use crate::ingress::{models, reply::Reply};
use crate::state::State;

/// A gateway, not listening yet.
#[derive(Clone)]
pub struct Gateway {
    state: State,
}

impl Gateway {
    /// A gateway in front of a client.
    pub fn new(client: Client, config: ServerConfig) -> Self {
        Self { state: State::new(client, config) }
    }

    /// Serves until `stop` is done. Running requests may then go on for the grace time, after which their connections are
    /// closed; new connections are refused.
    pub async fn serve(
        self,
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        let state = self.state;
        prepare_tls(state.client().clone());
        let client = state.client().clone();
        let grace = state.config().shutdown_grace;
        let router = router(state.clone());
        let stop = async move {
            stop.await;
            state.drain();
        };
        let served = tokio::select! {
            served = accept::serve(listener, router, grace, stop) => served,
            // Never done: it ends with the server.
            () = client.watch_health() => Ok(()),
        };
        // What the last answers cost is on its way to the budgets' ledger.
        client.settle().await;
        served
    }
}

/// Reads the machine's certificates aside, so that the first request need not. Without any the gateway starts all the same:
/// providers on this machine do not need them.
fn prepare_tls(client: Client) {
    tokio::task::spawn_blocking(move || {
        if let Err(error) = client.prepare_tls() {
            tracing::warn!(%error, "providers behind https cannot be reached");
        }
    });
}

fn router(state: State) -> Router {
    Router::new()
        .route("/v1/chat/completions", post(handle::<OpenAiChat>))
        .route("/v1/responses", post(handle::<OpenAiResponses>))
        .route("/v1/models", get(models::list))
        // Names hold slashes: openai/gpt-5.4-mini.
        .route("/v1/models/{*id}", get(models::one))
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/llm/status", get(health::status))
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method)
        .with_state(state)
}

async fn not_found(headers: HeaderMap, uri: Uri) -> Response {
    let path: String = uri.path().chars().take(200).collect();
    let what = format!("nothing is served at {path}: try /v1/chat/completions, /v1/responses or /v1/models");
    Reply::new(&headers).error_with_status(&Error::new(ErrorKind::InvalidRequest, what), StatusCode::NOT_FOUND)
}

async fn wrong_method(headers: HeaderMap, method: Method, uri: Uri) -> Response {
    let what = format!("{} does not take {method}", uri.path());
    Reply::new(&headers).error_with_status(&Error::new(ErrorKind::InvalidRequest, what), StatusCode::METHOD_NOT_ALLOWED)
}
