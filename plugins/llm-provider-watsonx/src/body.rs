//! Bodies as watsonx wants them, made from OpenAI's: another name of the model, whose account it is, and parameters in a
//! place of their own.

use std::borrow::Cow;
use std::collections::BTreeMap;

use llm_core::{Error, ErrorKind};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

/// The fields of a body. What nobody looks at is passed on as it stands.
pub(crate) struct Body<'a>(BTreeMap<Cow<'a, str>, Field<'a>>);

#[derive(Serialize)]
#[serde(untagged)]
enum Field<'a> {
    Sent(&'a RawValue),
    Own(Value),
}

/// Whose account a request is billed to; nobody's for deployments, which have their own.
pub(crate) type Billed<'a> = Option<(&'static str, &'a str)>;

impl<'a> Body<'a> {
    /// The fields of OpenAI's body.
    pub(crate) fn read(body: &'a [u8]) -> Result<Self, Error> {
        let fields: BTreeMap<Cow<'a, str>, &'a RawValue> = serde_json::from_slice(body).map_err(internal)?;
        Ok(Self(fields.into_iter().map(|(name, value)| (name, Field::Sent(value))).collect()))
    }

    /// With the model under its name here, and the account.
    pub(crate) fn billed(mut self, billed: Billed<'_>) -> Self {
        let model = self.0.remove("model");
        if let Some((name, id)) = billed {
            self.0.extend(model.map(|model| ("model_id".into(), model)));
            self.put(name, id.into());
        }
        self
    }

    pub(crate) fn rename(&mut self, from: &str, to: &'static str) {
        let field = self.0.remove(from);
        self.0.extend(field.map(|field| (to.into(), field)));
    }

    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        match self.0.remove(name)? {
            Field::Sent(raw) => serde_json::from_str(raw.get()).ok(),
            Field::Own(value) => Some(value),
        }
    }

    pub(crate) fn put(&mut self, name: &'static str, value: Value) {
        self.0.insert(name.into(), Field::Own(value));
    }

    /// Fields that stand in `parameters` here, by their names there and here, beside those that the request has itself.
    pub(crate) fn parameters(&mut self, names: &[(&str, &str)]) {
        let mut all = match self.take("parameters") {
            Some(Value::Object(own)) => own,
            _ => Map::new(),
        };
        for (there, here) in names {
            if let Some(value) = self.take(there) {
                all.entry(*here).or_insert(value);
            }
        }
        if !all.is_empty() {
            self.put("parameters", all.into());
        }
    }

    pub(crate) fn into_bytes(self) -> Result<Vec<u8>, Error> {
        serde_json::to_vec(&self.0).map_err(internal)
    }
}

/// A chat: words of a choice have a field of their own, and schemas of tools must not close their objects.
pub(crate) fn chat(body: &[u8], billed: Billed<'_>) -> Result<Vec<u8>, Error> {
    let mut body = Body::read(body)?.billed(billed);
    match body.take("tool_choice") {
        Some(word @ Value::String(_)) => body.put("tool_choice_option", word),
        Some(named) => body.put("tool_choice", named),
        None => {}
    }
    if let Some(mut tools) = body.take("tools") {
        for tool in tools.as_array_mut().into_iter().flatten() {
            open(&mut tool["function"]["parameters"]);
        }
        body.put("tools", tools);
    }
    body.into_bytes()
}

/// A prompt to be continued.
pub(crate) fn prompt(body: &[u8], billed: Billed<'_>) -> Result<Vec<u8>, Error> {
    let mut body = Body::read(body)?.billed(billed);
    body.rename("prompt", "input");
    body.parameters(&[
        ("max_tokens", "max_new_tokens"),
        ("temperature", "temperature"),
        ("top_p", "top_p"),
        ("top_k", "top_k"),
        ("seed", "random_seed"),
        ("stop", "stop_sequences"),
    ]);
    if let Some(Value::Object(mut all)) = body.take("parameters") {
        // By default the likeliest word is taken, whatever these say.
        if ["temperature", "top_p", "top_k"].iter().any(|name| all.contains_key(*name)) {
            all.entry("decoding_method").or_insert_with(|| "sample".into());
        }
        body.put("parameters", all.into());
    }
    body.into_bytes()
}

/// Texts to make vectors of.
pub(crate) fn embed(body: &[u8], billed: Billed<'_>) -> Result<Vec<u8>, Error> {
    let mut body = Body::read(body)?.billed(billed);
    body.rename("input", "inputs");
    body.into_bytes()
}

/// Documents to put in order.
pub(crate) fn rerank(body: &[u8], billed: Billed<'_>) -> Result<Vec<u8>, Error> {
    let mut body = Body::read(body)?.billed(billed);
    let documents = body.take("documents");
    let documents = documents.as_ref().and_then(Value::as_array).into_iter().flatten();
    body.put("inputs", documents.map(|text| json!({ "text": text })).collect());
    let mut wished = Map::new();
    for (there, here) in [("top_n", "top_n"), ("return_documents", "inputs")] {
        wished.extend(body.take(there).map(|value| (here.to_owned(), value)));
    }
    if !wished.is_empty() {
        body.put("return_options", wished.into());
    }
    body.parameters(&[("max_tokens_per_doc", "truncate_input_tokens"), ("return_options", "return_options")]);
    body.into_bytes()
}

/// Takes `additionalProperties: false` out of a schema, which is refused (LiteLLM 1.106.2).
fn open(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if fields.get("additionalProperties") == Some(&Value::Bool(false)) {
                fields.remove("additionalProperties");
            }
            fields.values_mut().for_each(open);
        }
        Value::Array(items) => items.iter_mut().for_each(open),
        _ => {}
    }
}

fn internal(error: serde_json::Error) -> Error {
    Error::new(ErrorKind::Internal, "encoding the request as JSON failed").with_source(error)
}
