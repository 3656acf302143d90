//! One HTTP exchange as every plugin needs it: send, then the body of a success or the classified error of a failure.

use bytes::Bytes;
use http::HeaderMap;
use llm_core::{Answer, Cx, Error, HttpRequest, HttpResponse, Warning};

use crate::codec::{ErrorResponse, request_id};

/// Longest success body that is read, in bytes (64 MiB).
pub const MAX_BODY: usize = 64 << 20;
/// Longest error body that is read, in bytes (64 KiB).
pub const MAX_ERROR_BODY: usize = 64 << 10;

/// A whole successful answer.
#[derive(Debug)]
pub struct Success {
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

impl Success {
    /// Decodes the answer, which then has its request id and `warnings`; an error has the request id too.
    pub fn answer<A: Answer>(
        &self,
        warnings: Vec<Warning>,
        decode: impl FnOnce(&Self) -> Result<A, Error>,
    ) -> Result<A, Error> {
        let id = request_id(&self.headers);
        let mut answer = decode(self).map_err(|error| match error.request_id() {
            Some(_) => error,
            None => error.with_request_id(id.clone()),
        })?;
        let about = answer.about();
        *about.request_id = id;
        about.warnings.splice(..0, warnings);
        Ok(answer)
    }
}

/// Sends a request and reads the whole answer. A status of 400 or more goes through `classify`.
pub async fn unary(
    cx: &Cx,
    request: HttpRequest,
    classify: impl FnOnce(&ErrorResponse) -> Error + Send,
) -> Result<Success, Error> {
    let response = open(cx, request, classify).await?;
    let body = response.body.collect(MAX_BODY).await?;
    Ok(Success { headers: response.headers, body })
}

/// Sends a request and returns the answer with its body still to be read, for streams.
/// A status of 300 or more goes through `classify` (redirects are never followed, so they are errors too).
pub async fn open(
    cx: &Cx,
    request: HttpRequest,
    classify: impl FnOnce(&ErrorResponse) -> Error + Send,
) -> Result<HttpResponse, Error> {
    let response = cx.transport.send(cx, request).await?;
    if response.status.is_success() {
        return Ok(response);
    }
    let status = response.status.as_u16();
    // A failed or over-long error body must not hide the status.
    let body = response.body.collect_prefix(MAX_ERROR_BODY).await;
    Err(classify(&ErrorResponse { status, headers: response.headers, body, received_at: response.received_at }))
}
