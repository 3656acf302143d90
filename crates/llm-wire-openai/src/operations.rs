//! What a provider of this protocol does beside chats: one way for all operations.

use std::sync::Arc;

use http::HeaderValue;
use http::header::CONTENT_TYPE;
use llm_core::{Answer, Cx, Error, ErrorKind, Origin};
use llm_wire::exchange::Success;
use llm_wire::request_id;

use crate::adapter::{OpenAiAdapter, Urls, of_answer};
use crate::dialect::Paths;
use crate::encoded::Payload;

/// The addresses of operations beside chats; `None` where the vendor does not have one.
#[derive(Clone)]
pub(crate) struct OperationUrls {
    pub(crate) completions: Option<String>,
    pub(crate) rerank: Option<String>,
    pub(crate) images: Option<String>,
    pub(crate) image_edits: Option<String>,
    pub(crate) speech: Option<String>,
    pub(crate) transcriptions: Option<String>,
    pub(crate) translations: Option<String>,
    pub(crate) moderations: Option<String>,
    pub(crate) count_tokens: Option<String>,
}

impl OperationUrls {
    pub(crate) fn new(below: impl Fn(&str) -> String, paths: &Paths) -> Self {
        Self {
            completions: paths.completions.map(&below),
            rerank: paths.rerank.map(&below),
            images: paths.images.map(&below),
            image_edits: paths.image_edits.map(&below),
            speech: paths.speech.map(&below),
            transcriptions: paths.transcriptions.map(&below),
            translations: paths.translations.map(&below),
            moderations: paths.moderations.map(&below),
            count_tokens: paths.count_tokens.map(&below),
        }
    }
}

/// One operation: its name, where it is, and for which model.
pub(crate) struct Operation<'a> {
    pub(crate) name: &'static str,
    pub(crate) url: fn(&Urls) -> Option<&str>,
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
        let Some(url) = (operation.url)(&route.urls) else {
            let error = Error::unsupported(&self.id, operation.name);
            return Err(match operation.needed_by {
                Some(field) => error.with_param(field),
                None => error,
            });
        };
        let origin = self.origin(operation.model);
        let Payload { body, content_type, warnings } = encode(&origin)?.into();
        let mut request = route.post(url, body);
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
