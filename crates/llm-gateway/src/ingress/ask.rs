//! One chat request in any of the clients' protocols: read, asked, answered whole or as a stream.

use axum::body::Body;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use llm_core::{ChatRequest, ChatResponse, Error, ErrorKind, Warning};
use llm_wire::StreamEncoder;
use tokio::time::Instant;
use tracing::Instrument as _;

use super::body::{self, Refused};
use super::reply::{Reply, answered_by, paid};
use super::sse::{self, Form};
use super::wishes;
use crate::state::State;

/// A protocol that clients speak.
pub(crate) trait Protocol: 'static {
    /// Writes its streams.
    type Encoder: StreamEncoder + Unpin;

    /// What the ids of answers begin with that have none of their own.
    const ID_PREFIX: &'static str;

    /// Reads a request.
    fn decode(body: &[u8]) -> Result<Asked<Self::Encoder>, Error>;

    /// Writes a whole answer.
    fn encode(response: &ChatResponse) -> Vec<u8>;
}

/// A request as it was read.
pub(crate) struct Asked<E> {
    pub(crate) request: ChatRequest,
    /// How the stream is written, if one was asked for.
    pub(crate) stream: Option<E>,
    /// What could not be kept of the request.
    pub(crate) warnings: Vec<Warning>,
}

/// Answers one request.
pub(crate) async fn handle<P: Protocol>(Shared(state): Shared<State>, headers: HeaderMap, body: Body) -> Response {
    let reply = Reply::new(&headers);
    let span = tracing::info_span!("request", id = reply.request_id());
    let answer = async {
        let body = match body::read(&headers, body, state.config().max_body).await {
            Ok(body) => body,
            Err(Refused { error, status: None }) => return reply.error(&error),
            Err(Refused { error, status: Some(status) }) => return reply.error_with_status(&error, status),
        };
        let asked = P::decode(&body);
        // What was read of a long request need not be held twice while it is answered.
        drop(body);
        let answer = match asked {
            Ok(asked) => answer::<P>(&state, &reply, &headers, asked).await,
            Err(error) => Err(error),
        };
        answer.unwrap_or_else(|error| reply.error(&error))
    };
    answer.instrument(span).await
}

async fn answer<P: Protocol>(
    state: &State,
    reply: &Reply,
    headers: &HeaderMap,
    asked: Asked<P::Encoder>,
) -> Result<Response, Error> {
    let Asked { mut request, stream, mut warnings } = asked;
    let client = state.client();
    let mut cx = client.cx(None);
    cx.request_id = Some(reply.request_id().into());
    wishes::apply(headers, &mut request, &mut cx, Instant::now().into_std())?;
    let stamp = reply.stamp(P::ID_PREFIX);
    if let Some(encoder) = stream {
        let client = client.clone();
        let opening = Box::pin(async move { client.send_stream(&cx, request).await });
        return sse::respond(opening, Form { encoder, stamp, warnings }, state.config().sse_keep_alive, reply).await;
    }
    let mut response = client.send(&cx, request).await?;
    stamp.response(&mut response);
    warnings.append(&mut response.warnings);
    let mut answer = reply.json(StatusCode::OK, P::encode(&response));
    answered_by(answer.headers_mut(), &response.origin, &response.attempts, &warnings);
    paid(answer.headers_mut(), response.cache, response.cost.as_ref());
    Ok(answer)
}

/// Refuses a field that only its letters' case tells from one that decides where a request goes and what it costs: a vendor
/// whose JSON ignores case would take it for that one, and nobody here would have looked at it.
pub(crate) fn refuse_lookalikes(request: &ChatRequest, family: &str, decisive: &[&str]) -> Result<(), Error> {
    let unknown = request.ext.of(family).into_iter().flat_map(|unknown| unknown.keys());
    for field in unknown.filter(|field| !decisive.contains(&field.as_str())) {
        if let Some(meant) = decisive.iter().find(|known| known.eq_ignore_ascii_case(field)) {
            let what = format!("{field} is no field of a request: write {meant}");
            return Err(Error::new(ErrorKind::InvalidRequest, what).with_param(field));
        }
    }
    Ok(())
}
