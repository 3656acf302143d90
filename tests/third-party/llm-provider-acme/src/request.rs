//! A chat on its way out: every field is in the body or in a warning.

use llm_core::{
    ChatRequest, Error, ErrorKind, FunctionTool, Origin, OutputFormat, Reasoning, Tool, ToolChoice, Warning, Warnings,
};
use llm_wire::json::{Object, Patch};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::turn::{self, Turn};

/// The body for one target, and what could not be asked. In strict mode the first such thing is an error.
pub(crate) fn encode(request: &ChatRequest, to: &Origin, stream: bool) -> Result<(Vec<u8>, Vec<Warning>), Error> {
    let mut warnings = Warnings::of(request, to)?;
    warn(request, &mut warnings)?;
    let body = Body {
        request,
        stream,
        turns: turn::encode(&request.messages, &mut warnings)?,
        tools: tools(request, &mut warnings)?,
        form: form(&request.output, &mut warnings)?,
        patch: Patch::to(&request.ext, to),
    };
    let body = serde_json::to_vec(&body)
        .map_err(|error| Error::new(ErrorKind::Internal, "encoding the request as JSON failed").with_source(error))?;
    Ok((body, warnings.into_vec()))
}

/// What this vendor has no field for.
fn warn(request: &ChatRequest, warnings: &mut Warnings) -> Result<(), Error> {
    let sampling = &request.sampling;
    let fields = [
        (sampling.top_k.is_some(), "sampling.top_k"),
        (sampling.presence_penalty.is_some(), "sampling.presence_penalty"),
        (sampling.frequency_penalty.is_some(), "sampling.frequency_penalty"),
        (sampling.candidates.is_some_and(|count| count != 1), "sampling.candidates"),
        (sampling.logprobs.is_some(), "sampling.logprobs"),
        (request.service_tier.is_some(), "service_tier"),
    ];
    warnings.unsupported_if(fields, "acme has no such setting")?;
    if matches!(request.reasoning, Some(Reasoning::Effort(_))) {
        warnings.adapted("reasoning", "acme counts thinking in tokens: the effort became a number of them");
    }
    Ok(())
}

struct Body<'a> {
    request: &'a ChatRequest,
    stream: bool,
    turns: Vec<Turn<'a>>,
    tools: Vec<Offered<'a>>,
    form: Option<Value>,
    /// The caller's own fields, which go before ours.
    patch: Patch<'a>,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let request = self.request;
        let sampling = &request.sampling;
        let some = |is_there: bool| is_there.then_some(());
        let mut object = Object::new(serializer, self.patch)?;
        object.fixed("model", &request.model)?;
        object.fixed("stream", &self.stream)?;
        object.field("turns", &self.turns)?;
        object.some("tools", some(!self.tools.is_empty()).map(|()| &self.tools))?;
        object.some("use_tools", use_tools(&request.tool_choice))?;
        object.some("one_call", request.parallel_tool_calls.map(|many| !many))?;
        object.some("form", self.form.as_ref())?;
        object.some("think", request.reasoning.as_ref().map(thinking))?;
        object.some("temperature", sampling.temperature)?;
        object.some("top_p", sampling.top_p)?;
        object.some("seed", sampling.seed)?;
        object.some("longest", sampling.max_output_tokens)?;
        object.some("until", some(!sampling.stop.is_empty()).map(|()| &sampling.stop))?;
        object.some("on_behalf_of", request.end_user.as_deref())?;
        object.some("labels", some(!request.metadata.is_empty()).map(|()| &request.metadata))?;
        object.end()
    }
}

#[derive(Serialize)]
struct Offered<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<&'a str>,
    takes: &'a Value,
}

fn tools<'a>(request: &'a ChatRequest, warnings: &mut Warnings) -> Result<Vec<Offered<'a>>, Error> {
    let mut offered = Vec::with_capacity(request.tools.len());
    for tool in &request.tools {
        match &**tool {
            Tool::Function(tool) => offered.push(function(tool, warnings)?),
            _ => warnings.unsupported("tools", "acme runs no tools itself")?,
        }
    }
    Ok(offered)
}

fn function<'a>(tool: &'a FunctionTool, warnings: &mut Warnings) -> Result<Offered<'a>, Error> {
    let fields = [
        (tool.strict == Some(true), "tools.strict"),
        (tool.cache.is_some(), "tools.cache"),
        (!tool.ext.is_empty(), "tools.ext"),
    ];
    warnings.unsupported_if(fields, "acme's tools have no such setting")?;
    Ok(Offered { name: &tool.name, about: tool.description.as_deref(), takes: &tool.schema })
}

fn use_tools(choice: &ToolChoice) -> Option<Value> {
    match choice {
        ToolChoice::None => Some(json!("never")),
        ToolChoice::Required => Some(json!("always")),
        ToolChoice::Named(name) => Some(json!({ "only": name })),
        _ => None,
    }
}

fn form(output: &OutputFormat, warnings: &mut Warnings) -> Result<Option<Value>, Error> {
    Ok(match output {
        OutputFormat::Text => None,
        OutputFormat::Json => Some(json!("json")),
        OutputFormat::JsonSchema(wanted) => {
            Some(json!({ "schema": wanted.schema, "name": wanted.name, "about": wanted.description }))
        }
        _ => {
            warnings.unsupported("output", "acme does not know this form of answer")?;
            None
        }
    })
}

fn thinking(reasoning: &Reasoning) -> u32 {
    match reasoning {
        Reasoning::Effort(effort) => effort.as_budget(),
        Reasoning::Budget(tokens) => *tokens,
        _ => 0,
    }
}
