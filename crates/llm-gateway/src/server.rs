//! The HTTP server: routes, limits, and an orderly end.

use std::future::Future;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};
use axum::serve::ListenerExt as _;
use llm_core::{Error, ErrorKind};
use loquat::Client;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::config::ServerConfig;
use crate::health;
use crate::ingress::{models, openai_chat, reply::Reply};
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

    /// Serves until `stop` is done. Running requests may then go on for the grace time; new connections are refused.
    pub async fn serve(
        self,
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        let grace = self.state.config().shutdown_grace;
        let (stopping, mut stopped) = watch::channel(false);
        let state = self.state.clone();
        let stop = async move {
            stop.await;
            state.drain();
            let _ = stopping.send(true);
        };
        // Without NODELAY small frames of a stream wait up to 40 ms for the client's acknowledgement.
        let listener = listener.tap_io(|connection| {
            if let Err(error) = connection.set_nodelay(true) {
                tracing::debug!(%error, "setting TCP_NODELAY on a client's connection");
            }
        });
        let server = axum::serve(listener, router(self.state)).with_graceful_shutdown(stop).into_future();
        let overdue = async move {
            // The sender lives in the server's future, so this ends only by a stop.
            if stopped.wait_for(|stopping| *stopping).await.is_err() {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(grace).await;
        };
        tokio::select! {
            result = server => result,
            () = overdue => {
                tracing::warn!(?grace, "requests are still running after the grace time; closing them");
                Ok(())
            }
        }
    }
}

fn router(state: State) -> Router {
    Router::new()
        .route("/v1/chat/completions", post(openai_chat::handle))
        .route("/v1/models", get(models::list))
        // Names hold slashes: openai/gpt-5.4-mini.
        .route("/v1/models/{*id}", get(models::one))
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/llm/status", get(health::status))
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(state.config().max_body))
        .with_state(state)
}

async fn not_found(headers: HeaderMap, uri: axum::http::Uri) -> Response {
    let what = format!("nothing is served at {}: try /v1/chat/completions or /v1/models", uri.path());
    Reply::new(&headers).error(&Error::new(ErrorKind::NotFound, what))
}

async fn wrong_method(headers: HeaderMap, method: axum::http::Method, uri: axum::http::Uri) -> Response {
    let what = format!("{} does not take {method}", uri.path());
    Reply::new(&headers)
        .error_with_status(&Error::new(ErrorKind::InvalidRequest, what), axum::http::StatusCode::METHOD_NOT_ALLOWED)
}
