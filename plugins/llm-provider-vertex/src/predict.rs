//! Embeddings by `predict`, Vertex's own method: all texts in one call. Newer models have Gemini's `embedContent` instead.

use std::sync::Arc;

use llm_core::{EmbedRequest, EmbedResponse, Error, ErrorKind, Origin, Warning, Warnings};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Models that have `embedContent` and no `predict`.
const GEMINI_FORM: [&str; 2] = ["gemini-embedding-2", "gemini-embedding-2-preview"];

pub(crate) fn has_predict(model: &str) -> bool {
    !GEMINI_FORM.contains(&model)
}

/// The body, and what could not be said.
pub(crate) fn encode_request(request: &EmbedRequest, to: &Origin) -> Result<(Vec<u8>, Vec<Warning>), Error> {
    let mut warnings = Warnings::new(request.on_unsupported);
    if request.end_user.is_some() {
        warnings.unsupported("end_user", "the vendor has no field for it")?;
    }
    let task = request.task.as_deref().map(|task| match task {
        "query" => "RETRIEVAL_QUERY".to_owned(),
        "document" => "RETRIEVAL_DOCUMENT".to_owned(),
        other => other.to_ascii_uppercase(),
    });
    let instance = |text: &String| {
        let mut instance = json!({ "content": text });
        if let Some(task) = &task {
            instance["task_type"] = task.as_str().into();
        }
        instance
    };
    let mut body = Map::new();
    body.insert("instances".to_owned(), request.inputs.iter().map(instance).collect());
    if let Some(dimensions) = request.dimensions {
        body.insert("parameters".to_owned(), json!({ "outputDimensionality": dimensions }));
    }
    for reader in [llm_wire_gemini::API, &*to.provider] {
        body.extend(request.ext.of(reader).cloned().unwrap_or_default());
    }
    Ok((Value::Object(body).to_string().into_bytes(), warnings.into_vec()))
}

#[derive(Deserialize)]
struct Answer {
    predictions: Vec<Prediction>,
}

#[derive(Deserialize)]
struct Prediction {
    embeddings: Embeddings,
}

#[derive(Deserialize)]
struct Embeddings {
    values: Vec<f32>,
    statistics: Option<Statistics>,
}

#[derive(Deserialize)]
struct Statistics {
    token_count: Option<f64>,
}

pub(crate) fn decode_response(body: &[u8], origin: &Arc<Origin>) -> Result<EmbedResponse, Error> {
    // The parser's words may quote the body.
    let answer: Answer = serde_json::from_slice(body)
        .map_err(|_| Error::new(ErrorKind::Malformed, "reading the answer: it has no predictions"))?;
    let count = |one: &Prediction| one.embeddings.statistics.as_ref().and_then(|statistics| statistics.token_count);
    let counts: Option<Vec<f64>> = answer.predictions.iter().map(count).collect();
    let vectors = answer.predictions.into_iter().map(|one| one.embeddings.values).collect();
    let mut response = EmbedResponse::new(Arc::clone(origin), vectors);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts of tokens")]
    let whole = |counts: Vec<f64>| counts.into_iter().sum::<f64>().max(0.0) as u64;
    response.usage.input = counts.map(whole);
    Ok(response)
}
