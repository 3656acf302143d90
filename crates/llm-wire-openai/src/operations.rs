//! What a provider of this protocol does beside chats: one way for all operations.

use std::sync::Arc;

use http::HeaderValue;
use http::header::CONTENT_TYPE;
use llm_core::{Answer, Cx, Error, ErrorKind, Origin};
use llm_wire::exchange::Success;
use llm_wire::request_id;

use crate::adapter::{OpenAiAdapter, of_answer};
use crate::encoded::Payload;

/// One operation: its name, where it is, and for which model.
pub(crate) struct Operation<'a> {
    pub(crate) name: &'static str,
    /// Its path; `None` where the vendor does not have it.
    pub(crate) path: Option<&'static str>,
    pub(crate) model: &'a str,
    /// The field of the request that asks for this address, where another would do without it.
    pub(crate) needed_by: Option<&'static str>,
}

impl OpenAiAdapter {
    /// Encodes, sends and reads; the answer says who gave it and what could not be asked.
    pub(crate) async fn operate<P: Into<Payload>, A: Answer>(
        &self,
        cx: &Cx,
        operation: Operation<'_>,
        encode: impl FnOnce(&Origin) -> Result<P, Error> + Send,
        decode: impl FnOnce(&Success, &Arc<Origin>) -> Result<A, Error> + Send,
    ) -> Result<A, Error> {
        let route = self.route(cx)?;
        let Some(path) = operation.path else {
            let error = Error::unsupported(&self.id, operation.name);
            return Err(match operation.needed_by {
                Some(field) => error.with_param(field),
                None => error,
            });
        };
        let origin = self.origin(operation.model);
        let Payload { body, content_type, warnings } = encode(&origin)?.into();
        let mut request = route.post(path, operation.model, body);
        if let Some(content_type) = content_type {
            let value = HeaderValue::from_str(&content_type)
                .map_err(|error| Error::new(ErrorKind::Internal, format!("encoding the request: {error}")))?;
            request.headers.insert(CONTENT_TYPE, value);
        }
        let answer = async {
            let answer = self.unary(cx, request).await?;
            let mut response = decode(&answer, &origin).map_err(|error| of_answer(error, &answer.headers))?;
            let about = response.about();
            *about.request_id = request_id(&answer.headers);
            *about.warnings = warnings;
            Ok(response)
        };
        answer.await.map_err(|error| route.hide(error))
    }
}

/// The media type of an answer's body.
pub(crate) fn content_type(answer: &Success) -> Option<&str> {
    answer.headers.get(CONTENT_TYPE)?.to_str().ok()
}
