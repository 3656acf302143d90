//! From the body of `POST /model/{id}/converse` to a chat request, for a server that speaks this protocol.
//!
//! Fields that Loquat has no place for are kept in the request's settings under the wire family's name, and so reach
//! Bedrock again but nobody else.

use std::sync::Arc;

use llm_core::{ChatRequest, Effort, Error, JsonSchema, Message, OutputFormat, Reasoning, Role};
use llm_wire::json::{self, Path};
use llm_wire::turns::read_message;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::decode_tools::{read_choice, read_tools};
use crate::API;
use crate::block;

static ROOT: Path<'static> = Path::Root;

/// A decoded request.
#[derive(Debug)]
#[non_exhaustive]
pub struct Decoded {
    /// What is asked.
    pub request: ChatRequest,
}

/// Decodes a request; the model comes from the path. An error is of the class `invalid_request` and names the field in
/// its message and as `param`.
pub fn decode_request(body: &[u8], model: &str) -> Result<Decoded, Error> {
    let mut fields = json::object(json::body(body)?, &ROOT)?;
    let mut settings = Map::new();
    let mut take = |name: &'static str| fields.take(name).map(|raw| (raw, ROOT.field(name)));
    let mut request = ChatRequest::new(model);

    if let Some((raw, at)) = take("system") {
        let content = block::decode_all(raw, &at)?;
        if !content.is_empty() {
            request.messages.push(Arc::new(Message::new(Role::System, content)));
        }
    }
    if let Some((raw, at)) = take("messages") {
        for (index, message) in json::list(raw, &at, "a list of messages")?.into_iter().enumerate() {
            let expected = "a list of content blocks";
            read_message(message, &at.index(index), API, expected, block::decode_all, &mut request.messages)?;
        }
    }
    if let Some((raw, at)) = take("inferenceConfig") {
        let mut config = json::object(raw, &at)?;
        let sampling = &mut request.sampling;
        let mut take = |name| config.take(name).map(|raw| (raw, at.field(name)));
        sampling.max_output_tokens = take("maxTokens").map(|(raw, at)| json::unsigned(raw, &at)).transpose()?;
        sampling.temperature = take("temperature").map(|(raw, at)| json::number(raw, &at)).transpose()?;
        sampling.top_p = take("topP").map(|(raw, at)| json::number(raw, &at)).transpose()?;
        if let Some((raw, at)) = take("stopSequences") {
            for (index, text) in json::list(raw, &at, "a list of strings")?.into_iter().enumerate() {
                sampling.stop.push(json::string(text, &at.index(index))?.into_owned());
            }
        }
        json::keep(&mut settings, "inferenceConfig", config.rest());
    }
    if let Some((raw, at)) = take("toolConfig") {
        let mut config = json::object(raw, &at)?;
        if let Some(raw) = config.take("tools") {
            request.tools = read_tools(raw, &at.field("tools"))?;
        }
        let mut rest = Map::new();
        if let Some(raw) = config.take("toolChoice") {
            read_choice(raw, &at.field("toolChoice"), &mut request, &mut rest)?;
        }
        rest.extend(config.rest());
        json::keep(&mut settings, "toolConfig", rest);
    }
    if let Some((raw, at)) = take("outputConfig") {
        read_output(raw, &at, &mut request, &mut settings)?;
    }
    if let Some((raw, at)) = take("serviceTier") {
        let mut tier = json::object(raw, &at)?;
        let place = at.field("type");
        let word = tier.take("type").ok_or_else(|| place.must_be("a string"))?;
        request.service_tier = Some(json::string(word, &place)?.into_owned());
        json::keep(&mut settings, "serviceTier", tier.rest());
    }
    if let Some((raw, at)) = take("requestMetadata") {
        request.metadata = serde_json::from_str(raw.get()).map_err(|_| at.must_be("an object of strings"))?;
    }
    settings.extend(fields.rest());
    request.keep_asked(API, settings);
    Ok(Decoded { request })
}

/// `outputConfig`: the effort, and the schema of the answer as text.
fn read_output(
    raw: &RawValue,
    at: &Path<'_>,
    request: &mut ChatRequest,
    settings: &mut Map<String, Value>,
) -> Result<(), Error> {
    let mut config = json::object(raw, at)?;
    let effort = config.take("effort").map(|raw| json::string(raw, &at.field("effort"))).transpose()?;
    request.reasoning = effort.map(|effort| Reasoning::Effort(Effort::from(&*effort)));
    let mut whole = None;
    if let Some(raw) = config.take("textFormat") {
        let at = at.field("textFormat");
        let place = at.field("structure");
        let mut format = json::object(raw, &at)?;
        let structure = format.take("structure").ok_or_else(|| place.must_be("an object"))?;
        let schema = json::object(structure, &place)?.take("jsonSchema");
        let place = place.field("jsonSchema");
        let mut fields = json::object(schema.ok_or_else(|| place.must_be("an object"))?, &place)?;
        let text = |raw: Option<&RawValue>, at: Path<'_>| {
            raw.map(|raw| json::string(raw, &at).map(std::borrow::Cow::into_owned)).transpose()
        };
        let name = text(fields.take("name"), place.field("name"))?.unwrap_or_default();
        let description = text(fields.take("description"), place.field("description"))?;
        let place = place.field("schema");
        let schema = text(fields.take("schema"), place)?.ok_or_else(|| place.must_be("the text of a JSON schema"))?;
        let schema = serde_json::from_str(&schema).map_err(|_| place.must_be("the text of a JSON schema"))?;
        request.output = OutputFormat::JsonSchema(JsonSchema { name, description, schema, strict: None });
        format.take("type");
        // Fields that are not known go back with all that stands around them.
        let has_more = !format.rest().is_empty() || !fields.rest().is_empty();
        whole = has_more.then(|| json::value(raw, &at)).transpose()?;
    }
    let mut rest = config.rest();
    rest.extend(whole.map(|format| ("textFormat".to_owned(), format)));
    json::keep(settings, "outputConfig", rest);
    Ok(())
}
