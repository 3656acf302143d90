//! Request fields that have no effect here. A caller who tests with this provider learns what a model would have heeded.

use llm_core::{ChatRequest, EmbedRequest, Error, Origin, OutputFormat, Tool, ToolChoice, Warnings};

use crate::API;
use crate::adapter::SCRIPT;

const NO_MODEL: &str = "there is no model here";

/// What a chat request asks in vain. A script decides even more by itself than the echo does.
pub(crate) fn chat(request: &ChatRequest, id: &str, scripted: bool, warnings: &mut Warnings) -> Result<(), Error> {
    let sampling = &request.sampling;
    let unused = [
        (sampling.temperature.is_some(), "sampling.temperature"),
        (sampling.top_p.is_some(), "sampling.top_p"),
        (sampling.top_k.is_some(), "sampling.top_k"),
        (sampling.presence_penalty.is_some(), "sampling.presence_penalty"),
        (sampling.frequency_penalty.is_some(), "sampling.frequency_penalty"),
        (sampling.seed.is_some(), "sampling.seed"),
        (sampling.candidates.is_some_and(|count| count > 1), "sampling.candidates"),
        (sampling.logprobs.is_some(), "sampling.logprobs"),
        (request.reasoning.is_some(), "reasoning"),
        (request.parallel_tool_calls == Some(false) && scripted, "parallel_tool_calls"),
        (request.service_tier.is_some(), "service_tier"),
        (request.end_user.is_some(), "end_user"),
        (!request.metadata.is_empty(), "metadata"),
        (request.tools.iter().any(|tool| !matches!(**tool, Tool::Function(_))), "tools"),
    ];
    let entries = [id, API].into_iter().filter_map(|reader| request.ext.of(reader));
    if entries.flat_map(serde_json::Map::keys).any(|key| !(key == "script" && request.model == SCRIPT)) {
        warnings.unsupported("ext.local", "only local/script reads it, and only its script")?;
    }
    for field in request.extra.keys() {
        warnings.unknown(field)?;
    }
    warnings.foreign(request, &Origin::new(API, id, request.model.as_str()))?;
    for (_, field) in unused.into_iter().filter(|(asked, _)| *asked) {
        warnings.unsupported(field, NO_MODEL)?;
    }
    if scripted {
        let decided = [
            (request.tool_choice != ToolChoice::Auto, "tool_choice"),
            (request.output != OutputFormat::Text, "output"),
            (sampling.max_output_tokens.is_some(), "sampling.max_output_tokens"),
            (!sampling.stop.is_empty(), "sampling.stop"),
        ];
        for (_, field) in decided.into_iter().filter(|(asked, _)| *asked) {
            warnings.unsupported(field, "the script decides")?;
        }
    }
    Ok(())
}

/// What an embedding request asks in vain.
pub(crate) fn embed(request: &EmbedRequest, warnings: &mut Warnings) -> Result<(), Error> {
    if request.task.is_some() {
        warnings.unsupported("task", NO_MODEL)?;
    }
    if request.end_user.is_some() {
        warnings.unsupported("end_user", NO_MODEL)?;
    }
    Ok(())
}
