//! A request as JSON, borrowed from the request into one buffer.

use std::borrow::Cow;

use llm_core::{ChatRequest, Error, Origin, Reasoning};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::input::Input;
use super::tool::{self, Choice, ToolOut};
use crate::chat::request::{Keep, ResponseFormat, Schema, capacity, effort, model};
use crate::crossing;
use crate::dialect::{Dialect, ReasoningRequest};
use crate::encoded::{Encoded, Notes};
use crate::json::{Added, Fields, to_vec};
use crate::responses::mark;
use crate::responses::out::Writer;

/// Encodes a request for one target. Every field is in the body or in the warnings.
///
/// `to` is the target: its provider's entry in `ext` wins over the protocol's, both over the request's own fields. In the
/// objects `reasoning` and `text` the caller's fields stand beside the request's own. Fields of chat completions are sent as
/// this protocol has them, or warned about.
pub fn encode_request(request: &ChatRequest, to: &Origin, stream: bool, dialect: &Dialect) -> Result<Encoded, Error> {
    let mut notes = Notes::new(request.on_unsupported);
    let settings = crossing::to_responses(request, to, dialect, &mut notes)?;
    let added = settings.added();
    for name in request.extra.keys().filter(|name| !added.has(name)) {
        notes.unknown(name)?;
    }
    for name in request.sampling.extra.keys() {
        notes.unknown(&format!("sampling.{name}"))?;
    }
    let body = Body::new(request, to, (stream, added), dialect, &mut notes)?;
    let body = to_vec("encoding the request", &body, capacity(request))?;
    Ok(Encoded { body, warnings: notes.into_vec() })
}

struct Body<'a> {
    model: Cow<'a, str>,
    input: Input<'a>,
    tools: Vec<ToolOut<'a>>,
    tool_choice: Option<Choice<'a>>,
    parallel_tool_calls: Option<bool>,
    format: Option<Format<'a>>,
    effort: Option<Cow<'a, str>>,
    temperature: Option<f64>,
    top_p: Option<f64>,
    max_output_tokens: Option<u32>,
    logprobs: Option<u32>,
    service_tier: Option<&'a str>,
    end_user: Option<(&'static str, &'a str)>,
    metadata: Option<&'a std::collections::BTreeMap<String, String>>,
    stream: bool,
    added: Added<'a>,
}

/// Why a field is left out that this API does not have.
const NO_FIELD: &str = "the responses api has no such field";

/// Objects that are written here from the request's fields and the caller's.
const JOINED: &[&str] = &["reasoning", "text", "include"];

impl<'a> Body<'a> {
    fn new(
        request: &'a ChatRequest,
        to: &Origin,
        (stream, added): (bool, Added<'a>),
        dialect: &Dialect,
        notes: &mut Notes,
    ) -> Result<Self, Error> {
        let sampling = &request.sampling;
        for (asked, field) in [
            (sampling.top_k.is_some(), "sampling.top_k"),
            (sampling.presence_penalty.is_some(), "sampling.presence_penalty"),
            (sampling.frequency_penalty.is_some(), "sampling.frequency_penalty"),
            (sampling.seed.is_some(), "sampling.seed"),
            (!sampling.stop.is_empty(), "sampling.stop"),
            (sampling.candidates.is_some(), "sampling.candidates"),
        ] {
            if asked {
                notes.unsupported(field, NO_FIELD)?;
            }
        }
        let input = Input::new(request, &mut Writer { to, dialect, notes, for_client: false })?;
        let tools = tool::tools(request, to, notes)?;
        let tool_choice = tool::choice(request, &tools, notes)?;
        // `strict` is a field of this API whoever speaks it.
        let strict = Dialect { strict: true, ..*dialect };
        let format = ResponseFormat::new(&request.output, &strict, (!tools.is_empty(), stream), notes)?;
        let metadata = Some(&request.metadata).filter(|metadata| !metadata.is_empty());
        let effort = effort_of(request.reasoning.as_ref(), dialect, notes)?;
        let mut keep = Keep { dialect, notes };
        Ok(Self {
            model: model(&request.model, dialect.model_prefix),
            input,
            tools,
            tool_choice,
            parallel_tool_calls: keep.field(
                "parallel_tool_calls",
                "parallel_tool_calls",
                request.parallel_tool_calls,
            )?,
            format: format.map(Format::from),
            effort,
            temperature: keep.temperature(sampling.temperature)?,
            top_p: keep.drawn("top_p", "sampling.top_p", sampling.top_p, 1.0)?,
            max_output_tokens: keep.field(
                "max_output_tokens",
                "sampling.max_output_tokens",
                sampling.max_output_tokens,
            )?,
            logprobs: keep.field("top_logprobs", "sampling.logprobs", sampling.logprobs)?,
            service_tier: keep.field("service_tier", "service_tier", request.service_tier.as_deref())?,
            end_user: keep.named(dialect.end_user, "end_user", request.end_user.as_deref())?,
            metadata: keep.field("metadata", "metadata", metadata)?,
            stream,
            added,
        })
    }
}

fn effort_of<'a>(
    asked: Option<&'a Reasoning>,
    dialect: &Dialect,
    notes: &mut Notes,
) -> Result<Option<Cow<'a, str>>, Error> {
    match (asked, dialect.reasoning) {
        (None, _) => Ok(None),
        (Some(_), ReasoningRequest::None) => {
            notes.unsupported("reasoning", "this vendor has no setting for it")?;
            Ok(None)
        }
        (Some(asked), _) => effort(asked, dialect, notes),
    }
}

/// `text.format`.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Format<'a> {
    JsonObject,
    JsonSchema(Schema<'a>),
}

impl<'a> From<ResponseFormat<'a>> for Format<'a> {
    fn from(format: ResponseFormat<'a>) -> Self {
        match format {
            ResponseFormat::JsonObject => Self::JsonObject,
            ResponseFormat::JsonSchema { json_schema } => Self::JsonSchema(json_schema),
        }
    }
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // One list is made of both, unless the caller's is none.
        let include = match self.added.value("include") {
            Some(Value::Array(list)) => Some(&list[..]),
            _ => None,
        };
        let joins = |name: &str| self.added.value(name).is_none_or(Value::is_object);
        let mut fields = Fields::new(serializer.serialize_map(None)?, self.added.without(JOINED));
        // A stored prompt names its own model.
        fields.put_some("model", Some(&*self.model).filter(|model| !model.is_empty()))?;
        fields.put_some("instructions", self.input.instructions.as_deref())?;
        // Nothing to read is said, too, unless what is to be read is kept at the vendor.
        if !self.input.items.is_empty() || !mark::ELSEWHERE.iter().any(|name| self.added.has(name)) {
            fields.put("input", &self.input.items)?;
        }
        if !self.tools.is_empty() {
            fields.put("tools", &self.tools)?;
        }
        fields.put_some("tool_choice", self.tool_choice.as_ref())?;
        fields.put_some("parallel_tool_calls", self.parallel_tool_calls)?;
        joined(&mut fields, joins("text"), "text", "format", self.format.as_ref(), self.added)?;
        joined(&mut fields, joins("reasoning"), "reasoning", "effort", self.effort.as_deref(), self.added)?;
        fields.put_some("temperature", self.temperature)?;
        fields.put_some("top_p", self.top_p)?;
        fields.put_some("max_output_tokens", self.max_output_tokens)?;
        fields.put_some("top_logprobs", self.logprobs.filter(|count| *count > 0))?;
        if self.logprobs.is_some() || include.is_some() {
            fields.put("include", &Include { list: include.unwrap_or_default(), logprobs: self.logprobs.is_some() })?;
        } else {
            fields.put_some("include", self.added.value("include"))?;
        }
        fields.put_some("service_tier", self.service_tier)?;
        if let Some((name, user)) = self.end_user {
            fields.put(name, user)?;
        }
        fields.put_some("metadata", self.metadata)?;
        if self.stream {
            fields.put("stream", &true)?;
        }
        fields.end()
    }
}

/// An object with one field of the request's own among the caller's; whatever else the caller gives is written as it is.
fn joined<M: SerializeMap, T: Serialize + ?Sized>(
    fields: &mut Fields<'_, M>,
    joins: bool,
    name: &'static str,
    field: &'static str,
    own: Option<&T>,
    added: Added<'_>,
) -> Result<(), M::Error> {
    let given = added.value(name);
    match given {
        Some(given) if !joins => fields.put(name, given),
        None if own.is_none() => Ok(()),
        _ => fields.put(name, &Joined { field, own, given: given.and_then(Value::as_object) }),
    }
}

struct Joined<'a, T: ?Sized> {
    field: &'static str,
    own: Option<&'a T>,
    given: Option<&'a Map<String, Value>>,
}

impl<T: Serialize + ?Sized> Serialize for Joined<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = Fields::new(serializer.serialize_map(None)?, Added::object(self.given));
        fields.put_some(self.field, self.own)?;
        fields.end()
    }
}

struct Include<'a> {
    list: &'a [Value],
    logprobs: bool,
}

/// What a request for probabilities includes.
pub(crate) const LOGPROBS: &str = "message.output_text.logprobs";

impl Serialize for Include<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let missing = self.logprobs && !self.list.iter().any(|entry| entry == LOGPROBS);
        let own = Value::from(LOGPROBS);
        serializer.collect_seq(self.list.iter().chain(missing.then_some(&own)))
    }
}
