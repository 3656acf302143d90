//! From the body of `POST /v1/messages` to a chat request, for a server that speaks this protocol.
//!
//! Takes what the vendor's SDKs and Claude Code send. Fields that Loquat has no place for are kept in the request's
//! settings under the wire family's name, and so reach Anthropic again but nobody else.

use std::sync::Arc;

use llm_core::{
    ChatRequest, Effort, Error, FunctionTool, JsonSchema, Message, OutputFormat, Part, Reasoning, Role, Tool,
    ToolChoice,
};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::API;
use crate::block;
use llm_wire::CacheMark;
use llm_wire::json::{self, Path};
use llm_wire::turns::read_message;

static ROOT: Path<'static> = Path::Root;

/// A decoded request.
#[derive(Debug)]
#[non_exhaustive]
pub struct Decoded {
    /// What is asked.
    pub request: ChatRequest,
    /// Whether the answer is to be streamed.
    pub stream: bool,
}

/// Decodes a request. An error is of the class `invalid_request` and names the field in its message and as `param`.
pub fn decode_request(body: &[u8]) -> Result<Decoded, Error> {
    let mut fields = json::object(json::body(body)?, &ROOT)?;
    let mut settings = Map::new();
    let mut take = |name: &'static str| fields.take(name).map(|raw| (raw, ROOT.field(name)));
    let mut request = ChatRequest::default();

    let (model, at) = take("model").ok_or_else(|| ROOT.field("model").must_be("the name of a model"))?;
    request.model = json::string(model, &at)?.into_owned();
    if request.model.is_empty() {
        return Err(at.must_be("the name of a model"));
    }
    let stream = take("stream").map(|(raw, at)| json::boolean(raw, &at)).transpose()?.unwrap_or(false);
    if let Some((raw, at)) = take("system") {
        let content = block::decode_all(raw, &at)?;
        let is_blank = |part: &Part| part.as_text() == Some("");
        if !content.iter().all(is_blank) {
            request.messages.push(Arc::new(Message::new(Role::System, content)));
        }
    }
    let expected = "a list of messages";
    let (raw, at) = take("messages").ok_or_else(|| ROOT.field("messages").must_be(expected))?;
    for (index, message) in json::list(raw, &at, expected)?.into_iter().enumerate() {
        let expected = "a string or a list of content blocks";
        read_message(message, &at.index(index), API, expected, block::decode_all, &mut request.messages)?;
    }
    if let Some((raw, at)) = take("tools") {
        for (index, tool) in json::list(raw, &at, "a list of tools")?.into_iter().enumerate() {
            request.tools.push(Arc::new(read_tool(tool, &at.index(index))?));
        }
    }
    if let Some((raw, at)) = take("tool_choice") {
        read_tool_choice(raw, &at, &mut request, &mut settings)?;
    }
    let sampling = &mut request.sampling;
    let unsigned = |(raw, at): (&RawValue, Path<'_>)| json::unsigned(raw, &at);
    let number = |(raw, at): (&RawValue, Path<'_>)| json::number(raw, &at);
    sampling.max_output_tokens = take("max_tokens").map(unsigned).transpose()?;
    sampling.temperature = take("temperature").map(number).transpose()?;
    // The API reference once gave -1 as their default, meaning off, and the vendor still takes it.
    sampling.top_p = take("top_p").map(number).transpose()?.filter(|top_p| *top_p >= 0.0);
    sampling.top_k = take("top_k").filter(|(raw, _)| raw.get() != "-1").map(unsigned).transpose()?;
    if let Some((raw, at)) = take("stop_sequences") {
        for (index, text) in json::list(raw, &at, "a list of strings")?.into_iter().enumerate() {
            sampling.stop.push(json::string(text, &at.index(index))?.into_owned());
        }
    }
    if let Some((raw, at)) = take("metadata") {
        let mut metadata = json::object(raw, &at)?;
        let user = metadata.take("user_id").map(|raw| json::string(raw, &at.field("user_id"))).transpose()?;
        request.end_user = user.map(Into::into);
        json::keep(&mut settings, "metadata", metadata.rest());
    }
    if let Some((raw, at)) = take("service_tier") {
        request.service_tier = Some(json::string(raw, &at)?.into_owned());
    }
    if let Some((raw, at)) = take("output_format") {
        request.output = read_format(raw, &at)?.0;
    }
    let (thinking, output) = (take("thinking"), take("output_config"));
    read_reasoning(thinking, output, &mut request, &mut settings)?;

    settings.extend(fields.rest());
    request.keep_asked(API, settings);
    Ok(Decoded { request, stream })
}

/// One tool: a function of the caller's, or one that the vendor runs.
fn read_tool(raw: &RawValue, at: &Path<'_>) -> Result<Tool, Error> {
    let mut fields = json::object(raw, at)?;
    let kind = fields.take("type").map(|raw| json::string(raw, &at.field("type"))).transpose()?;
    let name = fields.take("name").map(|raw| json::string(raw, &at.field("name"))).transpose()?;
    if let Some(kind) = kind.filter(|kind| kind != "custom") {
        let name = name.unwrap_or_default().into_owned();
        return Ok(Tool::Provider { id: format!("{API}.{kind}"), name, args: fields.rest() });
    }
    let name = name.filter(|name| !name.is_empty()).ok_or_else(|| at.field("name").must_be("the name of the tool"))?;
    let mut tool = FunctionTool { name: name.into_owned(), ..FunctionTool::default() };
    if let Some(raw) = fields.take("description") {
        tool.description = Some(json::string(raw, &at.field("description"))?.into_owned());
    }
    let place = at.field("input_schema");
    let schema = fields.take("input_schema").ok_or_else(|| place.must_be("a JSON schema"))?;
    tool.schema = json::value(schema, &place)?;
    if !tool.schema.is_object() {
        return Err(place.must_be("a JSON schema"));
    }
    tool.strict = fields.take("strict").map(|raw| json::boolean(raw, &at.field("strict"))).transpose()?;
    if let Some(raw) = fields.take("cache_control") {
        tool.cache = CacheMark::read(raw, block::CACHE_MARK);
        if tool.cache.is_none() {
            tool.ext.set(API, "cache_control", json::value(raw, &at.field("cache_control"))?);
        }
    }
    let rest = fields.rest();
    if !rest.is_empty() {
        tool.ext.of_mut(API).extend(rest);
    }
    Ok(Tool::Function(tool))
}

fn read_tool_choice(
    raw: &RawValue,
    at: &Path<'_>,
    request: &mut ChatRequest,
    settings: &mut Map<String, Value>,
) -> Result<(), Error> {
    let mut fields = json::object(raw, at)?;
    let place = at.field("type");
    let kind = fields.take("type").map(|raw| json::string(raw, &place)).transpose()?;
    request.tool_choice = match kind.as_deref() {
        Some("auto") => ToolChoice::Auto,
        Some("any") => ToolChoice::Required,
        Some("none") => ToolChoice::None,
        Some("tool") => {
            let place = at.field("name");
            let name = fields.take("name").ok_or_else(|| place.must_be("the name of a tool"))?;
            ToolChoice::Named(json::string(name, &place)?.into_owned())
        }
        _ => return Err(place.must_be("auto, any, tool or none")),
    };
    let place = at.field("disable_parallel_tool_use");
    let disable = fields.take("disable_parallel_tool_use").map(|raw| json::boolean(raw, &place)).transpose()?;
    request.parallel_tool_calls = disable.map(|disable| !disable);
    let mut rest = fields.rest();
    if !rest.is_empty() && request.tool_choice == ToolChoice::Auto && request.parallel_tool_calls.is_none() {
        // Without them it would be the default, and not said.
        rest.insert("type".to_owned(), "auto".into());
    }
    json::keep(settings, "tool_choice", rest);
    Ok(())
}

/// `{"type": "json_schema", "schema": …}`, as it stands in `output_config` and stood in `output_format`.
/// Also whether it has fields that are not known.
fn read_format(raw: &RawValue, at: &Path<'_>) -> Result<(OutputFormat, bool), Error> {
    let mut fields = json::object(raw, at)?;
    if fields.take_text("type").as_deref() != Some("json_schema") {
        return Err(at.field("type").must_be("json_schema"));
    }
    let place = at.field("schema");
    let schema = json::value(fields.take("schema").ok_or_else(|| place.must_be("a JSON schema"))?, &place)?;
    // Other vendors demand a name; the schema's own title is one where it has the right form.
    let fits = |title: &&str| {
        (1..=64).contains(&title.len())
            && title.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    };
    let name = schema.get("title").and_then(Value::as_str).filter(fits).unwrap_or_default().to_owned();
    let format = OutputFormat::JsonSchema(JsonSchema { name, description: None, schema, strict: None });
    Ok((format, !fields.rest().is_empty()))
}

/// `thinking` and `output_config`, which together say how much the model reasons.
fn read_reasoning(
    thinking: Option<(&RawValue, Path<'_>)>,
    output: Option<(&RawValue, Path<'_>)>,
    request: &mut ChatRequest,
    settings: &mut Map<String, Value>,
) -> Result<(), Error> {
    let mut effort = None;
    let mut rest = Map::new();
    if let Some((raw, at)) = output {
        let mut fields = json::object(raw, &at)?;
        let mut whole = None;
        if let Some(raw) = fields.take("format") {
            let place = at.field("format");
            let (format, has_more) = read_format(raw, &place)?;
            request.output = format;
            whole = has_more.then(|| json::value(raw, &place)).transpose()?;
        }
        effort = fields.take("effort").map(|raw| json::string(raw, &at.field("effort"))).transpose()?;
        rest = fields.rest();
        rest.extend(whole.map(|format| ("format".to_owned(), format)));
    }
    let Some((raw, at)) = thinking else {
        if let Some(effort) = effort {
            // An effort alone bounds the answer too and does not turn reasoning on.
            request.reasoning = Some(Reasoning::Effort(Effort::from(&*effort)));
            settings.insert("thinking".to_owned(), Value::Null);
        }
        json::keep(settings, "output_config", rest);
        return Ok(());
    };
    let mut fields = json::object(raw, &at)?;
    let place = at.field("type");
    let kind = fields.take("type").ok_or_else(|| place.must_be("enabled, adaptive or disabled"))?;
    match (&*json::string(kind, &place)?, &effort) {
        ("disabled", _) => request.reasoning = Some(Reasoning::Effort(Effort::None)),
        ("adaptive", Some(word)) => {
            request.reasoning = Some(Reasoning::Effort(Effort::from(&**word)));
            effort = None;
        }
        ("enabled", _) => {
            let place = at.field("budget_tokens");
            let budget = fields.take("budget_tokens").ok_or_else(|| place.must_be("a number of tokens"))?;
            request.reasoning = Some(Reasoning::Budget(json::unsigned(budget, &place)?));
        }
        // Adaptive without an effort, and words of tomorrow: only this vendor knows what they mean.
        (word, _) => json::keep(settings, "thinking", [("type".to_owned(), word.into())].into_iter().collect()),
    }
    let others = fields.rest();
    if !others.is_empty() {
        let entry = settings.entry("thinking").or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(entry) = entry {
            entry.extend(others);
        }
    }
    rest.extend(effort.map(|effort| ("effort".to_owned(), Value::from(effort))));
    json::keep(settings, "output_config", rest);
    Ok(())
}
