//! A request on its way in, for a server that speaks this protocol.

use std::sync::Arc;

use llm_core::{ChatRequest, Error, FunctionTool, JsonSchema, Message, OutputFormat, Tool};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::message::History;
use super::{options, think};
use crate::API;
use crate::fields::{self, Fields};

/// A request as a client of this protocol sent it.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// The request. What Loquat has no field for (`keep_alive`, `options.num_ctx`) stands in its `ext` under `ollama`.
    pub request: ChatRequest,
    /// Whether the answer is to be streamed, which it is unless the client said otherwise.
    pub stream: bool,
}

/// Reads a request. Errors name the field that is wrong.
pub fn decode_request(body: &[u8]) -> Result<Decoded, Error> {
    let mut fields = Fields::of_body(body)?;
    let mut request = ChatRequest::new(fields.require::<String>("model", "text")?);
    request.messages = messages(fields.list("messages")?)?;
    request.tools =
        fields.list("tools")?.into_iter().map(|(path, raw)| tool(raw, path).map(Arc::new)).collect::<Result<_, _>>()?;
    request.output = output(fields.take("format", "\"json\" or a json schema")?)?;
    request.reasoning =
        fields.take::<Value>("think", "true, false or a word")?.as_ref().map(think::decode).transpose()?;
    let stream = fields.take("stream", "true or false")?.unwrap_or(true);
    let logprobs = fields.take("logprobs", "true or false")?.unwrap_or(false);
    let top_logprobs = fields.take::<u32>("top_logprobs", "a whole number")?;
    request.sampling.logprobs = if logprobs { Some(top_logprobs.unwrap_or(0)) } else { None };
    if let Some(given) = fields.object("options")? {
        let rest = options::decode(given, &mut request.sampling)?;
        if !rest.is_empty() {
            request.keep_asked(API, Map::from_iter([("options".to_owned(), rest.into())]));
        }
    }
    request.keep_asked(API, fields.rest());
    Ok(Decoded { request, stream })
}

fn messages(list: Vec<(String, &RawValue)>) -> Result<Vec<Arc<Message>>, Error> {
    let mut history = History::default();
    list.into_iter().map(|(path, raw)| history.decode(Fields::of(raw, path)?).map(Arc::new)).collect()
}

fn tool(raw: &RawValue, path: String) -> Result<Tool, Error> {
    let mut fields = Fields::of(raw, path)?;
    let Some(mut function) = fields.object("function")? else { return Err(fields.wrong("function", "an object")) };
    fields.take::<String>("type", "text")?;
    let mut tool = FunctionTool {
        name: function.require("name", "text")?,
        description: function.take("description", "text")?,
        schema: function.take("parameters", "a json schema")?.unwrap_or_default(),
        ..FunctionTool::default()
    };
    let rest = with_function(fields.rest(), function.rest());
    if !rest.is_empty() {
        tool.ext.of_mut(API).extend(rest);
    }
    Ok(Tool::Function(tool))
}

/// What is left of a tool or of a call, and inside it what is left of its function.
pub(super) fn with_function(mut rest: Map<String, Value>, function: Map<String, Value>) -> Map<String, Value> {
    if !function.is_empty() {
        rest.insert("function".to_owned(), Value::Object(function));
    }
    rest
}

fn output(format: Option<Value>) -> Result<OutputFormat, Error> {
    match format {
        None => Ok(OutputFormat::Text),
        Some(Value::String(word)) if word.is_empty() => Ok(OutputFormat::Text),
        Some(Value::String(word)) if word == "json" => Ok(OutputFormat::Json),
        Some(schema @ Value::Object(_)) => Ok(OutputFormat::JsonSchema(JsonSchema { schema, ..JsonSchema::default() })),
        Some(_) => Err(fields::invalid("format".to_owned(), "\"json\" or a json schema")),
    }
}
