//! `POST /v1/chat/completions`.

use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use llm_core::{Error, ErrorKind};
use llm_wire_openai::chat::{self, Encoder};

use super::reply::Reply;
use super::sse;
use crate::state::State;

/// Answers one chat request, whole or as a stream.
pub(crate) async fn handle(
    Shared(state): Shared<State>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let reply = Reply::new(&headers);
    let result = match body {
        Ok(body) => answer(&state, &reply, &body).await,
        Err(rejection) => Err(unreadable(&rejection, &state)),
    };
    result.unwrap_or_else(|error| reply.error(&error))
}

async fn answer(state: &State, reply: &Reply, body: &[u8]) -> Result<Response, Error> {
    let decoded = chat::decode_request(body)?;
    let client = state.client();
    let cx = client.cx(None);
    if decoded.stream {
        let client = client.clone();
        let opening = Box::pin(async move { client.send_stream(&cx, decoded.request).await });
        return sse::respond(opening, Encoder::new(decoded.include_usage), state.config().sse_keep_alive, reply).await;
    }
    let response = client.send(&cx, decoded.request).await?;
    Ok(reply.json(StatusCode::OK, chat::encode_response(&response), Some(&response.origin), &response.attempts))
}

fn unreadable(rejection: &BytesRejection, state: &State) -> Error {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        let limit = state.config().max_body;
        return Error::new(
            ErrorKind::PayloadTooLarge,
            format!("the request body is longer than the limit of {limit} bytes (server.max_body)"),
        );
    }
    Error::new(ErrorKind::InvalidRequest, "the request body could not be read to its end")
}
