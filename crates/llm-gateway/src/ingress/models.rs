//! `GET /v1/models` and `GET /v1/models/{id}`.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State as Shared};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use llm_core::{Error, ErrorKind};
use serde_json::{Value, json};

use super::reply::Reply;
use crate::state::State;

/// Every name that a request may ask for.
pub(crate) async fn list(Shared(state): Shared<State>, headers: HeaderMap) -> Response {
    let data: Vec<Value> = state.models().await.iter().map(model).collect();
    let body = json!({ "object": "list", "data": data });
    Reply::new(&headers).json(StatusCode::OK, body.to_string().into_bytes())
}

/// One of them.
pub(crate) async fn one(
    Shared(state): Shared<State>,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Response {
    let reply = Reply::new(&headers);
    let Ok(Path(id)) = id else {
        let what = "the path holds a model's name that is no text: write it in UTF-8";
        return reply.error(&Error::new(ErrorKind::InvalidRequest, what).with_param("model"));
    };
    match state.models().await.iter().find(|known| known.name == id) {
        Some(known) => reply.json(StatusCode::OK, model(known).to_string().into_bytes()),
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
