//! `GET /v1/models` and `GET /v1/models/{id}`.

use axum::extract::{Path, State as Shared};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use llm_core::{Error, ErrorKind};
use serde_json::{Value, json};

use super::reply::Reply;
use crate::state::State;

/// Every name that a request may ask for.
pub(crate) async fn list(Shared(state): Shared<State>, headers: HeaderMap) -> Response {
    let data: Vec<Value> = state.client().models().await.iter().map(model).collect();
    let body = json!({ "object": "list", "data": data });
    Reply::new(&headers).json(StatusCode::OK, body.to_string().into_bytes(), None, &[])
}

/// One of them.
pub(crate) async fn one(Shared(state): Shared<State>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let reply = Reply::new(&headers);
    match state.client().models().await.iter().find(|known| known.name == id) {
        Some(known) => reply.json(StatusCode::OK, model(known).to_string().into_bytes(), None, &[]),
        None => reply.error(
            &Error::new(ErrorKind::NotFound, format!("no model {id:?}: GET /v1/models lists those there are"))
                .with_param("model"),
        ),
    }
}

fn model(model: &loquat::ServedModel) -> Value {
    json!({
        "id": model.name,
        "object": "model",
        "created": model.created.unwrap_or(0),
        "owned_by": model.owned_by,
        "x_llm": { "targets": model.targets.iter().map(ToString::to_string).collect::<Vec<_>>() },
    })
}
