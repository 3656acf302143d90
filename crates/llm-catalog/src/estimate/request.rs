//! What of a request counts as tokens: texts, calls, results, tools, media, and what vendors put around them.

use std::io;

use llm_core::{ChatRequest, Part, PartKind, Request, TokenEstimate, Tool};

use super::calibrate::Scale;
use super::family::Family;
use super::text::Counter;

/// What a message costs beside its texts: its role and separators.
const PER_MESSAGE: u64 = 4;
/// What a request costs beside its messages.
const PER_REQUEST: u64 = 3;
/// What a tool costs beside its name, description and schema.
const PER_TOOL: u64 = 8;
/// An image, audio or document of unknown size: near what vendors charge for a large image (OpenAI 1,445 for
/// 1024 × 1024 in high detail, Anthropic about 1,600 for 1.15 megapixels; their pages, 2026).
const PER_MEDIA: u64 = 1600;

/// A request of a model of this family.
pub(super) fn estimate(family: Family, scale: Scale, request: &Request) -> TokenEstimate {
    match request {
        Request::Chat(chat) | Request::ChatStream(chat) => {
            let (counter, fixed) = count(family, chat);
            let input = scale.tokens(counter.thousandths()) + fixed;
            TokenEstimate::new(input, chat.sampling.max_output_tokens.map(u64::from))
        }
        Request::Embed(embed) => {
            let mut counter = Counter::default();
            embed.inputs.iter().for_each(|text| text_of(&mut counter, text));
            TokenEstimate::new(scale.tokens(counter.thousandths()), Some(0))
        }
        _ => TokenEstimate::new(0, Some(0)),
    }
}

/// The texts of a chat, and the tokens of everything else.
fn count(family: Family, chat: &ChatRequest) -> (Counter, u64) {
    let (mut counter, mut fixed) = (Counter::default(), PER_REQUEST);
    for message in &chat.messages {
        fixed += PER_MESSAGE;
        for part in &message.content {
            fixed += part_of(&mut counter, part);
        }
    }
    for tool in &chat.tools {
        fixed += PER_TOOL;
        if let Tool::Function(function) = &**tool {
            text_of(&mut counter, &function.name);
            text_of(&mut counter, function.description.as_deref().unwrap_or_default());
            json_of(&mut counter, &function.schema);
        }
    }
    if !chat.tools.is_empty() {
        fixed += preamble(family);
    }
    (counter, fixed)
}

/// What a vendor tells a model about tools in general, where it bills that.
const fn preamble(family: Family) -> u64 {
    match family {
        // 346 tokens for Claude 4 with `auto` or none, 313 with `any` or a named tool (its pages, 2026).
        Family::Claude => 330,
        _ => 0,
    }
}

/// Counts a part's texts; what it costs beside them.
fn part_of(counter: &mut Counter, part: &Part) -> u64 {
    match &part.kind {
        PartKind::Text { text, .. } | PartKind::Reasoning { text, .. } | PartKind::Refusal { text } => {
            text_of(counter, text);
            0
        }
        PartKind::ToolCall(call) => {
            text_of(counter, &call.name);
            text_of(counter, &call.arguments);
            PER_MESSAGE
        }
        PartKind::ToolResult(result) => result.content.iter().map(|part| part_of(counter, part)).sum(),
        PartKind::Media(_) => PER_MEDIA,
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
