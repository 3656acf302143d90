//! From a chat request to the body of `POST /model/{id}/converse`.

use llm_core::{ChatRequest, Error, ErrorKind, Origin, Sampling, Support, Warnings};
use llm_wire::claude::Drawn;
use llm_wire::json::{Object, Patch, Patched};
use llm_wire::request::{absent, size_hint};
use llm_wire::turns::{Conversation, Scope};
use serde::ser::{Serialize, Serializer};

use super::additional::Additional;
use super::output::OutputConfig;
use super::parts;
use super::tools::ToolConfig;
use crate::Encoded;
use crate::block::Block;
use crate::profile::Profile;

/// Encodes a request for one target. The model and whether to stream are in the path, not in the body.
///
/// Settings of the request (`ext` of the provider and of `bedrock-converse`) are merged into the body: that is how
/// `guardrailConfig`, `performanceConfig`, `promptVariables`, `additionalModelRequestFields` and
/// `additionalModelResponseFieldPaths` are set; `null` removes a field.
pub fn encode_request(request: &ChatRequest, to: &Origin, profile: &Profile) -> Result<Encoded, Error> {
    let mut warnings = Warnings::of(request, to)?;
    let mut scope = Scope::new(to, &mut warnings);
    let conversation = Conversation::plan(request, profile.mid_system == Support::Yes, &mut scope, parts::add)?
        .without_prefill(request, profile.prefill, &mut scope)?;
    let tools = ToolConfig::plan(request, profile, &mut scope)?;
    let mut additional = Additional::default();
    let effort = additional.plan_reasoning(request, profile, &mut warnings)?;
    let draw = Draw::plan(&request.sampling, &mut additional, profile, &mut warnings)?;
    let output = OutputConfig::plan(request, effort, profile, &mut warnings)?;
    absent(request, ABSENT, &mut warnings)?;
    let patch = Patch::to(&request.ext, to);
    let body = Body { request, conversation, tools, additional, draw, output, patch };
    let mut bytes = Vec::with_capacity(size_hint(request));
    serde_json::to_writer(&mut bytes, &body)
        .map_err(|error| Error::new(ErrorKind::Internal, "encoding the request as JSON failed").with_source(error))?;
    Ok(Encoded { body: bytes, warnings: warnings.into_vec() })
}

struct Body<'a> {
    request: &'a ChatRequest,
    conversation: Conversation<'a, Block<'a>>,
    tools: ToolConfig<'a>,
    additional: Additional<'a>,
    draw: Draw<'a>,
    output: OutputConfig<'a>,
    patch: Patch<'a>,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let request = self.request;
        let mut object = Object::new(serializer, self.patch)?;
        object.some("system", (!self.conversation.system.is_empty()).then_some(&self.conversation.system))?;
        object.field("messages", &self.conversation.turns)?;
        object.nested("inferenceConfig", (!self.draw.is_empty()).then_some(&self.draw))?;
        object.nested("toolConfig", (!self.tools.is_empty()).then_some(&self.tools))?;
        object.nested("additionalModelRequestFields", (!self.additional.is_empty()).then_some(&self.additional))?;
        object.nested("outputConfig", (!self.output.is_empty()).then_some(&self.output))?;
        object.nested("serviceTier", request.service_tier.as_deref().map(ServiceTier).as_ref())?;
        object.some("requestMetadata", (!request.metadata.is_empty()).then_some(&request.metadata))?;
        object.end()
    }
}

struct ServiceTier<'a>(&'a str);

impl Patched for ServiceTier<'_> {
    fn write<S: Serializer>(&self, patch: Patch<'_>, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::new(serializer, patch)?;
        object.field("type", self.0)?;
        object.end()
    }
}

/// How the answer is drawn, as far as the target takes it.
struct Draw<'a> {
    max_tokens: Option<u32>,
    temperature: Option<f64>,
    top_p: Option<f64>,
    stop: &'a [String],
}

impl<'a> Draw<'a> {
    fn is_empty(&self) -> bool {
        self.max_tokens.is_none() && self.temperature.is_none() && self.top_p.is_none() && self.stop.is_empty()
    }

    fn plan(
        sampling: &'a Sampling,
        additional: &mut Additional<'_>,
        profile: &Profile,
        warnings: &mut Warnings,
    ) -> Result<Self, Error> {
        // With a budget the model is a Claude, and so are the models that refuse sampling.
        let refused = profile.sampling == Support::No;
        let drawn = Drawn::of(sampling, refused, additional.has_budget(), warnings)?;
        if let Some(top_k) = drawn.top_k {
            additional.plan_top_k(top_k, profile, warnings)?;
        }
        Ok(Self {
            max_tokens: sampling.max_output_tokens,
            temperature: drawn.temperature,
            top_p: drawn.top_p,
            stop: &sampling.stop,
        })
    }
}

impl Patched for Draw<'_> {
    fn write<S: Serializer>(&self, patch: Patch<'_>, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::new(serializer, patch)?;
        object.some("maxTokens", self.max_tokens)?;
        object.some("temperature", self.temperature)?;
        object.some("topP", self.top_p)?;
        object.some("stopSequences", (!self.stop.is_empty()).then_some(self.stop))?;
        object.end()
    }
}

/// Fields that the protocol has no place for.
const ABSENT: &[&str] = &[
    "sampling.presence_penalty",
    "sampling.frequency_penalty",
    "sampling.seed",
    "sampling.candidates",
    "sampling.logprobs",
    "end_user",
];
