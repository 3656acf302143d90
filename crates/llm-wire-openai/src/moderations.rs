//! Judgements of contents, both ways.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use llm_core::{
    Error, ErrorKind, Media, ModerateInput, ModerateRequest, ModerateResponse, Moderation, ModerationCategory, Origin,
    Part, PartKind,
};
use llm_wire::json::malformed;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::dialect::Dialect;
use crate::encoded::{Encoded, Notes};
use crate::json::{Added, Fields, Str, read_request, take, to_vec, wrong};
use crate::{FAMILY, counts, error, media};

/// Encodes a request for one target. Contents that this protocol cannot send are an `unsupported` error: a judgement of
/// something else would be no answer.
pub fn encode_request(request: &ModerateRequest, to: &Origin, dialect: &Dialect) -> Result<Encoded, Error> {
    let notes = Notes::new(request.on_unsupported);
    let body =
        Body { model: &request.model, input: input(&request.inputs, dialect)?, added: Added::new(&request.ext, to) };
    Ok(Encoded { body: to_vec("encoding the request", &body, 256)?, warnings: notes.into_vec() })
}

struct Body<'a> {
    model: &'a str,
    input: Input<'a>,
    added: Added<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Input<'a> {
    One(&'a str),
    Several(Vec<Cow<'a, str>>),
    Parts(Vec<Value>),
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = Fields::new(serializer.serialize_map(None)?, self.added);
        if !self.model.is_empty() {
            fields.put("model", self.model)?;
        }
        fields.put("input", &self.input)?;
        fields.end()
    }
}

fn unsupported(why: &str) -> Error {
    Error::new(ErrorKind::Unsupported, format!("encoding the request: {why}")).with_param("inputs")
}

fn input<'a>(inputs: &'a [ModerateInput], dialect: &Dialect) -> Result<Input<'a>, Error> {
    if let [only] = inputs {
        return match only.as_text() {
            Some(text) => Ok(Input::One(text)),
            None => {
                only.content.iter().map(|part| self::part(part, dialect)).collect::<Result<_, _>>().map(Input::Parts)
            }
        };
    }
    let texts = inputs.iter().map(|input| {
        let texts: Option<Vec<&str>> = input.content.iter().map(Part::as_text).collect();
        match texts.as_deref() {
            Some([text]) => Ok(Cow::Borrowed(*text)),
            Some(texts) => Ok(Cow::Owned(texts.concat())),
            None => Err(unsupported("this protocol judges one content with images at a time: send them one by one")),
        }
    });
    texts.collect::<Result<_, _>>().map(Input::Several)
}

fn part(part: &Part, dialect: &Dialect) -> Result<Value, Error> {
    match &part.kind {
        PartKind::Text { text, .. } => Ok(json!({ "type": "text", "text": text })),
        PartKind::Media(media) if media.family() == "image" && dialect.media.contains(&"image_url") => {
            let url = media::to_url(media).ok_or_else(|| unsupported("an image must be inline or at a URL"))?;
            Ok(json!({ "type": "image_url", "image_url": { "url": url } }))
        }
        _ => Err(unsupported("this protocol judges texts and images only")),
    }
}

wire_object! {
    strict struct BodyIn<'a> {
        "model" => model: Option<Str<'a>>,
        "input" => input: Option<Value>,
    }
    skip: []
    rest: Map<String, Value>
}

/// Reads a client's request. What is wrong with it is an `invalid_request` error that names the field.
pub fn decode_request(body: &[u8]) -> Result<ModerateRequest, Error> {
    let body: BodyIn<'_> = read_request(body)?;
    let inputs = match body.input {
        Some(Value::String(text)) => vec![text.into()],
        Some(Value::Array(items)) if items.is_empty() => {
            return Err(wrong("input", "is empty: send at least one text"));
        }
        Some(Value::Array(items)) if items.iter().all(Value::is_string) => {
            items.iter().filter_map(Value::as_str).map(ModerateInput::from).collect()
        }
        Some(Value::Array(items)) => {
            let parts = items.iter().enumerate().map(|(place, item)| {
                part_in(item).ok_or_else(|| wrong(&format!("input[{place}]"), "must be a text or an image_url part"))
            });
            vec![ModerateInput::new(parts.collect::<Result<_, _>>()?)]
        }
        Some(_) => return Err(wrong("input", "must be a string or a list")),
        None => return Err(wrong("input", "is missing")),
    };
    let mut request = ModerateRequest::new(body.model.map(|model| model.0.into_owned()).unwrap_or_default(), inputs);
    if !body.rest.is_empty() {
        request.ext.0.insert(FAMILY.to_owned(), body.rest);
    }
    Ok(request)
}

fn part_in(item: &Value) -> Option<Part> {
    match item["type"].as_str()? {
        "text" => Some(Part::text(item["text"].as_str()?)),
        "image_url" => {
            let image: Media = media::of_url(item["image_url"]["url"].as_str()?, "image/*");
            Some(Part::media(image))
        }
        _ => None,
    }
}

/// Reads judgements. An error object in the answer is an error, classified.
pub fn decode_response(body: &[u8], origin: &Arc<Origin>, dialect: &Dialect) -> Result<ModerateResponse, Error> {
    let what = "the vendor's judgements";
    let mut answer: Value = serde_json::from_slice(body).map_err(|error| malformed(what, &error))?;
    let Value::Array(results) = take(&mut answer, "results") else {
        let nothing = || Error::new(ErrorKind::Malformed, format!("reading {what}: there are none"));
        return Err(error::in_band(&answer, dialect).unwrap_or_else(nothing));
    };
    let mut response = ModerateResponse::new(origin.clone(), results.iter().map(judgement).collect());
    response.id = answer["id"].as_str().map(str::to_owned);
    response.model = answer["model"].as_str().map(str::to_owned);
    response.usage = counts::decode(&answer["usage"]);
    Ok(response)
}

fn judgement(result: &Value) -> Moderation {
    let mut categories: BTreeMap<String, ModerationCategory> = BTreeMap::new();
    for (name, flagged) in result["categories"].as_object().into_iter().flatten() {
        categories.entry(name.clone()).or_default().flagged = flagged.as_bool().unwrap_or_default();
    }
    for (name, score) in result["category_scores"].as_object().into_iter().flatten() {
        categories.entry(name.clone()).or_default().score = score.as_f64();
    }
    for (name, kinds) in result["category_applied_input_types"].as_object().into_iter().flatten() {
        let kinds = kinds.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
        categories.entry(name.clone()).or_default().applies_to = Some(kinds.collect());
    }
    let mut judgement = Moderation::default();
    // Mistral says it of the categories only.
    judgement.flagged =
        result["flagged"].as_bool().unwrap_or_else(|| categories.values().any(|category| category.flagged));
    judgement.categories = categories;
    judgement
}

/// Writes judgements for OpenAI's clients.
pub fn encode_response(response: &ModerateResponse) -> Vec<u8> {
    let results = response.results.iter().map(|judgement| {
        let (mut flags, mut scores, mut kinds) = (Map::new(), Map::new(), Map::new());
        for (name, category) in &judgement.categories {
            flags.insert(name.clone(), category.flagged.into());
            if let Some(score) = category.score {
                scores.insert(name.clone(), score.into());
            }
            if let Some(applies_to) = &category.applies_to {
                kinds.insert(name.clone(), json!(applies_to));
            }
        }
        let mut result = json!({ "flagged": judgement.flagged, "categories": flags, "category_scores": scores });
        if !kinds.is_empty() {
            result["category_applied_input_types"] = Value::Object(kinds);
        }
        result
    });
    let answer = json!({
        "id": response.id,
        "model": response.model.as_deref().unwrap_or(&response.origin.model),
        "results": results.collect::<Vec<_>>(),
    });
    serde_json::to_vec(&answer).unwrap_or_default()
}
