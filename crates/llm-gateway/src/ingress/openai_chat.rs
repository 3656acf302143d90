//! `POST /v1/chat/completions`.

use axum::body::Body;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use llm_core::{Error, ErrorKind};
use llm_wire_openai::FAMILY;
use llm_wire_openai::chat::{self, Decoded, Encoder};
use tokio::time::Instant;
use tracing::Instrument as _;

use super::body::{self, Refused};
use super::reply::{Reply, answered_by, paid};
use super::sse::{self, Form};
use super::wishes;
use crate::state::State;

/// Answers one chat request, whole or as a stream.
pub(crate) async fn handle(Shared(state): Shared<State>, headers: HeaderMap, body: Body) -> Response {
    let reply = Reply::new(&headers);
    let span = tracing::info_span!("request", id = reply.request_id());
    let answer = async {
        let body = match body::read(&headers, body, state.config().max_body).await {
            Ok(body) => body,
            Err(Refused { error, status: None }) => return reply.error(&error),
            Err(Refused { error, status: Some(status) }) => return reply.error_with_status(&error, status),
        };
        let decoded = decode(&body);
        // What was read of a long request need not be held twice while it is answered.
        drop(body);
        let answer = match decoded {
            Ok(decoded) => answer(&state, &reply, &headers, decoded).await,
            Err(error) => Err(error),
        };
        answer.unwrap_or_else(|error| reply.error(&error))
    };
    answer.instrument(span).await
}

async fn answer(state: &State, reply: &Reply, headers: &HeaderMap, decoded: Decoded) -> Result<Response, Error> {
    let Decoded { request, stream, include_usage, mut warnings, .. } = decoded;
    let client = state.client();
    let mut cx = client.cx(None);
    cx.request_id = Some(reply.request_id().into());
    wishes::apply(headers, request.end_user.as_deref(), &mut cx, Instant::now().into_std())?;
    if stream {
        let client = client.clone();
        let opening = Box::pin(async move { client.send_stream(&cx, request).await });
        let form = Form { encoder: Encoder::new(include_usage), stamp: reply.stamp(), warnings };
        return sse::respond(opening, form, state.config().sse_keep_alive, reply).await;
    }
    let mut response = client.send(&cx, request).await?;
    reply.stamp().response(&mut response);
    warnings.append(&mut response.warnings);
    let mut answer = reply.json(StatusCode::OK, chat::encode_response(&response));
    answered_by(answer.headers_mut(), &response.origin, &response.attempts, &warnings);
    paid(answer.headers_mut(), response.cache, response.cost.as_ref());
    Ok(answer)
}

/// Fields that decide where a request goes and what it costs.
const DECISIVE: [&str; 8] =
    ["model", "messages", "stream", "tools", "functions", "n", "max_tokens", "max_completion_tokens"];

/// Reads a request. A field that only its letters' case tells from a decisive one is refused: a vendor whose JSON ignores
/// case would take it for that one, and nobody here would have looked at it.
fn decode(body: &[u8]) -> Result<Decoded, Error> {
    let decoded = chat::decode_request(body)?;
    for field in decoded.request.ext.of(FAMILY).into_iter().flat_map(|unknown| unknown.keys()) {
        if let Some(meant) = DECISIVE.iter().find(|known| known.eq_ignore_ascii_case(field)) {
            let what = format!("{field} is no field of a request: write {meant}");
            return Err(Error::new(ErrorKind::InvalidRequest, what).with_param(field));
        }
    }
    Ok(decoded)
}
