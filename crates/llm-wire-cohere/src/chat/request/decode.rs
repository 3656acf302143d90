//! A request of the vendor's clients. What this crate has no field for goes to `ext` and comes out as it went in.

use llm_core::{
    ChatRequest, Effort, Error, Extensions, FunctionTool, JsonSchema, Media, Message, OutputFormat, Part, PartKind,
    Reasoning, Role, Tool, ToolCall, ToolChoice, ToolResult, base64_text,
};
use llm_wire::json::{Fields, Path, boolean, list, number, object, string, unsigned, value};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::sync::Arc;

use crate::API;
use crate::chat::{DOCUMENT, TOOL_PLAN};

/// A request, and the form its answer is wanted in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Decoded {
    /// The request. Its model is empty when the client names none.
    pub request: ChatRequest,
    /// The answer is to be streamed.
    pub stream: bool,
}

/// Reads a request. Bad input is an `invalid_request` error that names the field.
pub fn decode_request(body: &[u8]) -> Result<Decoded, Error> {
    let root = Path::Root;
    let raw: &RawValue = serde_json::from_slice(body).map_err(|_| root.must_be("JSON"))?;
    let mut fields = object(raw, &root)?;
    let mut request = ChatRequest::default();
    if let Some(model) = fields.take("model") {
        request.model = string(model, &root.field("model"))?.into_owned();
    }
    let at = root.field("messages");
    let messages = fields.take("messages").ok_or_else(|| at.must_be("a list of messages"))?;
    for (place, raw) in list(messages, &at, "a list of messages")?.into_iter().enumerate() {
        request.messages.push(Arc::new(message(raw, &at.index(place))?));
    }
    sampling(&mut fields, &mut request)?;
    tools(&mut fields, &mut request)?;
    let format = output(&mut fields, &mut request)?;
    let thought = thinking(&mut fields, &mut request)?;
    let stream = fields.take("stream").map(|raw| boolean(raw, &root.field("stream"))).transpose()?;
    let rest = with_inner(fields.rest(), "response_format", format);
    request.keep_asked(API, with_inner(rest, "thinking", thought));
    Ok(Decoded { request, stream: stream.unwrap_or(false) })
}

fn sampling(fields: &mut Fields<'_>, request: &mut ChatRequest) -> Result<(), Error> {
    let root = Path::Root;
    let sampling = &mut request.sampling;
    let mut float = |name: &'static str| fields.take(name).map(|raw| number(raw, &root.field(name))).transpose();
    sampling.temperature = float("temperature")?;
    sampling.top_p = float("p")?;
    sampling.frequency_penalty = float("frequency_penalty")?;
    sampling.presence_penalty = float("presence_penalty")?;
    let mut whole = |name: &'static str| fields.take(name).map(|raw| unsigned(raw, &root.field(name))).transpose();
    sampling.top_k = whole("k")?;
    sampling.max_output_tokens = whole("max_tokens")?;
    sampling.seed = whole("seed")?.map(i64::from);
    let at = root.field("stop_sequences");
    if let Some(raw) = fields.take("stop_sequences") {
        let texts = list(raw, &at, "a list of strings")?.into_iter().enumerate();
        sampling.stop =
            texts.map(|(place, raw)| Ok(string(raw, &at.index(place))?.into_owned())).collect::<Result<_, Error>>()?;
    }
    if let Some(raw) = fields.take("logprobs") {
        sampling.logprobs = boolean(raw, &root.field("logprobs"))?.then_some(0);
    }
    Ok(())
}

fn tools(fields: &mut Fields<'_>, request: &mut ChatRequest) -> Result<(), Error> {
    let root = Path::Root;
    let at = root.field("tools");
    if let Some(raw) = fields.take("tools") {
        for (place, raw) in list(raw, &at, "a list of tools")?.into_iter().enumerate() {
            let here = at.index(place);
            let mut tool = object(raw, &here)?;
            let inner = here.field("function");
            let mut function = object(tool.take("function").ok_or_else(|| inner.must_be("an object"))?, &inner)?;
            let mut read = FunctionTool::default();
            let name = inner.field("name");
            read.name = string(function.take("name").ok_or_else(|| name.must_be("a string"))?, &name)?.into_owned();
            let description = inner.field("description");
            read.description =
                function.take("description").map(|raw| string(raw, &description)).transpose()?.map(Into::into);
            let parameters = inner.field("parameters");
            read.schema =
                function.take("parameters").map(|raw| value(raw, &parameters)).transpose()?.unwrap_or_default();
            // The one kind of tools there is.
            tool.take("type");
            keep(&mut read.ext, with_inner(tool.rest(), "function", function.rest()));
            request.tools.push(Arc::new(Tool::Function(read)));
        }
    }
    if let Some(raw) = fields.take("tool_choice") {
        let at = root.field("tool_choice");
        request.tool_choice = match &*string(raw, &at)? {
            "REQUIRED" => ToolChoice::Required,
            "NONE" => ToolChoice::None,
            _ => return Err(at.must_be("REQUIRED or NONE")),
        };
    }
    Ok(())
}

/// Reads the form of the answer; gives back what is left of the field.
fn output(fields: &mut Fields<'_>, request: &mut ChatRequest) -> Result<Map<String, Value>, Error> {
    let at = Path::Field(&Path::Root, "response_format");
    let Some(raw) = fields.take("response_format") else { return Ok(Map::new()) };
    let mut format = object(raw, &at)?;
    let schema = format.take("json_schema").or_else(|| format.take("schema"));
    request.output = match (format.take_text("type").as_deref(), schema) {
        (Some("text"), _) => OutputFormat::Text,
        (Some("json_object"), None) => OutputFormat::Json,
        (Some("json_object"), Some(schema)) => {
            let schema = value(schema, &at.field("json_schema"))?;
            OutputFormat::JsonSchema(JsonSchema { schema, ..JsonSchema::default() })
        }
        _ => return Err(at.field("type").must_be("text or json_object")),
    };
    Ok(format.rest())
}

/// Reads how much the model thinks; gives back what is left of the field.
fn thinking(fields: &mut Fields<'_>, request: &mut ChatRequest) -> Result<Map<String, Value>, Error> {
    let at = Path::Field(&Path::Root, "thinking");
    let Some(raw) = fields.take("thinking") else { return Ok(Map::new()) };
    let mut said = object(raw, &at)?;
    let budget = said.take("token_budget").map(|raw| unsigned(raw, &at.field("token_budget"))).transpose()?;
    request.reasoning = Some(match (said.take_text("type").as_deref(), budget) {
        (Some("disabled"), _) => Reasoning::Effort(Effort::None),
        (Some("enabled"), Some(tokens)) => Reasoning::Budget(tokens),
        (Some("enabled"), None) => Reasoning::Effort(Effort::Medium),
        _ => return Err(at.field("type").must_be("enabled or disabled")),
    });
    Ok(said.rest())
}

fn message(raw: &RawValue, at: &Path<'_>) -> Result<Message, Error> {
    let mut fields = object(raw, at)?;
    let place = at.field("role");
    let role = string(fields.take("role").ok_or_else(|| place.must_be("a string"))?, &place)?;
    let role = Role::from(&*role);
    let mut parts = Vec::new();
    if let Some(plan) = fields.take_text("tool_plan").filter(|plan| !plan.is_empty()) {
        parts.push(Part::opaque(TOOL_PLAN, Value::String(plan.into_owned())));
    }
    if let Some(raw) = fields.take("content") {
        content(raw, &at.field("content"), &mut parts)?;
    }
    if role == Role::Tool {
        let place = at.field("tool_call_id");
        let id = string(fields.take("tool_call_id").ok_or_else(|| place.must_be("a string"))?, &place)?;
        let result = ToolResult { call_id: id.into_owned(), content: parts, ..ToolResult::default() };
        parts = vec![Part::new(PartKind::ToolResult(result))];
    }
    let calls = at.field("tool_calls");
    // On another role they are no calls, but a field that the vendor may know.
    if role == Role::Assistant
        && let Some(raw) = fields.take("tool_calls")
    {
        for (place, raw) in list(raw, &calls, "a list of calls")?.into_iter().enumerate() {
            parts.push(call(raw).ok_or_else(|| calls.index(place).must_be("a call of a function"))?);
        }
    }
    let mut message = Message::new(role, parts);
    // Whoever sends an answer back sends its citations too; they stand here, as the vendor gave them.
    keep(&mut message.ext, fields.rest());
    Ok(message)
}

/// What is left of an object, and inside it what is left of one of its fields.
fn with_inner(mut rest: Map<String, Value>, name: &str, inner: Map<String, Value>) -> Map<String, Value> {
    if !inner.is_empty() {
        rest.insert(name.to_owned(), inner.into());
    }
    rest
}

/// Keeps what has no field of its own.
fn keep(ext: &mut Extensions, rest: Map<String, Value>) {
    if !rest.is_empty() {
        ext.0.insert(API.to_owned(), rest);
    }
}

fn call(raw: &RawValue) -> Option<Part> {
    let mut fields = Fields::read(raw)?;
    let mut function = Fields::read(fields.take("function")?)?;
    let call = ToolCall {
        id: fields.take_text("id")?.into_owned(),
        name: function.take_text("name")?.into_owned(),
        arguments: function.take_text("arguments").unwrap_or_default().into_owned(),
        ..ToolCall::default()
    };
    let mut part = Part::new(PartKind::ToolCall(call));
    fields.take("type");
    keep(&mut part.ext, with_inner(fields.rest(), "function", function.rest()));
    Some(part)
}

fn content(raw: &RawValue, at: &Path<'_>, parts: &mut Vec<Part>) -> Result<(), Error> {
    if raw.get().starts_with('"') {
        let text = string(raw, at)?;
        if !text.is_empty() {
            parts.push(Part::text(text));
        }
        return Ok(());
    }
    for (place, raw) in list(raw, at, "a string or a list of parts")?.into_iter().enumerate() {
        let here = at.index(place);
        let mut inner = Map::new();
        let mut fields = object(raw, &here)?;
        let kind = fields.take_text("type").ok_or_else(|| here.field("type").must_be("a string"))?;
        let mut text = |name: &'static str| {
            let place = here.field(name);
            let raw = fields.take(name).ok_or_else(|| place.must_be("a string"))?;
            string(raw, &place).map(std::borrow::Cow::into_owned)
        };
        let mut part = match &*kind {
            "text" => Part::text(text("text")?),
            "thinking" => Part::reasoning(text("thinking")?),
            "image_url" => {
                let place = here.field("image_url");
                let mut image = object(fields.take("image_url").ok_or_else(|| place.must_be("an object"))?, &place)?;
                let url = image.take_text("url").ok_or_else(|| place.field("url").must_be("a string"))?;
                let detail = image.take_text("detail").map(std::borrow::Cow::into_owned);
                inner = image.rest();
                Part::media(Media { detail, ..media(&url) })
            }
            "document" => {
                let place = here.field("document");
                let document = fields.take("document").ok_or_else(|| place.must_be("an object"))?;
                Part::opaque(DOCUMENT, value(document, &place)?)
            }
            // What comes next, for the vendor to judge.
            kind => {
                parts.push(Part::opaque(format!("{API}.{kind}"), value(raw, &here)?));
                continue;
            }
        };
        keep(&mut part.ext, with_inner(fields.rest(), "image_url", inner));
        parts.push(part);
    }
    Ok(())
}

/// An image by its URL, which may be a data URI.
fn media(url: &str) -> Media {
    let inline = url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"));
    match inline.and_then(|(kind, text)| Some((kind, base64_text::decode(text)?))) {
        Some((kind, bytes)) => Media::inline(kind, bytes),
        None => Media::url("image/*", url),
    }
}
