//! What of a request counts as tokens: texts, calls, results, tools, media, and what vendors put around them.

use llm_core::{
    ChatRequest, Content, MediaData, Message, OutputFormat, Part, PartKind, Reasoning, Request, Role, TokenEstimate,
    Tool, ToolChoice,
};
use serde_json::Value;

use super::family::Family;
use super::media;
use super::tally::Tally;
use super::template::{Frame, frame};

/// The texts of a request go into the tally; what comes back is the tokens of everything else.
pub(super) fn count(tally: &mut impl Tally, provider: &str, model: &str, request: &Request) -> u64 {
    match request {
        Request::Chat(chat) | Request::ChatStream(chat) => {
            let family = Family::of(model);
            let model = Model { family, name: model, frame: frame(family, provider, model) };
            model.chat(tally, chat)
        }
        // Vendors count neither among the tokens of a minute.
        Request::CountTokens(_) | Request::Models => 0,
        other => {
            let (family, mut fixed) = (Family::of(model), 0);
            other.each_content(&mut |content| match content {
                Content::Text(text) => tally.text(text),
                Content::Media(medium) => fixed += media::tokens(family, model, medium),
            });
            if let Request::Rerank(rerank) = other {
                // The query is read again with each document.
                rerank.documents.iter().skip(1).for_each(|_| tally.text(&rerank.query));
            }
            fixed
        }
    }
}

/// The longest answer that a request allows.
fn max_output(request: &Request) -> Option<u64> {
    match request {
        Request::Chat(chat) | Request::ChatStream(chat) => chat.sampling.max_output_tokens.map(u64::from),
        Request::Embed(_) | Request::Rerank(_) | Request::Moderate(_) | Request::CountTokens(_) | Request::Models => {
            Some(0)
        }
        _ => None,
    }
}

/// An estimate of so many input tokens.
pub(super) fn estimate(input: u64, request: &Request) -> TokenEstimate {
    TokenEstimate::new(input, max_output(request))
}

struct Model<'a> {
    family: Family,
    name: &'a str,
    frame: Frame,
}

impl Model<'_> {
    fn chat(&self, tally: &mut impl Tally, chat: &ChatRequest) -> u64 {
        let mut fixed = self.frame.request;
        // Thoughts are sent again only while the turn in which they were thought goes on.
        let turn = chat.messages.iter().rposition(|message| message.role == Role::User).unwrap_or(0);
        for (place, message) in chat.messages.iter().enumerate() {
            fixed += self.message(tally, message, place > turn);
        }
        fixed += self.tools(tally, chat);
        if let (OutputFormat::JsonSchema(schema), Some((around, style))) = (&chat.output, self.frame.schema) {
            fixed += around;
            style.schema(tally, &schema.schema);
        }
        if matches!(chat.reasoning, Some(Reasoning::Budget(1..))) {
            fixed += self.frame.thinking;
        }
        fixed
    }

    fn message(&self, tally: &mut impl Tally, message: &Message, is_in_turn: bool) -> u64 {
        let is_system = matches!(message.role, Role::System | Role::Developer);
        // A result has its own frame.
        let around = match message.role {
            Role::Tool => 0,
            _ if is_system => self.frame.system,
            _ => self.frame.message,
        };
        let cuts = self.frame.cuts_thoughts && message.role == Role::Assistant && !is_in_turn;
        around + message.content.iter().map(|part| self.part(tally, part, is_in_turn, cuts)).sum::<u64>()
    }

    /// Counts a part's texts; what it costs beside them.
    fn part(&self, tally: &mut impl Tally, part: &Part, is_in_turn: bool, cuts: bool) -> u64 {
        let sealed = match (&part.signature, self.frame.sealed) {
            (Some(seal), 1..) if is_in_turn => length(seal) / self.frame.sealed,
            _ => 0,
        };
        sealed
            + match &part.kind {
                PartKind::Text { text, .. } if cuts => {
                    tally.text(text.split_once("</think>").map_or(text, |(_, words)| words));
                    0
                }
                PartKind::Text { text, .. } | PartKind::Refusal { text } => {
                    tally.text(text);
                    0
                }
                PartKind::Reasoning { text, .. } => {
                    if is_in_turn && self.frame.thoughts {
                        tally.text(text);
                    }
                    0
                }
                PartKind::ToolCall(call) => {
                    tally.text(&call.name);
                    tally.text(&call.arguments);
                    self.frame.call
                }
                PartKind::ToolResult(result) => {
                    let inner = result.content.iter().map(|part| self.part(tally, part, is_in_turn, false));
                    self.frame.result + inner.sum::<u64>()
                }
                PartKind::Media(media) => match &media.data {
                    MediaData::Text { text } => {
                        tally.text(text);
                        0
                    }
                    MediaData::Inline { bytes } if media.family() == "text" => {
                        tally.text(std::str::from_utf8(bytes).unwrap_or_default());
                        0
                    }
                    _ => media::tokens(self.family, self.name, media),
                },
                _ => 0,
            }
    }

    fn tools(&self, tally: &mut impl Tally, chat: &ChatRequest) -> u64 {
        if chat.tools.is_empty() || self.frame.none_hides && chat.tool_choice == ToolChoice::None {
            return 0;
        }
        for tool in &chat.tools {
            if let Tool::Function(function) = &**tool
                && !is_deferred(&function.ext)
            {
                self.frame.tool.tool(tally, &function.name, function.description.as_deref(), &function.schema);
            }
        }
        let is_forced = matches!(chat.tool_choice, ToolChoice::Required | ToolChoice::Named(_));
        match self.family {
            // Anthropic's has another prompt then, others add to theirs.
            Family::Claude | Family::Claude5 if is_forced => self.frame.forced,
            _ if is_forced => self.frame.tools + self.frame.forced,
            _ => self.frame.tools,
        }
    }
}

/// Anthropic's tools that the model finds by a search: it is not shown them before.
fn is_deferred(ext: &llm_core::Extensions) -> bool {
    ext.value("anthropic", "defer_loading") == Some(&Value::Bool(true))
}

fn length(text: &str) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}
