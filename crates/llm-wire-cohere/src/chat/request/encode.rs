//! From a chat request to the body of `POST /v2/chat`.

use llm_core::{ChatRequest, Effort, Error, ErrorKind, Origin, OutputFormat, Reasoning, Warnings};
use llm_wire::json::{Object, Patch, Patched};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::message::{Document, OutMessage, Scope};
use super::tools::{self, OutTool};
use crate::Encoded;

/// Encodes a request for one target. Every field is in the body or in the warnings.
///
/// Settings of the request (`ext` of the provider and of `cohere`) are merged into the body.
pub fn encode_request(request: &ChatRequest, to: &Origin, stream: bool) -> Result<Encoded, Error> {
    let mut warnings = Warnings::of(request, to)?;
    refuse(request, &mut warnings)?;
    let mut scope = Scope::new(to, &mut warnings);
    let mut messages = Vec::with_capacity(request.messages.len());
    for message in &request.messages {
        scope.message(message, &mut messages)?;
    }
    let documents = scope.documents;
    let (tools, tool_choice) = tools::plan(request, to, &mut warnings)?;
    let body = Body {
        request,
        stream,
        messages,
        documents,
        tools,
        tool_choice,
        output: output(request, &mut warnings)?,
        thinking: thinking(request, &mut warnings),
        logprobs: logprobs(request, &mut warnings),
        patch: Patch::to(&request.ext, to),
    };
    let mut bytes = Vec::with_capacity(1024);
    serde_json::to_writer(&mut bytes, &body)
        .map_err(|error| Error::new(ErrorKind::Internal, "encoding the request as JSON failed").with_source(error))?;
    Ok(Encoded { body: bytes, warnings: warnings.into_vec() })
}

/// Says what the vendor has no field for.
fn refuse(request: &ChatRequest, warnings: &mut Warnings) -> Result<(), Error> {
    for (field, given) in [
        ("parallel_tool_calls", request.parallel_tool_calls.is_some()),
        ("service_tier", request.service_tier.is_some()),
        ("end_user", request.end_user.is_some()),
        ("metadata", !request.metadata.is_empty()),
        ("sampling.candidates", request.sampling.candidates.is_some()),
    ] {
        if given {
            warnings.unsupported(field, "the vendor has no such setting")?;
        }
    }
    Ok(())
}

struct Body<'a> {
    request: &'a ChatRequest,
    stream: bool,
    messages: Vec<OutMessage<'a>>,
    documents: Vec<Document<'a>>,
    tools: Vec<OutTool<'a>>,
    tool_choice: Option<&'static str>,
    output: Option<ResponseFormat<'a>>,
    thinking: Option<Thinking>,
    logprobs: Option<bool>,
    patch: Patch<'a>,
}

struct ResponseFormat<'a> {
    r#type: &'static str,
    json_schema: Option<&'a Value>,
}

impl Patched for ResponseFormat<'_> {
    fn write<S: Serializer>(&self, patch: Patch<'_>, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::new(serializer, patch)?;
        object.field("type", self.r#type)?;
        object.some("json_schema", self.json_schema)?;
        object.end()
    }
}

struct Thinking {
    r#type: &'static str,
    token_budget: Option<u32>,
}

impl Patched for Thinking {
    fn write<S: Serializer>(&self, patch: Patch<'_>, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::new(serializer, patch)?;
        object.field("type", self.r#type)?;
        object.some("token_budget", self.token_budget)?;
        object.end()
    }
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let sampling = &self.request.sampling;
        let mut object = Object::new(serializer, self.patch)?;
        object.fixed("model", &self.request.model)?;
        object.field("messages", &self.messages)?;
        object.fixed("stream", &self.stream)?;
        object.some("documents", (!self.documents.is_empty()).then_some(&self.documents))?;
        object.some("tools", (!self.tools.is_empty()).then_some(&self.tools))?;
        object.some("tool_choice", self.tool_choice)?;
        object.typed("response_format", self.output.as_ref())?;
        object.some("temperature", sampling.temperature)?;
        object.some("p", sampling.top_p)?;
        object.some("k", sampling.top_k)?;
        object.some("max_tokens", sampling.max_output_tokens)?;
        object.some("stop_sequences", (!sampling.stop.is_empty()).then_some(&sampling.stop))?;
        object.some("frequency_penalty", sampling.frequency_penalty)?;
        object.some("presence_penalty", sampling.presence_penalty)?;
        object.some("seed", sampling.seed)?;
        object.some("logprobs", self.logprobs)?;
        object.typed("thinking", self.thinking.as_ref())?;
        object.end()
    }
}

fn output<'a>(request: &'a ChatRequest, warnings: &mut Warnings) -> Result<Option<ResponseFormat<'a>>, Error> {
    let json = |json_schema| Some(ResponseFormat { r#type: "json_object", json_schema });
    match &request.output {
        OutputFormat::Json => Ok(json(None)),
        OutputFormat::JsonSchema(schema) => {
            if schema.description.is_some() {
                warnings.unsupported("output.description", "the vendor takes the schema only")?;
            }
            // Names mean nothing to a model; every schema is held to.
            if schema.strict == Some(false) {
                warnings.adapted("output.strict", "the vendor holds every answer to its schema");
            }
            Ok(json(Some(&schema.schema)))
        }
        _ => Ok(None),
    }
}

fn thinking(request: &ChatRequest, warnings: &mut Warnings) -> Option<Thinking> {
    let plan = |r#type, token_budget| Some(Thinking { r#type, token_budget });
    match request.reasoning.as_ref()? {
        Reasoning::Effort(Effort::None) | Reasoning::Budget(0) => plan("disabled", None),
        Reasoning::Budget(tokens) => plan("enabled", Some(*tokens)),
        _ => {
            warnings.adapted("reasoning", "the vendor knows budgets and no efforts: reasoning is on");
            plan("enabled", None)
        }
    }
}

fn logprobs(request: &ChatRequest, warnings: &mut Warnings) -> Option<bool> {
    let likeliest = request.sampling.logprobs?;
    if likeliest > 0 {
        warnings.adapted("sampling.logprobs", "the vendor gives the probability of the chosen token only");
    }
    Some(true)
}
