//! How the answer is drawn, its form and its reasoning as `generationConfig`, and the choice of tools as `toolConfig`.

use std::borrow::Cow;

use llm_core::{ChatRequest, Effort, Error, OutputFormat, Reasoning, ToolChoice, Warnings};
use serde::Serialize;
use serde_json::{Map, Value};

use super::profile::{Profile, Thinking};
use super::schema::Schema;

/// `generationConfig`.
#[derive(Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GenerationConfig<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_k: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_output_tokens: Option<u32>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    stop_sequences: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presence_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frequency_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    candidate_count: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_logprobs: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_mime_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_json_schema: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_schema: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_config: Option<ThinkingConfig<'a>>,
}

#[derive(Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct ThinkingConfig<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_level: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_budget: Option<u32>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    include_thoughts: bool,
}

impl<'a> GenerationConfig<'a> {
    /// `None` when the request leaves everything to the vendor.
    pub(super) fn of(
        request: &'a ChatRequest,
        profile: Profile,
        ext: Option<&Map<String, Value>>,
        warnings: &mut Warnings,
    ) -> Result<Option<Self>, Error> {
        let sampling = &request.sampling;
        let mut config = Self {
            max_output_tokens: sampling.max_output_tokens,
            stop_sequences: &sampling.stop,
            seed: sampling.seed.and_then(|seed| i32::try_from(seed).ok()),
            presence_penalty: sampling.presence_penalty,
            frequency_penalty: sampling.frequency_penalty,
            candidate_count: sampling.candidates,
            response_logprobs: sampling.logprobs.map(|_| true),
            logprobs: sampling.logprobs.filter(|count| *count > 0),
            thinking_config: match &request.reasoning {
                Some(reasoning) => thinking(reasoning, profile, warnings)?,
                None => None,
            },
            ..Self::default()
        };
        if profile.sampling.may() {
            (config.temperature, config.top_p, config.top_k) = (sampling.temperature, sampling.top_p, sampling.top_k);
        } else {
            let given = [
                ("sampling.temperature", sampling.temperature.is_some()),
                ("sampling.top_p", sampling.top_p.is_some()),
                ("sampling.top_k", sampling.top_k.is_some()),
            ];
            for (field, _) in given.iter().filter(|(_, given)| *given) {
                warnings.unsupported(field, "this model takes no sampling parameters")?;
            }
        }
        if sampling.seed.is_some() && config.seed.is_none() {
            warnings.unsupported("sampling.seed", "gemini takes seeds of 32 bits")?;
        }
        match &request.output {
            OutputFormat::Text => {}
            OutputFormat::Json => config.response_mime_type = Some("application/json"),
            OutputFormat::JsonSchema(schema) => {
                config.response_mime_type = Some("application/json");
                // A client's own schema in the older form is sent as it came.
                let given = ext.is_some_and(|ext| {
                    ext.get("generationConfig").is_some_and(|config| config.get("responseSchema").is_some())
                });
                match Schema::of(&schema.schema, profile) {
                    _ if given => {}
                    Schema::Json(schema) => config.response_json_schema = Some(schema),
                    Schema::OpenApi { schema, loses } => {
                        config.response_schema = Some(schema);
                        if loses {
                            warnings.adapted("output.schema", Schema::WHY);
                        }
                    }
                }
                if schema.description.is_some() {
                    let why = "gemini reads descriptions inside the schema only";
                    warnings.unsupported("output.description", why)?;
                }
            }
            _ => warnings.unsupported("output", "a form that this version does not know")?,
        }
        Ok((config != Self::default()).then_some(config))
    }
}

fn thinking<'a>(
    reasoning: &'a Reasoning,
    profile: Profile,
    warnings: &mut Warnings,
) -> Result<Option<ThinkingConfig<'a>>, Error> {
    let budget = |tokens: u32| ThinkingConfig {
        thinking_budget: Some(tokens),
        include_thoughts: tokens > 0,
        ..ThinkingConfig::default()
    };
    let effort = match reasoning {
        Reasoning::Effort(effort) => effort,
        Reasoning::Budget(tokens) => return Ok(Some(budget(*tokens))),
        _ => {
            warnings.unsupported("reasoning", "a form that this version does not know")?;
            return Ok(None);
        }
    };
    // No level says "off"; a budget of 0 does, on every model that can be quiet at all.
    if *effort == Effort::None {
        return Ok(Some(budget(0)));
    }
    if profile.thinking == Thinking::Budget
        && let Some(tokens) = effort_as_budget(effort)
    {
        warnings.adapted("reasoning", "this model takes a budget; the vendor's own budget for this effort is sent");
        return Ok(Some(budget(tokens)));
    }
    let level: Cow<'a, str> = match effort {
        Effort::Minimal if !profile.minimal_thinking.may() => {
            warnings.adapted("reasoning", "sent as LOW, the lowest level that this model takes");
            "LOW".into()
        }
        Effort::Minimal => "MINIMAL".into(),
        Effort::Low => "LOW".into(),
        Effort::Medium => "MEDIUM".into(),
        Effort::High => "HIGH".into(),
        Effort::XHigh => "XHIGH".into(),
        Effort::Max => {
            warnings.adapted("reasoning", "sent as HIGH, the highest level that every gemini 3 model takes");
            "HIGH".into()
        }
        other => other.as_str().to_ascii_uppercase().into(),
    };
    Ok(Some(ThinkingConfig { thinking_level: Some(level), include_thoughts: true, ..ThinkingConfig::default() }))
}

/// See [`Thinking::Budget`].
fn effort_as_budget(effort: &Effort) -> Option<u32> {
    match effort {
        Effort::Minimal | Effort::Low => Some(1_024),
        Effort::Medium => Some(8_192),
        Effort::High | Effort::XHigh | Effort::Max => Some(24_576),
        _ => None,
    }
}

/// `toolConfig`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolConfig<'a> {
    function_calling_config: FunctionCalling<'a>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FunctionCalling<'a> {
    mode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_function_names: Option<[&'a str; 1]>,
}

impl<'a> ToolConfig<'a> {
    /// `None` where the model decides, which is the vendor's default.
    pub(super) fn of(choice: &'a ToolChoice) -> Option<Self> {
        let (mode, allowed_function_names) = match choice {
            ToolChoice::None => ("NONE", None),
            ToolChoice::Required => ("ANY", None),
            ToolChoice::Named(name) => ("ANY", Some([name.as_str()])),
            _ => return None,
        };
        Some(Self { function_calling_config: FunctionCalling { mode, allowed_function_names } })
    }
}
