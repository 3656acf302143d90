//! A request as JSON, borrowed from the request into one buffer.

use std::borrow::Cow;

use llm_core::{ChatRequest, Effort, Error, MediaData, Origin, Part, PartKind, Reasoning, Tool};
use serde::{Serialize, Serializer};

use super::message::Writer;
use super::out::Out;
use super::output::ResponseFormat;
use super::reasoning::Thinking;
use super::tool::{self, Choice, ToolOut};
use crate::crossing;
use crate::dialect::{Dialect, ModelPrefix, StreamUsage};
use crate::encoded::{Encoded, Notes};
use crate::json::{Added, Fields, to_vec};

/// Encodes a request for one target. Every field is in the body or in the warnings.
///
/// `to` is the target: its provider's entry in `ext` wins over the protocol's, both over the request's own fields. Fields of
/// a client of the Responses API are sent as this protocol has them, or warned about.
pub fn encode_request(request: &ChatRequest, to: &Origin, stream: bool, dialect: &Dialect) -> Result<Encoded, Error> {
    let mut notes = Notes::new(request.on_unsupported);
    for name in request.extra.keys() {
        notes.unknown(name)?;
    }
    for name in request.sampling.extra.keys() {
        notes.unknown(&format!("sampling.{name}"))?;
    }
    let settings = crossing::to_chat(request, to, stream, dialect, &mut notes)?;
    let body = Body::new(request, to, (stream, settings.added()), dialect, &mut notes)?;
    let body = to_vec("encoding the request", &body, capacity(request))?;
    Ok(Encoded { body, warnings: notes.into_vec() })
}

/// About the length of the body, so that the buffer rarely grows.
pub(crate) fn capacity(request: &ChatRequest) -> usize {
    fn length(part: &Part) -> usize {
        48 + match &part.kind {
            PartKind::Text { text, .. } | PartKind::Reasoning { text, .. } | PartKind::Refusal { text } => text.len(),
            PartKind::Media(media) => match &media.data {
                MediaData::Inline { bytes } => bytes.len() / 3 * 4,
                _ => 200,
            },
            PartKind::ToolCall(call) => call.arguments.len() * 5 / 4 + 100,
            PartKind::ToolResult(result) => result.content.iter().map(length).sum(),
            _ => 200,
        }
    }
    let messages = request.messages.iter().flat_map(|message| &message.content).map(length).sum::<usize>();
    let tools = request.tools.iter().map(|tool| match &**tool {
        Tool::Function(function) => 600 + function.description.as_ref().map_or(0, String::len),
        _ => 200,
    });
    256 + messages + messages / 16 + tools.sum::<usize>()
}

struct Body<'a> {
    model: Cow<'a, str>,
    /// What is asked is an agent, whose id stands in place of the model.
    agent: Option<&'a str>,
    messages: Vec<Out<'a>>,
    tools: Vec<ToolOut<'a>>,
    tool_choice: Option<Choice<'a>>,
    parallel_tool_calls: Option<bool>,
    response_format: Option<ResponseFormat<'a>>,
    temperature: Option<f64>,
    top_p: Option<f64>,
    top_k: Option<u32>,
    presence_penalty: Option<f64>,
    frequency_penalty: Option<f64>,
    seed: Option<(&'static str, i64)>,
    max_tokens: Option<(&'static str, u32)>,
    stop: Option<&'a [String]>,
    candidates: Option<u32>,
    logprobs: Option<u32>,
    thinking: Thinking<'a>,
    service_tier: Option<&'a str>,
    end_user: Option<(&'static str, &'a str)>,
    metadata: Option<&'a std::collections::BTreeMap<String, String>>,
    stream: bool,
    stream_usage: StreamUsage,
    added: Added<'a>,
}

/// Why a field is left out that the dialect drops.
const REFUSED: &str = "this model or vendor refuses it";

impl<'a> Body<'a> {
    fn new(
        request: &'a ChatRequest,
        to: &Origin,
        (stream, added): (bool, Added<'a>),
        dialect: &Dialect,
        notes: &mut Notes,
    ) -> Result<Self, Error> {
        let sampling = &request.sampling;
        let reasons = may_reason(request, to, dialect);
        let messages = Writer { to, dialect, notes, reasons }.messages(request)?;
        let tools = tool::tools(request, to, dialect, notes)?;
        let tool_choice = tool::choice(request, &tools, dialect, notes)?;
        let response_format = ResponseFormat::new(&request.output, dialect, (!tools.is_empty(), stream), notes)?;
        if request.parallel_tool_calls.is_some() && tools.is_empty() {
            notes.unsupported("parallel_tool_calls", "there is no tool to call")?;
        }
        let parallel = request.parallel_tool_calls.filter(|_| !tools.is_empty());
        let stop = Some(&sampling.stop[..]).filter(|stop| !stop.is_empty());
        let metadata = Some(&request.metadata).filter(|metadata| !metadata.is_empty());
        let mut keep = Keep { dialect, notes };
        Ok(Self {
            model: model(&request.model, dialect.model_prefix),
            agent: dialect.agent(&request.model),
            messages,
            tools,
            tool_choice,
            parallel_tool_calls: keep.field("parallel_tool_calls", "parallel_tool_calls", parallel)?,
            response_format,
            temperature: keep.temperature(sampling.temperature)?,
            top_p: keep.drawn("top_p", "sampling.top_p", sampling.top_p, 1.0)?,
            top_k: keep.field("top_k", "sampling.top_k", sampling.top_k)?,
            presence_penalty: keep.drawn(
                "presence_penalty",
                "sampling.presence_penalty",
                sampling.presence_penalty,
                0.0,
            )?,
            frequency_penalty: keep.drawn(
                "frequency_penalty",
                "sampling.frequency_penalty",
                sampling.frequency_penalty,
                0.0,
            )?,
            seed: keep.named(dialect.seed, "sampling.seed", sampling.seed)?,
            max_tokens: keep.named(
                Some(dialect.max_tokens),
                "sampling.max_output_tokens",
                sampling.max_output_tokens,
            )?,
            stop: keep.field("stop", "sampling.stop", stop)?,
            candidates: keep.candidates(sampling.candidates)?,
            logprobs: keep.field("logprobs", "sampling.logprobs", sampling.logprobs)?,
            service_tier: keep.field("service_tier", "service_tier", request.service_tier.as_deref())?,
            end_user: keep.named(dialect.end_user, "end_user", request.end_user.as_deref())?,
            metadata: keep.field("metadata", "metadata", metadata)?,
            thinking: Thinking::new(request.reasoning.as_ref(), dialect, notes)?,
            stream,
            stream_usage: dialect.stream_usage,
            added,
        })
    }
}

/// False where nobody wants it to: by the request's own field or the vendor's, or because the model cannot.
fn may_reason(request: &ChatRequest, to: &Origin, dialect: &Dialect) -> bool {
    let off = matches!(request.reasoning, Some(Reasoning::Effort(Effort::None) | Reasoning::Budget(0)));
    let switch = Added::new(&request.ext, to).value("thinking").and_then(|switch| switch["type"].as_str());
    dialect.reasons && !off && switch != Some("disabled")
}

pub(crate) fn model(name: &str, prefix: Option<ModelPrefix>) -> Cow<'_, str> {
    match prefix {
        Some(ModelPrefix { prefix, unless })
            if !name.starts_with(prefix) && !unless.iter().any(|start| name.starts_with(start)) =>
        {
            Cow::Owned(format!("{prefix}{name}"))
        }
        _ => Cow::Borrowed(name),
    }
}

/// Leaves out what the dialect drops.
pub(crate) struct Keep<'d, 'n> {
    pub(crate) dialect: &'d Dialect,
    pub(crate) notes: &'n mut Notes,
}

impl Keep<'_, '_> {
    pub(crate) fn field<T>(&mut self, name: &str, path: &'static str, value: Option<T>) -> Result<Option<T>, Error> {
        if value.is_some() && self.dialect.drops(name) {
            self.notes.unsupported(path, REFUSED)?;
            return Ok(None);
        }
        Ok(value)
    }

    /// A field whose name the dialect gives, if the vendor has it.
    pub(crate) fn named<T>(
        &mut self,
        name: Option<&'static str>,
        path: &'static str,
        value: Option<T>,
    ) -> Result<Option<(&'static str, T)>, Error> {
        let Some(value) = value else { return Ok(None) };
        let Some(name) = name else {
            self.notes.unsupported(path, REFUSED)?;
            return Ok(None);
        };
        Ok(self.field(name, path, Some(value))?.map(|value| (name, value)))
    }

    /// One answer is what vendors give who cannot give several.
    fn candidates(&mut self, asked: Option<u32>) -> Result<Option<u32>, Error> {
        let is_usual = asked == Some(1) && self.dialect.drops("n");
        self.field("n", "sampling.candidates", asked.filter(|_| !is_usual))
    }

    /// How an answer is drawn. What holds anyway is no wish, which some models take and all can do without.
    pub(crate) fn drawn(
        &mut self,
        name: &str,
        path: &'static str,
        asked: Option<f64>,
        usual: f64,
    ) -> Result<Option<f64>, Error> {
        match asked {
            Some(value) if self.dialect.drop_sampling && (value - usual).abs() < f64::EPSILON => {
                Ok(asked.filter(|_| self.dialect.usual_sampling && !self.dialect.drop.contains(&name)))
            }
            asked => self.field(name, path, asked),
        }
    }

    pub(crate) fn temperature(&mut self, asked: Option<f64>) -> Result<Option<f64>, Error> {
        let asked = self.drawn("temperature", "sampling.temperature", asked, 1.0)?;
        let (Some(wanted), Some((lowest, highest))) = (asked, self.dialect.temperature) else { return Ok(asked) };
        let taken = wanted.clamp(lowest, highest);
        if (taken - wanted).abs() > f64::EPSILON {
            self.notes.adapted("sampling.temperature", "moved to the nearest value that this vendor takes");
        }
        Ok(Some(taken))
    }
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = Fields::new(serializer.serialize_map(None)?, self.added);
        match self.agent {
            Some(id) => fields.put("agent_id", id)?,
            None => fields.put("model", &*self.model)?,
        }
        fields.put("messages", &self.messages)?;
        if !self.tools.is_empty() {
            fields.put("tools", &self.tools)?;
        }
        fields.put_some("tool_choice", self.tool_choice.as_ref())?;
        fields.put_some("parallel_tool_calls", self.parallel_tool_calls)?;
        fields.put_some("response_format", self.response_format.as_ref())?;
        fields.put_some("temperature", self.temperature)?;
        fields.put_some("top_p", self.top_p)?;
        fields.put_some("top_k", self.top_k)?;
        fields.put_some("presence_penalty", self.presence_penalty)?;
        fields.put_some("frequency_penalty", self.frequency_penalty)?;
        if let Some((name, seed)) = self.seed {
            fields.put(name, &seed)?;
        }
        if let Some((name, longest)) = self.max_tokens {
            fields.put(name, &longest)?;
        }
        fields.put_some("stop", self.stop)?;
        fields.put_some("n", self.candidates)?;
        if let Some(likeliest) = self.logprobs {
            fields.put("logprobs", &true)?;
            fields.put_some("top_logprobs", Some(likeliest).filter(|count| *count > 0))?;
        }
        self.thinking.write(&mut fields)?;
        fields.put_some("service_tier", self.service_tier)?;
        if let Some((name, user)) = self.end_user {
            fields.put(name, user)?;
        }
        fields.put_some("metadata", self.metadata)?;
        if self.stream_usage == StreamUsage::UsageInclude {
            fields.put("usage", &Include { include: true })?;
        }
        if self.stream {
            fields.put("stream", &true)?;
            if self.stream_usage == StreamUsage::StreamOptions {
                fields.put("stream_options", &StreamOptions { include_usage: true })?;
            }
        }
        fields.end()
    }
}

#[derive(Serialize)]
struct Include {
    include: bool,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}
