//! Which of OpenAI's protocols a chat goes in, and what differs by it.

use std::sync::Arc;

use http::HeaderMap;
use llm_core::{
    Capabilities, ChatRequest, ChatResponse, ChatStream, Error, HttpResponse, MediaData, Message, Origin, Part,
    PartKind, Support, Tool, Warning,
};
use llm_wire::sse_stream;

use crate::crossing::is_for_responses;
use crate::dialect::{ChatApi, Dialect};
use crate::encoded::Encoded;
use crate::{FAMILY, chat, completions, responses};

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Chat,
    Responses,
    /// The form before chats, for models that continue prompts. It answers as a chat.
    Completions,
}

impl Protocol {
    /// The one that a vendor is asked in. Where it has both, chat completions is asked, unless the model is not there or
    /// the request holds what cannot be said there.
    pub(crate) fn of(request: &ChatRequest, dialect: &Dialect, known: &Capabilities, provider: &str) -> Self {
        let has_completions = dialect.paths.completions.is_some();
        match dialect.chat_api {
            _ if has_completions && known.completions_only == Support::Yes => Self::Completions,
            ChatApi::Completions => Self::Chat,
            ChatApi::Responses => Self::Responses,
            ChatApi::Both if known.responses_only == Support::Yes => Self::Responses,
            ChatApi::Both if needs_responses(request, dialect, provider) => Self::Responses,
            ChatApi::Both => Self::Chat,
        }
    }

    /// Where it is asked.
    pub(crate) fn path(self, dialect: &Dialect, model: &str) -> &'static str {
        match (self, dialect.paths.completions, dialect.agents_path) {
            (Self::Chat, _, Some(path)) if dialect.agent(model).is_some() => path,
            (Self::Responses, ..) => dialect.responses_path,
            (Self::Completions, Some(path), _) => path,
            (Self::Completions | Self::Chat, ..) => dialect.paths.chat,
        }
    }

    /// The wire family.
    pub(crate) fn family(self) -> &'static str {
        match self {
            Self::Chat | Self::Completions => FAMILY,
            Self::Responses => responses::FAMILY,
        }
    }

    pub(crate) fn encode(
        self,
        request: &ChatRequest,
        to: &Origin,
        stream: bool,
        dialect: &Dialect,
    ) -> Result<Encoded, Error> {
        match self {
            Self::Chat => chat::encode_request(request, to, stream, dialect),
            Self::Responses => {
                let media = dialect.responses_media.unwrap_or(dialect.media);
                responses::encode_request(request, to, stream, &Dialect { media, ..*dialect })
            }
            Self::Completions => completions::encode_request(request, to, stream, dialect),
        }
    }

    pub(crate) fn decode(self, body: &[u8], origin: &Arc<Origin>, dialect: &Dialect) -> Result<ChatResponse, Error> {
        match self {
            Self::Chat | Self::Completions => chat::decode_response(body, origin, dialect),
            Self::Responses => responses::decode_response(body, origin, dialect),
        }
    }

    pub(crate) fn stream(
        self,
        response: HttpResponse,
        origin: Arc<Origin>,
        warnings: Vec<Warning>,
        dialect: &Dialect,
    ) -> ChatStream {
        let headers: &HeaderMap = &response.headers;
        match self {
            Self::Chat | Self::Completions => {
                let decoder = chat::Decoder::new(origin, warnings, dialect).with_headers(headers);
                sse_stream(response, decoder)
            }
            Self::Responses => {
                let decoder = responses::Decoder::new(origin, warnings, dialect).with_headers(headers);
                sse_stream(response, decoder)
            }
        }
    }
}

/// True for what only the Responses API can take: its own settings, tools that the vendor runs, items of earlier answers.
fn needs_responses(request: &ChatRequest, dialect: &Dialect, provider: &str) -> bool {
    let own = |kind: &str| kind.strip_prefix(responses::FAMILY).is_some_and(|rest| rest.starts_with('.'));
    let runs_there = |tool: &Tool| match tool {
        Tool::Provider { id, .. } => match id.split_once('.') {
            Some((owner, kind)) => kind != "custom" && (own(id) || owner == provider || owner == "openai"),
            None => false,
        },
        _ => false,
    };
    let has_files = |media: &[&str]| media.contains(&"file") && !dialect.media.contains(&"file");
    let is_item = |message: &Message, part: &Part| match &part.kind {
        PartKind::Opaque { kind, .. } => own(kind),
        PartKind::Reasoning { .. } => {
            let from_there = message
                .origin
                .as_ref()
                .is_some_and(|origin| origin.api == responses::FAMILY && origin.is_target(provider, &request.model));
            from_there || (message.origin.is_none() && part.ext.of(responses::FAMILY).is_some())
        }
        // A document by its address, and any where chats take none and the other does.
        PartKind::Media(media) => match (&media.data, media.family()) {
            (MediaData::Text { .. }, _) | (_, "image" | "video") => false,
            (MediaData::Url { .. }, _) => true,
            (_, family) => family != "audio" && dialect.responses_media.is_some_and(has_files),
        },
        _ => false,
    };
    request.ext.of(responses::FAMILY).is_some_and(|fields| !fields.is_empty())
        || request.ext.of(provider).is_some_and(is_for_responses)
        || request.tools.iter().any(|tool| runs_there(tool))
        || request.messages.iter().any(|message| message.content.iter().any(|part| is_item(message, part)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use llm_core::{Media, Role};
    use serde_json::json;

    const BOTH: Dialect = Dialect { chat_api: ChatApi::Both, ..Dialect::OPENAI };

    fn of(request: &ChatRequest) -> Protocol {
        Protocol::of(request, &BOTH, &Capabilities::default(), "openai")
    }

    fn plain() -> ChatRequest {
        ChatRequest::new("m").with_user("hi")
    }

    fn server_tool(id: &str) -> Tool {
        Tool::Provider { id: id.to_owned(), name: String::new(), args: serde_json::Map::new() }
    }

    #[test]
    fn chat_is_asked_unless_it_cannot_be() {
        assert_eq!(of(&plain()), Protocol::Chat);
        assert_eq!(of(&plain().with_tool(server_tool("openai-chat.custom"))), Protocol::Chat);
        assert_eq!(of(&plain().with_tool(server_tool("openai.web_search"))), Protocol::Responses);
        assert_eq!(of(&plain().with_tool(server_tool("openai-responses.mcp"))), Protocol::Responses);
        let mut request = plain();
        request.ext.set("openai-responses", "previous_response_id", "resp_1");
        assert_eq!(of(&request), Protocol::Responses);
        let mut request = plain();
        request.ext.set("openai", "verbosity", "low");
        assert_eq!(of(&request), Protocol::Chat);
        request.ext.set("openai", "max_tool_calls", 3);
        assert_eq!(of(&request), Protocol::Responses);
        let document = Part::media(Media::url("application/pdf", "https://files.test/a.pdf"));
        assert_eq!(of(&plain().with_message(Message::new(Role::User, vec![document]))), Protocol::Responses);
    }

    #[test]
    fn items_of_earlier_answers_go_back_where_they_came_from() {
        let opaque = Part::opaque("openai-responses.web_search_call", json!({"type": "web_search_call"}));
        assert_eq!(of(&plain().with_message(Message::new(Role::Assistant, vec![opaque]))), Protocol::Responses);
        let thought = |api, model| {
            let mut message = Message::new(Role::Assistant, vec![Part::reasoning("x").with_signature("s")]);
            message.origin = Some(Arc::new(Origin::new(api, "openai", model)));
            of(&plain().with_message(message))
        };
        assert_eq!(thought("openai-responses", "m"), Protocol::Responses);
        assert_eq!(thought("openai-responses", "another"), Protocol::Chat);
        assert_eq!(thought("anthropic", "m"), Protocol::Chat);
        let unknown = Part::reasoning("x").with_signature("another vendor's, perhaps");
        assert_eq!(of(&plain().with_message(Message::new(Role::Assistant, vec![unknown]))), Protocol::Chat);
    }

    #[test]
    fn the_model_and_the_vendor_have_their_say() {
        let mut only = Capabilities::default();
        only.responses_only = Support::Yes;
        assert_eq!(Protocol::of(&plain(), &BOTH, &only, "openai"), Protocol::Responses);
        let never = Dialect { chat_api: ChatApi::Completions, ..BOTH };
        assert_eq!(Protocol::of(&plain(), &never, &only, "openai"), Protocol::Chat);
        let always = Dialect { chat_api: ChatApi::Responses, ..BOTH };
        assert_eq!(Protocol::of(&plain(), &always, &Capabilities::default(), "openai"), Protocol::Responses);
    }
}
