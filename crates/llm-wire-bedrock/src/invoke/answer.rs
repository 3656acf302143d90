//! Answers of `InvokeModel`: which form they have, and those of models that take one prompt.

use std::sync::Arc;

use http::HeaderMap;
use llm_core::{
    Candidate, ChatResponse, Error, Finish, FinishReason, Message, Origin, Part, PartKind, Role, ToolCall, Usage,
};
use llm_wire::json::{Fields, Text, malformed};
use serde::Deserialize;

use super::chunk::Shape;
use crate::error;

/// The form of a whole answer, by its fields.
pub fn shape(body: &[u8]) -> Shape {
    let Ok(fields) = serde_json::from_slice::<Fields<'_>>(body) else { return Shape::Prompt };
    if has_words(&fields) {
        Shape::Prompt
    } else if fields.has("choices") {
        Shape::Chat
    } else if fields.has("output") {
        Shape::Converse
    } else if fields.has("content") {
        Shape::Messages
    } else {
        Shape::Prompt
    }
}

/// Whether there are choices, and they are words: DeepSeek's answers to a prompt.
pub(super) fn has_words(fields: &Fields<'_>) -> bool {
    #[derive(Deserialize)]
    struct Choice<'a> {
        #[serde(borrow)]
        text: Option<Text<'a>>,
    }
    let choices = fields.get("choices").and_then(|raw| serde_json::from_str::<Vec<Choice<'_>>>(raw.get()).ok());
    choices.is_some_and(|choices| choices.iter().any(|choice| choice.text.is_some()))
}

/// The fields of all publishers' answers and chunks; those of one are there.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "snake_case")]
pub(super) struct PromptAnswer<'a> {
    // Cohere; Jurassic's id is a number.
    #[serde(borrow)]
    pub(super) id: Option<&'a serde_json::value::RawValue>,
    #[serde(borrow)]
    pub(super) generation_id: Option<Text<'a>>,
    #[serde(borrow)]
    generations: Vec<Generation<'a>>,
    #[serde(borrow)]
    text: Option<Text<'a>>,
    #[serde(borrow)]
    finish_reason: Option<Text<'a>>,
    #[serde(borrow)]
    response: Option<CohereEnd<'a>>,
    #[serde(borrow)]
    tool_calls: Option<Vec<CohereCall<'a>>>,
    index: u32,
    // Titan.
    #[serde(borrow)]
    results: Vec<TitanResult<'a>>,
    #[serde(borrow, rename = "outputText")]
    output_text: Option<Text<'a>>,
    #[serde(borrow, rename = "completionReason")]
    completion_reason: Option<Text<'a>>,
    #[serde(rename = "inputTextTokenCount")]
    input_text_token_count: Option<f64>,
    #[serde(rename = "totalOutputTextTokenCount")]
    total_output_text_token_count: Option<f64>,
    // Llama.
    #[serde(borrow)]
    generation: Option<Text<'a>>,
    prompt_token_count: Option<u64>,
    generation_token_count: Option<u64>,
    // Llama, Claude 2.
    #[serde(borrow)]
    stop_reason: Option<Text<'a>>,
    // Mistral.
    #[serde(borrow)]
    outputs: Vec<Generation<'a>>,
    // DeepSeek.
    #[serde(borrow)]
    choices: Vec<Generation<'a>>,
    // Claude 2.
    #[serde(borrow)]
    completion: Option<Text<'a>>,
    // Jurassic.
    #[serde(borrow)]
    completions: Vec<Completion<'a>>,
    #[serde(borrow, rename = "amazon-bedrock-invocationMetrics")]
    pub(super) metrics: Option<&'a serde_json::value::RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Generation<'a> {
    #[serde(borrow)]
    text: Option<Text<'a>>,
    #[serde(borrow)]
    finish_reason: Option<Text<'a>>,
    #[serde(borrow)]
    stop_reason: Option<Text<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CohereEnd<'a> {
    #[serde(borrow)]
    finish_reason: Option<Text<'a>>,
}

/// A call of Command R, which has no id.
#[derive(Deserialize)]
struct CohereCall<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow, default)]
    parameters: Option<&'a serde_json::value::RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct TitanResult<'a> {
    #[serde(borrow)]
    output_text: Option<Text<'a>>,
    #[serde(borrow)]
    completion_reason: Option<Text<'a>>,
    token_count: Option<f64>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Completion<'a> {
    #[serde(borrow)]
    data: Option<Data<'a>>,
    #[serde(borrow)]
    finish_reason: Option<Reason<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Data<'a> {
    #[serde(borrow)]
    text: Option<Text<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Reason<'a> {
    #[serde(borrow)]
    reason: Option<Text<'a>>,
}

/// Words of one of several answers, and why it ended, as far as one of both is there.
pub(super) struct Piece<'a> {
    pub(super) candidate: u32,
    pub(super) text: Option<Text<'a>>,
    pub(super) reason: Option<Text<'a>>,
}

impl<'a> PromptAnswer<'a> {
    /// What is said, in the order of the answers.
    pub(super) fn pieces(&mut self) -> Vec<Piece<'a>> {
        let mut pieces = Vec::with_capacity(1);
        let text = [&mut self.text, &mut self.output_text, &mut self.generation, &mut self.completion]
            .into_iter()
            .find_map(Option::take);
        let end = self.response.take().and_then(|end| end.finish_reason);
        let reason = [&mut self.finish_reason, &mut self.completion_reason, &mut self.stop_reason]
            .into_iter()
            .find_map(Option::take)
            .or(end);
        if text.is_some() || reason.is_some() {
            pieces.push(Piece { candidate: self.index, text, reason });
        }
        let lists = [&mut self.generations, &mut self.outputs, &mut self.choices].map(std::mem::take);
        let generations = lists.into_iter().flatten();
        for (candidate, one) in (0..).zip(generations) {
            pieces.push(Piece { candidate, text: one.text, reason: one.finish_reason.or(one.stop_reason) });
        }
        for (candidate, one) in (0..).zip(std::mem::take(&mut self.results)) {
            self.total_output_text_token_count =
                Some(self.total_output_text_token_count.unwrap_or(0.0) + one.token_count.unwrap_or(0.0));
            pieces.push(Piece { candidate, text: one.output_text, reason: one.completion_reason });
        }
        for (candidate, one) in (0..).zip(std::mem::take(&mut self.completions)) {
            let text = one.data.and_then(|data| data.text);
            pieces.push(Piece { candidate, text, reason: one.finish_reason.and_then(|finish| finish.reason) });
        }
        pieces
    }

    /// The calls for the client's tools, of which `before` came earlier.
    pub(super) fn calls(&mut self, before: usize) -> Vec<ToolCall> {
        let call = |(number, call): (usize, CohereCall<'_>)| ToolCall {
            id: format!("call_{number}"),
            name: call.name.0.into_owned(),
            arguments: call.parameters.map_or("{}", |raw| raw.get()).to_owned(),
            ..ToolCall::default()
        };
        (before..).zip(self.tool_calls.take().unwrap_or_default()).map(call).collect()
    }

    /// The id of the answer.
    pub(super) fn take_id(&mut self) -> Option<String> {
        let id = self.id.take().and_then(|raw| serde_json::from_str::<Text<'_>>(raw.get()).ok());
        id.or_else(|| self.generation_id.take()).map(|Text(id)| id.into_owned())
    }

    /// The tokens that stand in the body; ask after [`pieces`](Self::pieces).
    pub(super) fn usage(&self) -> Usage {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts of tokens")]
        let whole = |count: f64| count.max(0.0) as u64;
        let mut usage = Usage::default();
        usage.input = self.prompt_token_count.or(self.input_text_token_count.map(whole));
        usage.output = self.generation_token_count.or(self.total_output_text_token_count.map(whole));
        usage
    }
}

/// Why an answer ended, in the words of six publishers. A stop, or no word, together with calls is a stop for them.
pub(super) fn finish(word: Option<&str>, calls: bool) -> Finish {
    let reason = match word {
        None | Some("COMPLETE") if calls => FinishReason::ToolCalls,
        None => FinishReason::Other("unknown".to_owned()),
        Some("FINISH" | "STOP" | "stop" | "endoftext" | "COMPLETE" | "complete") => FinishReason::Stop,
        Some("STOP_SEQUENCE" | "stop_sequence" | "end_turn" | "STOP_CRITERIA_MET") => FinishReason::Stop,
        Some("LENGTH" | "length" | "MAX_TOKENS" | "max_tokens") => FinishReason::Length,
        Some("CONTENT_FILTERED" | "ERROR_TOXIC" | "RAG_QUERY_WHEN_RAG_DISABLED") => FinishReason::ContentFilter,
        Some("ERROR" | "error") => FinishReason::Error,
        Some(word) => FinishReason::Other(word.to_owned()),
    };
    Finish { reason, raw: word.map(str::to_owned) }
}

/// The tokens that the headers of an answer name, for models whose bodies do not.
pub fn usage_of_headers(headers: &HeaderMap, usage: &mut Usage) {
    let count = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse().ok();
    usage.input = count("x-amzn-bedrock-input-token-count").or(usage.input);
    usage.output = count("x-amzn-bedrock-output-token-count").or(usage.output);
}

/// Decodes the answer of a model that takes one prompt.
pub fn decode_response(body: &[u8], headers: &HeaderMap, origin: &Arc<Origin>) -> Result<ChatResponse, Error> {
    let mut answer: PromptAnswer<'_> = serde_json::from_slice(body).map_err(|error| malformed("the answer", &error))?;
    // Only models with one answer make calls.
    let mut calls = answer.calls(0);
    let mut candidates = answer.pieces().into_iter().map(|piece| {
        let text = piece.text.unwrap_or_default().0.into_owned();
        let finish = finish(piece.reason.as_ref().map(|reason| &*reason.0), !calls.is_empty());
        let mut parts = vec![Part::text(text)];
        parts.extend(std::mem::take(&mut calls).into_iter().map(|call| Part::new(PartKind::ToolCall(call))));
        let mut message = Message::new(Role::Assistant, parts);
        message.origin = Some(Arc::clone(origin));
        Candidate { message, finish }
    });
    let Some(first) = candidates.next() else {
        return Err(error::not_an_answer(serde_json::from_slice(body).unwrap_or_default()));
    };
    let more: Vec<Candidate> = candidates.collect();
    let mut response = ChatResponse::new(Arc::clone(origin), first.message, first.finish);
    response.more = more;
    response.usage = answer.usage();
    response.id = answer.take_id();
    usage_of_headers(headers, &mut response.usage);
    response.request_id = llm_wire::request_id(headers);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn calls_of_command_r_are_calls_for_the_client() {
        let body = json!({"response_id": "r", "generation_id": "g", "text": "", "finish_reason": "COMPLETE",
            "tool_calls": [{"name": "f", "parameters": {"a": 1}}, {"name": "g", "parameters": null}]});
        let origin = Arc::new(Origin::new("bedrock", "bedrock", "m"));
        let response = decode_response(body.to_string().as_bytes(), &HeaderMap::new(), &origin).unwrap();
        let calls: Vec<_> = response.message.tool_calls().map(|call| (&*call.name, &*call.arguments)).collect();
        assert_eq!(calls, [("f", "{\"a\":1}"), ("g", "{}")]);
        assert_eq!(response.finish, Finish::new(FinishReason::ToolCalls, "COMPLETE"));
    }
}
