//! What of a request counts as tokens: texts, calls, results, tools, media, and what vendors put around them.

use std::io;

use llm_core::{ChatRequest, Content, OutputFormat, Part, PartKind, Request, TokenEstimate, Tool};

use super::calibrate::Scale;
use super::family::Family;
use super::media;
use super::text::Counter;

/// What a tool call costs beside its name and arguments.
const PER_CALL: u64 = 6;

/// What a vendor's template puts around texts, in tokens.
struct Frame {
    request: u64,
    message: u64,
    /// What the model is told about tools in general.
    tools: u64,
    tool: u64,
}

/// Fitted on recorded usage of 2025 and 2026; OpenAI's and Anthropic's are also on their pages.
fn frame(family: Family, model: &str) -> Frame {
    let of = |request, message, tools, tool| Frame { request, message, tools, tool };
    match family {
        Family::Gpt => of(3, 4, 0, 4),
        Family::GptOss => of(62, 3, 30, 16),
        Family::Claude if is_older_claude(model) => of(6, 0, 310, 40),
        Family::Claude => of(6, 0, 460, 40),
        Family::Gemini => of(0, 0, 0, 4),
        Family::Llama => of(29, 5, 110, 16),
        Family::Mistral => of(2, 2, 0, 16),
        Family::Qwen => of(7, 3, 100, 20),
        Family::DeepSeek => of(2, 1, 230, 10),
        Family::Grok => of(3, 3, 220, 16),
        Family::Command | Family::Other => of(2, 4, 40, 16),
    }
}

/// A request of a model of this family.
pub(super) fn estimate(model: &str, scale: Scale, request: &Request) -> TokenEstimate {
    let family = Family::of(model);
    match request {
        Request::Chat(chat) | Request::ChatStream(chat) => {
            let (counter, fixed) = count(family, model, chat);
            let input = scale.tokens(counter.thousandths()) + fixed;
            TokenEstimate::new(input, chat.sampling.max_output_tokens.map(u64::from))
        }
        // Vendors count neither among the tokens of a minute.
        Request::CountTokens(_) | Request::Models => TokenEstimate::new(0, Some(0)),
        other => {
            let (mut counter, mut fixed) = (Counter::default(), 0);
            other.each_content(&mut |content| match content {
                Content::Text(text) => text_of(&mut counter, text),
                Content::Media(medium) => fixed += media::tokens(family, medium),
            });
            if let Request::Rerank(rerank) = other {
                // The query is read again with each document.
                rerank.documents.iter().skip(1).for_each(|_| text_of(&mut counter, &rerank.query));
            }
            let is_silent = matches!(other, Request::Embed(_) | Request::Rerank(_) | Request::Moderate(_));
            TokenEstimate::new(scale.tokens(counter.thousandths()) + fixed, is_silent.then_some(0))
        }
    }
}

/// Before 4.5 these models were told less about tools.
fn is_older_claude(model: &str) -> bool {
    let stem = crate::name::family(model).unwrap_or(model);
    model.contains("claude-3") || ["sonnet-4", "opus-4", "opus-4-1"].iter().any(|end| stem.ends_with(end))
}

/// The texts of a chat, and the tokens of everything else.
fn count(family: Family, model: &str, chat: &ChatRequest) -> (Counter, u64) {
    let frame = frame(family, model);
    let (mut counter, mut fixed) = (Counter::default(), frame.request);
    for message in &chat.messages {
        fixed += frame.message;
        for part in &message.content {
            fixed += part_of(family, &mut counter, part);
        }
    }
    for tool in &chat.tools {
        fixed += frame.tool;
        if let Tool::Function(function) = &**tool {
            text_of(&mut counter, &function.name);
            text_of(&mut counter, function.description.as_deref().unwrap_or_default());
            json_of(&mut counter, &function.schema);
        }
    }
    // These show it to the model; others hold the answer to it unseen.
    let shown = matches!(family, Family::Gpt | Family::GptOss | Family::Claude | Family::Grok);
    if let (OutputFormat::JsonSchema(schema), true) = (&chat.output, shown) {
        json_of(&mut counter, &schema.schema);
    }
    if !chat.tools.is_empty() {
        fixed += frame.tools;
    }
    (counter, fixed)
}

/// Counts a part's texts; what it costs beside them.
fn part_of(family: Family, counter: &mut Counter, part: &Part) -> u64 {
    match &part.kind {
        PartKind::Text { text, .. } | PartKind::Reasoning { text, .. } | PartKind::Refusal { text } => {
            text_of(counter, text);
            0
        }
        PartKind::ToolCall(call) => {
            text_of(counter, &call.name);
            text_of(counter, &call.arguments);
            PER_CALL
        }
        PartKind::ToolResult(result) => result.content.iter().map(|part| part_of(family, counter, part)).sum(),
        PartKind::Media(media) => media::tokens(family, media),
        _ => 0,
    }
}

fn text_of(counter: &mut Counter, text: &str) {
    counter.add(text);
    counter.pause();
}

/// A value as JSON, counted while it is written and kept nowhere.
fn json_of(counter: &mut Counter, value: &serde_json::Value) {
    struct Sink<'a>(&'a mut Counter);

    impl io::Write for Sink<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // serde_json writes whole characters at a time.
            self.0.add(std::str::from_utf8(bytes).unwrap_or_default());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    // Neither the sink nor a value fails.
    let _ = serde_json::to_writer(Sink(counter), value);
    counter.pause();
}
