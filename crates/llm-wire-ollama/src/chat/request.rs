//! A request on its way out.

use llm_core::{ChatRequest, Error, FunctionTool, Origin, OutputFormat, Tool, ToolChoice, Warnings};
use serde::Serialize;
use serde_json::{Map, Value};

use super::options::{self, Options};
use super::request_message::{self, Outgoing};
use super::think::{self, Think};
use crate::{Encoded, Profile, json, merge};

const DOING: &str = "encoding a chat request for ollama";

/// The body.
#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: Vec<Outgoing<'a>>,
    /// Always said: the server streams unless it is told not to.
    stream: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tools<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<Format<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    options: Option<Options<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    think: Option<Think<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keep_alive: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_logprobs: Option<u32>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Format<'a> {
    Word(&'static str),
    Schema(&'a Value),
}

#[derive(Serialize)]
#[serde(untagged)]
enum Tools<'a> {
    Plain(Offered<'a>),
    /// With settings of its own merged in.
    Merged(Map<String, Value>),
}

#[derive(Serialize)]
struct Offered<'a> {
    r#type: &'static str,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    parameters: Parameters<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Parameters<'a> {
    Schema(&'a Value),
    /// The server refuses a function without parameters.
    Nothing {
        r#type: &'static str,
        properties: Map<String, Value>,
    },
}

/// Writes a request for the target `to`.
///
/// What Ollama cannot express is a warning or, in strict mode, an error. Entries of `request.ext` under `ollama` and
/// under the provider's own id are merged into the body, those of `options` into the options.
pub fn encode_request(request: &ChatRequest, to: &Origin, stream: bool, profile: &Profile) -> Result<Encoded, Error> {
    let mut warnings = Warnings::of(request, to)?;
    warn(request, &mut warnings)?;
    let body = Body {
        model: &request.model,
        messages: request_message::encode(&request.messages, to, &mut warnings)?,
        stream,
        tools: tools(request, to, &mut warnings)?,
        format: format(&request.output, &mut warnings)?,
        options: options::encode(&request.sampling, &profile.options, &mut warnings)?,
        think: request.reasoning.as_ref().map(|reasoning| think::encode(reasoning, &mut warnings)),
        keep_alive: profile.keep_alive.as_ref(),
        logprobs: request.sampling.logprobs.map(|_| true),
        top_logprobs: request.sampling.logprobs.filter(|count| *count > 0),
    };
    let body = merge::body(DOING, &body, &request.ext, to)?;
    Ok(Encoded { body, warnings: warnings.into_vec() })
}

/// Fields that have no place in the body.
fn warn(request: &ChatRequest, warnings: &mut Warnings) -> Result<(), Error> {
    // Allowing several calls is what it always does.
    if request.parallel_tool_calls == Some(false) {
        warnings.unsupported("parallel_tool_calls", "ollama leaves it to the model")?;
    }
    if request.service_tier.is_some() {
        warnings.unsupported("service_tier", "ollama has no tiers")?;
    }
    if request.end_user.is_some() {
        warnings.unsupported("end_user", "ollama does not ask who the end user is")?;
    }
    if !request.metadata.is_empty() {
        warnings.unsupported("metadata", "ollama keeps no labels")?;
    }
    Ok(())
}

/// The tools; none when the model must not call any, which is the one choice that can be expressed.
fn tools<'a>(request: &'a ChatRequest, to: &Origin, warnings: &mut Warnings) -> Result<Vec<Tools<'a>>, Error> {
    match &request.tool_choice {
        ToolChoice::Auto => {}
        ToolChoice::None => {
            if !request.tools.is_empty() {
                warnings.adapted("tool_choice", "ollama has no tool_choice; the tools are left out");
            }
            return Ok(Vec::new());
        }
        _ => warnings.unsupported("tool_choice", "ollama has no tool_choice; the model decides")?,
    }
    let mut offered = Vec::with_capacity(request.tools.len());
    for tool in &request.tools {
        match &**tool {
            Tool::Function(function) => offered.push(function_tool(function, to, warnings)?),
            _ => warnings.unsupported("tools", "ollama runs no tools itself")?,
        }
    }
    Ok(offered)
}

fn function_tool<'a>(tool: &'a FunctionTool, to: &Origin, warnings: &mut Warnings) -> Result<Tools<'a>, Error> {
    if tool.strict == Some(true) {
        warnings.unsupported("tools.strict", "ollama does not hold arguments to their schema")?;
    }
    if tool.cache.is_some() {
        warnings.unsupported("tools.cache", "ollama keeps the prompt's prefix by itself")?;
    }
    let parameters = match &tool.schema {
        Value::Null => Parameters::Nothing { r#type: "object", properties: Map::new() },
        schema => Parameters::Schema(schema),
    };
    let function = Function { name: &tool.name, description: tool.description.as_deref(), parameters };
    let offered = Offered { r#type: "function", function };
    let mut entries = merge::entries(&tool.ext, to).peekable();
    if entries.peek().is_none() {
        return Ok(Tools::Plain(offered));
    }
    let mut object = json::to_object(DOING, &offered)?;
    entries.for_each(|entry| merge::merge(&mut object, entry));
    Ok(Tools::Merged(object))
}

/// The form of the answer. A schema is always held to; its name has no place and no effect.
fn format<'a>(output: &'a OutputFormat, warnings: &mut Warnings) -> Result<Option<Format<'a>>, Error> {
    Ok(match output {
        OutputFormat::Text => None,
        OutputFormat::Json => Some(Format::Word("json")),
        OutputFormat::JsonSchema(schema) => {
            if schema.description.is_some() {
                warnings.unsupported("output.description", "ollama takes the bare schema")?;
            }
            Some(Format::Schema(&schema.schema))
        }
        _ => {
            warnings.unsupported("output", "ollama does not know this form of answer")?;
            None
        }
    })
}
