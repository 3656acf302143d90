//! Embeddings: `POST /v1/vectors`.

use std::sync::Arc;

use llm_core::{EmbedRequest, EmbedResponse, Error, ErrorKind, Origin, Warning, Warnings};
use llm_wire::json::{Object, Patch};
use serde::{Deserialize, Serialize, Serializer};

use crate::answer::Counts;
use crate::error::{self, Problem};

/// The body, and what could not be asked.
pub(crate) fn encode(request: &EmbedRequest, to: &Origin) -> Result<(Vec<u8>, Vec<Warning>), Error> {
    let mut warnings = Warnings::new(request.on_unsupported);
    if request.end_user.is_some() {
        warnings.unsupported("end_user", "acme asks for end users only in chats")?;
    }
    let body = serde_json::to_vec(&Body { request, patch: Patch::to(&request.ext, to) })
        .map_err(|error| Error::new(ErrorKind::Internal, "encoding the request as JSON failed").with_source(error))?;
    Ok((body, warnings.into_vec()))
}

struct Body<'a> {
    request: &'a EmbedRequest,
    patch: Patch<'a>,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::new(serializer, self.patch)?;
        object.fixed("model", &self.request.model)?;
        object.field("texts", &self.request.inputs)?;
        object.some("size", self.request.dimensions)?;
        object.some("for", self.request.task.as_deref())?;
        object.end()
    }
}

#[derive(Deserialize)]
struct Answer {
    model: Option<String>,
    vectors: Option<Vec<Vec<f32>>>,
    #[serde(default)]
    counts: Counts,
    problem: Option<Problem>,
}

pub(crate) fn decode(body: &[u8], origin: &Arc<Origin>) -> Result<EmbedResponse, Error> {
    let said: Answer = serde_json::from_slice(body).map_err(|error| error::malformed("the vectors", &error))?;
    if let Some(problem) = said.problem {
        return Err(problem.in_band());
    }
    let Some(vectors) = said.vectors else {
        return Err(Error::new(ErrorKind::Malformed, "reading the vectors of acme: there are none"));
    };
    let mut response = EmbedResponse::new(origin.clone(), vectors);
    response.model = said.model;
    response.usage = said.counts.usage();
    Ok(response)
}
