//! Embeddings by `predict`, Vertex AI's older method: all texts in one call.

use std::sync::Arc;

use llm_core::{EmbedRequest, EmbedResponse, Error, ErrorKind, Origin, Warnings};
use llm_wire::json::malformed;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::API;
use crate::embed::{task, task_type};
use crate::error::in_band;
use crate::generate::Encoded;
use crate::wire::{Fields, invalid, merge, settings};

/// Field of ext that holds further settings of every text; all other fields stand beside the texts.
const INSTANCE: &str = "instance";

/// Writes a request.
pub fn encode_request(request: &EmbedRequest, to: &Origin) -> Result<Encoded, Error> {
    let mut warnings = Warnings::new(request.on_unsupported);
    if request.end_user.is_some() {
        warnings.unsupported("end_user", "the vendor has no field for it")?;
    }
    let mut ext = settings(&request.ext, API, &to.provider).map(std::borrow::Cow::into_owned).unwrap_or_default();
    let more = ext.remove(INSTANCE);
    let instance = |text: &String| {
        let mut instance = json!({ "content": text });
        if let Some(task) = &request.task {
            instance["task_type"] = task_type(task).into();
        }
        if let Some(more) = &more {
            merge(&mut instance, more);
        }
        instance
    };
    let mut body = json!({ "instances": request.inputs.iter().map(instance).collect::<Vec<_>>() });
    if let Some(dimensions) = request.dimensions {
        body["parameters"] = json!({ "outputDimensionality": dimensions });
    }
    merge(&mut body, &Value::Object(ext));
    Ok(Encoded { body: body.to_string().into_bytes(), warnings: warnings.into_vec() })
}

/// Reads a request; the model comes from the URL.
pub fn decode_request(body: &[u8], model: &str) -> Result<EmbedRequest, Error> {
    let json = std::str::from_utf8(body)
        .map_err(|_| Error::new(ErrorKind::InvalidRequest, "reading an embedding request: it is not UTF-8"))?;
    let mut fields = Fields::read(json.trim(), "")?;
    let mut request = EmbedRequest::new(model, [""; 0]);
    let mut ext = Map::new();
    let mut shared: Option<(Option<String>, Map<String, Value>)> = None;
    for mut instance in fields.objects("instances")? {
        let text = instance.text("content")?;
        request.inputs.push(text.ok_or_else(|| instance.invalid("content", "only text can be embedded"))?);
        let own_task = instance.text("taskType")?.map(task);
        let path = instance.path("");
        let own = (own_task, instance.rest());
        if shared.get_or_insert_with(|| own.clone()) != &own {
            return Err(invalid(path.trim_end_matches('.'), "all texts must have the same task and settings"));
        }
    }
    let (task, more) = shared.unwrap_or_default();
    request.task = task;
    if !more.is_empty() {
        ext.insert(INSTANCE.to_owned(), more.into());
    }
    if let Some(mut parameters) = fields.object("parameters")? {
        request.dimensions = parameters.count("outputDimensionality")?;
        let rest = parameters.rest();
        if !rest.is_empty() {
            ext.insert("parameters".to_owned(), rest.into());
        }
    }
    ext.append(&mut fields.rest());
    if !ext.is_empty() {
        *request.ext.of_mut(API) = ext;
    }
    Ok(request)
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(default)]
    predictions: Vec<Prediction>,
    #[serde(borrow, default)]
    error: Option<&'a serde_json::value::RawValue>,
}

#[derive(Deserialize)]
struct Prediction {
    embeddings: Embeddings,
}

#[derive(Deserialize)]
struct Embeddings {
    #[serde(default)]
    values: Vec<f32>,
    #[serde(default)]
    statistics: Option<Statistics>,
}

#[derive(Deserialize)]
struct Statistics {
    #[serde(default)]
    token_count: Option<f64>,
}

/// Reads an answer. The tokens of all texts together are the usage.
pub fn decode_response(body: &[u8], origin: &Arc<Origin>) -> Result<EmbedResponse, Error> {
    let answer: Answer<'_> = serde_json::from_slice(body).map_err(|error| malformed("the predictions", &error))?;
    if let Some(error) = answer.error {
        return Err(in_band(error.get()));
    }
    let count = |one: &Prediction| one.embeddings.statistics.as_ref().and_then(|statistics| statistics.token_count);
    let counts: Option<Vec<f64>> = answer.predictions.iter().map(count).collect();
    let vectors = answer.predictions.into_iter().map(|one| one.embeddings.values).collect();
    let mut response = EmbedResponse::new(Arc::clone(origin), vectors);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts of tokens")]
    let whole = |counts: Vec<f64>| counts.into_iter().sum::<f64>().max(0.0) as u64;
    response.usage.input = counts.map(whole);
    Ok(response)
}

/// Writes an answer. What was used is known of all texts together only, and stands with the first.
pub fn encode_response(response: &EmbedResponse) -> Vec<u8> {
    let statistics = |place: usize| {
        #[expect(clippy::cast_precision_loss, reason = "counts of tokens")]
        let tokens = |tokens: u64| json!({ "token_count": if place == 0 { tokens as f64 } else { 0.0 } });
        response.usage.input.map(tokens)
    };
    let predictions = response.vectors.iter().enumerate().map(|(place, values)| {
        let mut embeddings = json!({ "values": values });
        if let Some(statistics) = statistics(place) {
            embeddings["statistics"] = statistics;
        }
        json!({ "embeddings": embeddings })
    });
    json!({ "predictions": predictions.collect::<Vec<_>>() }).to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_go_both_ways() {
        let origin = Origin::new(API, "vertex", "e");
        let body = json!({
            "instances": [
                {"content": "a", "task_type": "RETRIEVAL_QUERY", "title": "t"},
                {"content": "b", "task_type": "RETRIEVAL_QUERY", "title": "t"},
            ],
            "parameters": {"outputDimensionality": 3, "autoTruncate": false},
            "labels": {"team": "a"},
        });
        let request = decode_request(body.to_string().as_bytes(), "e").unwrap();
        assert_eq!((request.inputs.len(), request.dimensions, request.task.as_deref()), (2, Some(3), Some("query")));
        let encoded = encode_request(&request, &origin).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&encoded.body).unwrap(), body);
        let mixed = json!({"instances": [{"content": "a"}, {"content": "b", "title": "t"}]});
        let error = decode_request(mixed.to_string().as_bytes(), "e").unwrap_err();
        assert_eq!(error.param(), Some("instances[1]"));
    }

    #[test]
    fn answers_go_both_ways() {
        let origin = Arc::new(Origin::new(API, "vertex", "e"));
        let mut response = EmbedResponse::new(origin.clone(), vec![vec![0.5, 1.0], vec![2.0]]);
        response.usage.input = Some(7);
        assert_eq!(decode_response(&encode_response(&response), &origin).unwrap(), response);
        let bare = br#"{"predictions":[{"embeddings":{"values":[1]}}]}"#;
        assert_eq!(decode_response(bare, &origin).unwrap().usage.input, None);
        let refused = br#"{"error":{"code":503,"message":"no","status":"UNAVAILABLE"}}"#;
        assert_eq!(decode_response(refused, &origin).unwrap_err().kind(), ErrorKind::Overloaded);
    }
}
