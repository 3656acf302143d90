//! `generationConfig` and `toolConfig` as they come in.

use llm_core::{ChatRequest, Effort, Error, JsonSchema, OutputFormat, Reasoning, ToolChoice};
use serde_json::{Map, Value};

use super::schema;
use crate::wire::Fields;

/// Reads `generationConfig` into the request; what has no place there goes to ext under the same name.
pub(super) fn generation(
    mut config: Fields<'_>,
    request: &mut ChatRequest,
    ext: &mut Map<String, Value>,
) -> Result<(), Error> {
    const NUMBER: &str = "it must be a number";
    let sampling = &mut request.sampling;
    sampling.temperature = config.typed("temperature", NUMBER)?;
    sampling.top_p = config.typed("topP", NUMBER)?;
    sampling.top_k = config.count("topK")?;
    sampling.max_output_tokens = config.count("maxOutputTokens")?;
    sampling.stop = config.typed("stopSequences", "it must be a list of strings")?.unwrap_or_default();
    sampling.seed = config.whole("seed")?;
    sampling.presence_penalty = config.typed("presencePenalty", NUMBER)?;
    sampling.frequency_penalty = config.typed("frequencyPenalty", NUMBER)?;
    sampling.candidates = config.count("candidateCount")?;
    let wanted: Option<bool> = config.typed("responseLogprobs", "it must be true or false")?;
    let count = config.count("logprobs")?;
    sampling.logprobs = count.or((wanted == Some(true)).then_some(0));

    let mut left = Map::new();
    request.output = output(&mut config, &mut left)?;
    if let Some(thinking) = config.object("thinkingConfig")? {
        let (reasoning, rest) = reasoning(thinking)?;
        request.reasoning = reasoning;
        if !rest.is_empty() {
            left.insert("thinkingConfig".to_owned(), rest.into());
        }
    }
    left.append(&mut config.rest());
    if !left.is_empty() {
        ext.insert("generationConfig".to_owned(), left.into());
    }
    Ok(())
}

fn output(config: &mut Fields<'_>, left: &mut Map<String, Value>) -> Result<OutputFormat, Error> {
    let mime = config.text("responseMimeType")?;
    let (schema, own) = schema::take(config, "responseJsonSchema", "responseSchema")?;
    left.extend(own.map(|own| ("responseSchema".to_owned(), own)));
    Ok(match (mime.as_deref(), schema) {
        (None | Some("application/json"), Some(schema)) => {
            OutputFormat::JsonSchema(JsonSchema { schema, ..JsonSchema::default() })
        }
        (Some("application/json"), None) => OutputFormat::Json,
        (None | Some("text/plain"), None) => OutputFormat::Text,
        // `text/x.enum` and whatever comes next: only this vendor knows them.
        (Some(mime), schema) => {
            left.insert("responseMimeType".to_owned(), mime.into());
            let given = left.contains_key("responseSchema");
            left.extend(schema.filter(|_| !given).map(|schema| ("responseJsonSchema".to_owned(), schema)));
            OutputFormat::Text
        }
    })
}

/// The reasoning that is asked for, and what of `thinkingConfig` it does not say.
fn reasoning(mut thinking: Fields<'_>) -> Result<(Option<Reasoning>, Map<String, Value>), Error> {
    let level = thinking.text("thinkingLevel")?;
    let budget = thinking.whole("thinkingBudget")?;
    let shown: Option<bool> = thinking.typed("includeThoughts", "it must be true or false")?;
    let mut left = thinking.rest();
    let reasoning = match (level, budget) {
        (Some(level), budget) => {
            left.extend(budget.map(|budget| ("thinkingBudget".to_owned(), budget.into())));
            Some(Reasoning::Effort(Effort::from(level.to_ascii_lowercase())))
        }
        (None, Some(budget)) => {
            let tokens = u32::try_from(budget).ok();
            if tokens.is_none() {
                // −1: as much as the model likes.
                left.insert("thinkingBudget".to_owned(), budget.into());
            }
            tokens.map(Reasoning::Budget)
        }
        (None, None) => None,
    };
    // Encoding asks for thoughts with every reasoning but none; the vendor's default is not to show them.
    let assumed = reasoning.as_ref().is_some_and(|reasoning| *reasoning != Reasoning::Budget(0));
    if shown.unwrap_or_default() != assumed {
        left.insert("includeThoughts".to_owned(), (!assumed).into());
    }
    Ok((reasoning, left))
}

/// Reads `toolConfig`; what has no place in a choice goes to ext under the same name.
pub(super) fn tool_choice(mut config: Fields<'_>, ext: &mut Map<String, Value>) -> Result<ToolChoice, Error> {
    let mut choice = ToolChoice::Auto;
    let mut left = Map::new();
    if let Some(mut calling) = config.object("functionCallingConfig")? {
        let mode = calling.text("mode")?.unwrap_or_default().to_ascii_uppercase();
        let mut names: Vec<String> =
            calling.typed("allowedFunctionNames", "it must be a list of strings")?.unwrap_or_default();
        let mut rest = calling.rest();
        choice = match mode.as_str() {
            "NONE" => ToolChoice::None,
            "ANY" if names.len() == 1 => ToolChoice::Named(names.remove(0)),
            "ANY" => ToolChoice::Required,
            "AUTO" | "" | "MODE_UNSPECIFIED" => ToolChoice::Auto,
            _ => {
                rest.insert("mode".to_owned(), mode.into());
                ToolChoice::Auto
            }
        };
        if !names.is_empty() {
            rest.insert("allowedFunctionNames".to_owned(), names.into());
        }
        if !rest.is_empty() {
            left.insert("functionCallingConfig".to_owned(), rest.into());
        }
    }
    left.append(&mut config.rest());
    if !left.is_empty() {
        ext.insert("toolConfig".to_owned(), left.into());
    }
    Ok(choice)
}
