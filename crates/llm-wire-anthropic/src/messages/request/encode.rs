//! From a chat request to the body of `POST /v1/messages`.

use llm_core::{ChatRequest, Error, ErrorKind, Origin, Sampling, Support, Warning, Warnings};
use serde::ser::{Serialize, Serializer};
use serde_json::Value;

use super::conversation::{self, Conversation};
use super::output::{self, OutputConfig};
use super::thinking::Plan;
use super::tools::{self, EndUser, WireChoice, WireTool};
use crate::profile::{Hosted, Profile};
use crate::version::Version;
use llm_wire::claude::Drawn;
use llm_wire::json::{Object, Patch};
use llm_wire::request::{absent, size_hint};
use llm_wire::turns::Scope;

/// An encoded request.
#[derive(Debug)]
#[non_exhaustive]
pub struct Encoded {
    /// The JSON body.
    pub body: Vec<u8>,
    /// What could not be said, or was said in another form.
    pub warnings: Vec<Warning>,
    /// The version to name in the header `anthropic-version`.
    pub version: Version,
    /// Values for the header `anthropic-beta` that the request brought in its settings as `betas`.
    pub betas: Vec<String>,
}

/// Encodes a request for one target.
///
/// - `max_tokens` is required by the vendor. Where the caller sets no limit it is the profile's `max_output`, else 4096.
/// - `temperature` and the like pin the version 2023-06-01, and are left out for models that refuse them.
/// - Settings of the request (`ext` of the provider and of `anthropic`) are merged into the body; `null` removes a
///   field. The entry `betas`, a list of strings, is for a header and becomes [`Encoded::betas`].
pub fn encode_request(request: &ChatRequest, to: &Origin, stream: bool, profile: &Profile) -> Result<Encoded, Error> {
    let mut warnings = Warnings::of(request, to)?;
    let patch = Patch::to(&request.ext, to);
    let mut scope = Scope::new(to, &mut warnings);
    let (conversation, needs_old_version) = conversation::plan(request, profile, &mut scope)?;
    let tools = tools::plan(request, &mut scope)?;
    let choice = WireChoice::plan(request, !tools.is_empty(), profile, &mut warnings)?;
    let plan = Plan::of(request, profile, patch.get("thinking").is_some_and(Value::is_null), &mut warnings)?;
    let refused = profile.sampling == Support::No;
    let draw = Drawn::of(&request.sampling, refused, plan.is_manual(), &mut warnings)?;
    let stop = stop(&request.sampling, &mut warnings)?;
    let output = OutputConfig { effort: plan.effort, schema: output::schema(request, &mut warnings)? };
    absent(request, ABSENT, &mut warnings)?;
    let betas = patch.get("betas").map(betas).unwrap_or_default();
    let hosted = profile.hosted;
    let body =
        Body { request, stream, hosted, betas: &betas, conversation, tools, choice, plan, draw, stop, output, patch };
    let draws = body.draw.is_some() || DRAWN.iter().any(|name| patch.get(name).is_some_and(|v| !v.is_null()));
    let mut bytes = Vec::with_capacity(size_hint(request));
    serde_json::to_writer(&mut bytes, &body)
        .map_err(|error| Error::new(ErrorKind::Internal, "encoding the request as JSON failed").with_source(error))?;
    Ok(Encoded {
        body: bytes,
        warnings: warnings.into_vec(),
        version: if draws || needs_old_version { Version::V2023_06_01 } else { profile.version },
        betas,
    })
}

fn betas(value: &Value) -> Vec<String> {
    let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

struct Body<'a> {
    request: &'a ChatRequest,
    stream: bool,
    hosted: Option<Hosted>,
    betas: &'a [String],
    conversation: Conversation<'a>,
    tools: Vec<WireTool<'a>>,
    choice: Option<WireChoice<'a>>,
    plan: Plan<'a>,
    draw: Drawn,
    stop: Vec<&'a str>,
    output: OutputConfig<'a>,
    patch: Patch<'a>,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let request = self.request;
        let mut object = Object::new(serializer, self.patch)?;
        object.hide("betas");
        match self.hosted {
            Some(host) => {
                object.field("anthropic_version", host.version)?;
                object.some("anthropic_beta", (!self.betas.is_empty()).then_some(self.betas))?;
                object.hide("model");
            }
            None => object.fixed("model", &request.model)?,
        }
        object.field("max_tokens", &self.plan.max_tokens)?;
        let stream = self.stream && !self.hosted.is_some_and(|host| host.stream_in_path);
        object.fixed_if("stream", stream.then_some(true))?;
        object.some("system", (!self.conversation.system.is_empty()).then_some(&self.conversation.system))?;
        object.field("messages", &self.conversation.turns)?;
        object.some("tools", (!self.tools.is_empty()).then_some(&self.tools))?;
        object.typed("tool_choice", self.choice.as_ref())?;
        object.typed("thinking", self.plan.thinking.as_ref())?;
        object.nested("output_config", (!self.output.is_empty()).then_some(&self.output))?;
        object.some("temperature", self.draw.temperature)?;
        object.some("top_p", self.draw.top_p)?;
        object.some("top_k", self.draw.top_k)?;
        object.some("stop_sequences", (!self.stop.is_empty()).then_some(&self.stop))?;
        object.nested("metadata", request.end_user.as_deref().map(EndUser).as_ref())?;
        object.some("service_tier", request.service_tier.as_ref())?;
        object.end()
    }
}

/// The parameters that version 2026-10-21 refuses.
const DRAWN: [&str; 3] = ["temperature", "top_p", "top_k"];

/// The texts to stop at that the vendor takes.
fn stop<'a>(sampling: &'a Sampling, warnings: &mut Warnings) -> Result<Vec<&'a str>, Error> {
    let mut stop = Vec::with_capacity(sampling.stop.len());
    for text in &sampling.stop {
        if text.trim().is_empty() {
            warnings.unsupported("sampling.stop", "the vendor refuses stop texts of blanks only")?;
        } else {
            stop.push(text.as_str());
        }
    }
    Ok(stop)
}

/// Fields that the protocol has no place for.
const ABSENT: &[&str] = &[
    "sampling.presence_penalty",
    "sampling.frequency_penalty",
    "sampling.seed",
    "sampling.candidates",
    "sampling.logprobs",
    "metadata",
];
