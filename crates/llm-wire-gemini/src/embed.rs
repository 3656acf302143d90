//! Embeddings: `embedContent` for one text, `batchEmbedContents` for several.

use std::borrow::Cow;
use std::sync::Arc;

use llm_core::{EmbedRequest, EmbedResponse, Error, ErrorKind, Origin, Warnings};
use llm_wire::json::malformed;
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::in_band;
use crate::generate::Encoded;
use crate::wire::{Fields, Merging, invalid, settings};
use crate::{API, generate};

/// The method that takes this many texts.
pub fn method(inputs: usize) -> &'static str {
    if inputs == 1 { "embedContent" } else { "batchEmbedContents" }
}

/// Writes a request for [`method`].
pub fn encode_request(request: &EmbedRequest, to: &Origin) -> Result<Encoded, Error> {
    let mut warnings = Warnings::new(request.on_unsupported);
    if request.end_user.is_some() {
        warnings.unsupported("end_user", "the gemini api has no field for it")?;
    }
    let model = if request.model.contains('/') {
        Cow::Borrowed(request.model.as_str())
    } else {
        Cow::Owned(format!("models/{}", request.model))
    };
    let ext = settings(&request.ext, API, &to.provider);
    let one = |text, model| OneText { text, model, request, ext: ext.as_deref() };
    let body = match request.inputs.as_slice() {
        // The path says the model; each text of a batch says it again.
        [text] => serde_json::to_vec(&one(text, None)),
        texts => serde_json::to_vec(&Batch { requests: texts.iter().map(|text| one(text, Some(&*model))).collect() }),
    };
    let body =
        body.map_err(|error| Error::new(ErrorKind::Internal, format!("writing an embedding request: {error}")))?;
    Ok(Encoded { body, warnings: warnings.into_vec() })
}

#[derive(Serialize)]
struct Batch<'a> {
    requests: Vec<OneText<'a>>,
}

struct OneText<'a> {
    text: &'a str,
    model: Option<&'a str>,
    request: &'a EmbedRequest,
    ext: Option<&'a Map<String, Value>>,
}

impl Serialize for OneText<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Content<'a> {
            parts: [Part<'a>; 1],
        }
        #[derive(Serialize)]
        struct Part<'a> {
            text: &'a str,
        }
        let mut map = Merging::new(serializer.serialize_map(None)?, self.ext);
        map.optional("model", self.model.as_ref())?;
        map.field("content", &Content { parts: [Part { text: self.text }] })?;
        map.optional("taskType", self.request.task.as_deref().map(task_type).as_ref())?;
        map.optional("outputDimensionality", self.request.dimensions.as_ref())?;
        map.end()
    }
}

/// Our words for the two tasks that every vendor knows; the vendor's own words pass.
pub(crate) fn task_type(task: &str) -> Cow<'_, str> {
    match task {
        "query" => "RETRIEVAL_QUERY".into(),
        "document" => "RETRIEVAL_DOCUMENT".into(),
        other => other.to_ascii_uppercase().into(),
    }
}

pub(crate) fn task(task_type: String) -> String {
    match task_type.as_str() {
        "RETRIEVAL_QUERY" => "query".to_owned(),
        "RETRIEVAL_DOCUMENT" => "document".to_owned(),
        _ => task_type,
    }
}

/// Reads a request of either method; the model comes from the URL.
pub fn decode_request(body: &[u8], model: &str) -> Result<EmbedRequest, Error> {
    let json = std::str::from_utf8(body)
        .map_err(|_| Error::new(ErrorKind::InvalidRequest, "reading an embedding request: it is not UTF-8"))?;
    let mut fields = Fields::read(json.trim(), "")?;
    let mut requests = fields.objects("requests")?;
    if requests.is_empty() {
        requests.push(fields);
    }
    let is_one = requests.len() == 1;
    let mut request = EmbedRequest::new(model, [""; 0]);
    let mut settings: Option<Settings> = None;
    for mut one in requests {
        one.take("model");
        let content = content(&mut one, is_one)?;
        request.inputs.push(content.words);
        let own = (one.count("outputDimensionality")?, one.text("taskType")?.map(task));
        let path = one.path("");
        let mut rest = one.rest();
        rest.extend(content.own.map(|own| ("content".to_owned(), own)));
        let own = (own.0, own.1, rest);
        if settings.get_or_insert_with(|| own.clone()) != &own {
            return Err(invalid(path.trim_end_matches('.'), "all texts must ask for the same dimensions and task"));
        }
    }
    let (dimensions, task, ext) = settings.unwrap_or_default();
    request.dimensions = dimensions;
    request.task = task;
    if !ext.is_empty() {
        *request.ext.of_mut(API) = ext;
    }
    Ok(request)
}

type Settings = (Option<u32>, Option<String>, Map<String, Value>);

/// What is to be embedded.
struct Words {
    /// All words of it together.
    words: String,
    /// All of it as it came, where it is more than one text: ext sends that in place of the words.
    own: Option<Value>,
}

/// Reads `content`. Media and further fields are kept as they came, which only a request of one content can be.
fn content(one: &mut Fields<'_>, is_one: bool) -> Result<Words, Error> {
    let raw = one.take("content").ok_or_else(|| one.invalid("content", "it is missing"))?;
    let mut content = Fields::read(raw, one.path("content"))?;
    content.take("role");
    let mut words = String::new();
    let parts = content.list("parts")?;
    let mut is_plain = parts.len() == 1;
    for (path, raw) in parts {
        let mut part = Fields::read(raw, path)?;
        match part.text("text")? {
            Some(text) => words.push_str(&text),
            None if !is_one => return Err(part.invalid("text", "only text can be embedded in a batch")),
            None => {}
        }
        is_plain &= part.rest().is_empty();
    }
    is_plain &= content.rest().is_empty();
    let own = if is_one && !is_plain { serde_json::from_str(raw).ok() } else { None };
    Ok(Words { words, own })
}

/// Reads an answer of either method.
pub fn decode_response(body: &[u8], origin: &Arc<Origin>) -> Result<EmbedResponse, Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Wire<'a> {
        #[serde(default)]
        embedding: Option<Vector>,
        #[serde(default)]
        embeddings: Vec<Vector>,
        #[serde(borrow, default)]
        usage_metadata: Option<generate::WireUsage<'a>>,
        #[serde(borrow, default)]
        error: Option<&'a serde_json::value::RawValue>,
    }
    let wire: Wire<'_> = serde_json::from_slice(body).map_err(|error| malformed("the embeddings", &error))?;
    if let Some(error) = wire.error {
        return Err(in_band(error.get()));
    }
    let vectors = wire.embedding.into_iter().chain(wire.embeddings).map(|vector| vector.values).collect();
    let mut response = EmbedResponse::new(origin.clone(), vectors);
    if let Some(usage) = wire.usage_metadata {
        response.usage = usage.read().0;
    }
    Ok(response)
}

#[derive(Serialize, Deserialize)]
struct Vector {
    #[serde(default)]
    values: Vec<f32>,
}

/// Writes an answer; `batch` says for which of the two methods.
pub fn encode_response(response: &EmbedResponse, batch: bool) -> Vec<u8> {
    #[derive(Serialize)]
    struct One<'a> {
        values: &'a [f32],
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Wire<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        embedding: Option<One<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        embeddings: Option<Vec<One<'a>>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        usage_metadata: Option<generate::WrittenUsage<'a>>,
    }
    let vectors = || response.vectors.iter().map(|values| One { values });
    let usage = &response.usage;
    let wire = Wire {
        embedding: if batch { None } else { vectors().next() },
        embeddings: batch.then(|| vectors().collect()),
        usage_metadata: (!usage.is_unknown()).then_some(generate::WrittenUsage { usage, service_tier: None }),
    };
    // Numbers and fixed names: writing them into memory cannot fail.
    serde_json::to_vec(&wire).unwrap_or_default()
}
