//! What the answer to a request takes, and what a target is known not to have.

use std::fmt;

use llm_core::{
    Capabilities, ChatRequest, Effort, Media, MediaData, OutputFormat, PartKind, Reasoning, Request, Support,
    ToolChoice,
};
use serde::de::SeqAccess;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Something that an answer may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Need {
    /// Chat at all.
    Chat,
    /// Streamed chat.
    Streaming,
    /// Embeddings.
    Embeddings,
    /// Function calling.
    Tools,
    /// Several tool calls in one answer.
    ParallelTools,
    /// A tool that must be called.
    ForcedTool,
    /// Output by JSON schema.
    JsonSchema,
    /// Reasoning.
    Reasoning,
    /// Documents in order.
    Rerank,
    /// Images made.
    Images,
    /// Texts spoken.
    Speech,
    /// Sound written down.
    Transcription,
    /// Contents judged.
    Moderation,
    /// Tokens counted.
    CountTokens,
}

impl Need {
    const ALL: [Self; 14] = [
        Self::Chat,
        Self::Streaming,
        Self::Embeddings,
        Self::Tools,
        Self::ParallelTools,
        Self::ForcedTool,
        Self::JsonSchema,
        Self::Reasoning,
        Self::Rerank,
        Self::Images,
        Self::Speech,
        Self::Transcription,
        Self::Moderation,
        Self::CountTokens,
    ];

    /// In one stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Streaming => "streaming",
            Self::Embeddings => "embeddings",
            Self::Tools => "tools",
            Self::ParallelTools => "parallel_tools",
            Self::ForcedTool => "forced_tool",
            Self::JsonSchema => "json_schema",
            Self::Reasoning => "reasoning",
            Self::Rerank => "rerank",
            Self::Images => "images",
            Self::Speech => "speech",
            Self::Transcription => "transcription",
            Self::Moderation => "moderation",
            Self::CountTokens => "count_tokens",
        }
    }

    fn of(self, capabilities: &Capabilities) -> Support {
        match self {
            Self::Chat => capabilities.chat,
            Self::Streaming => capabilities.streaming,
            Self::Embeddings => capabilities.embeddings,
            Self::Tools => capabilities.tools,
            Self::ParallelTools => capabilities.parallel_tools,
            Self::ForcedTool => capabilities.forced_tool,
            Self::JsonSchema => capabilities.json_schema,
            Self::Reasoning => capabilities.reasoning,
            Self::Rerank => capabilities.rerank,
            Self::Images => capabilities.images,
            Self::Speech => capabilities.speech,
            Self::Transcription => capabilities.transcription,
            Self::Moderation => capabilities.moderation,
            Self::CountTokens => capabilities.count_tokens,
        }
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of needs. In JSON a list of words.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Needs(u16);

impl Needs {
    /// With one more.
    pub const fn with(self, need: Need) -> Self {
        Self(self.0 | 1 << need as u16)
    }

    /// Whether it is in the set.
    pub const fn has(self, need: Need) -> bool {
        self.0 & (1 << need as u16) != 0
    }

    /// What is in either set.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The first that is in both sets.
    pub fn first_of(self, other: Self) -> Option<Need> {
        let both = Self(self.0 & other.0);
        if both.0 == 0 { None } else { both.iter().next() }
    }

    fn iter(self) -> impl Iterator<Item = Need> {
        Need::ALL.into_iter().filter(move |need| self.has(*need))
    }

    /// What these capabilities are known not to have.
    pub fn lacking(capabilities: &Capabilities) -> Self {
        let lacking = Need::ALL.into_iter().filter(|need| need.of(capabilities) == Support::No);
        lacking.fold(Self::default(), Self::with)
    }

    /// What the answer to a request takes, with its media.
    pub fn of(request: &Request) -> (Self, Vec<MediaNeed>) {
        let need = match request {
            Request::Chat(chat) => return of_chat(chat, Self::default().with(Need::Chat)),
            Request::ChatStream(chat) => return of_chat(chat, Self::default().with(Need::Chat).with(Need::Streaming)),
            Request::Embed(_) => Need::Embeddings,
            Request::Rerank(_) => Need::Rerank,
            Request::Image(_) => Need::Images,
            Request::Speech(_) => Need::Speech,
            Request::Transcribe(_) => Need::Transcription,
            Request::Moderate(_) => Need::Moderation,
            Request::CountTokens(_) => Need::CountTokens,
            _ => return (Self::default(), Vec::new()),
        };
        // What media such a request has is what its operation is about: no capability speaks of it apart.
        (Self::default().with(need), Vec::new())
    }
}

fn of_chat(chat: &ChatRequest, mut needs: Needs) -> (Needs, Vec<MediaNeed>) {
    let reasons = match &chat.reasoning {
        None | Some(Reasoning::Effort(Effort::None) | Reasoning::Budget(0)) => false,
        Some(_) => true,
    };
    let tools = !chat.tools.is_empty();
    for (needed, need) in [
        (tools, Need::Tools),
        (tools && chat.parallel_tool_calls == Some(true), Need::ParallelTools),
        (matches!(chat.tool_choice, ToolChoice::Required | ToolChoice::Named(_)), Need::ForcedTool),
        (matches!(chat.output, OutputFormat::JsonSchema(_)), Need::JsonSchema),
        (reasons, Need::Reasoning),
    ] {
        if needed {
            needs = needs.with(need);
        }
    }
    let mut media = Vec::new();
    for part in chat.messages.iter().flat_map(|message| &message.content) {
        match &part.kind {
            PartKind::Media(it) => MediaNeed::note(&mut media, it),
            PartKind::ToolResult(result) => {
                for part in &result.content {
                    if let PartKind::Media(it) = &part.kind {
                        MediaNeed::note(&mut media, it);
                    }
                }
            }
            _ => {}
        }
    }
    (needs, media)
}

/// A kind of media in a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MediaNeed {
    /// Its MIME type, or a pattern (`image/*`).
    pub media_type: String,
    /// How it is given.
    pub given: Given,
}

/// How media is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Given {
    /// In the request.
    Inline,
    /// By URL.
    Url,
    /// As a file that a provider has already.
    File,
    /// As plain text.
    Text,
}

impl MediaNeed {
    fn note(all: &mut Vec<Self>, media: &Media) {
        let given = match media.data {
            MediaData::Inline { .. } => Given::Inline,
            MediaData::Url { .. } => Given::Url,
            MediaData::File { .. } => Given::File,
            _ => Given::Text,
        };
        if !all.iter().any(|other| other.media_type == media.media_type && other.given == given) {
            all.push(Self { media_type: media.media_type.clone(), given });
        }
    }

    /// The part of the type before the slash (`image`).
    pub fn family(&self) -> &str {
        family(&self.media_type)
    }

    /// Whether a target that names these types may take it. One that names none is not known well enough to say no.
    pub(crate) fn may(&self, inline: &[impl AsRef<str>], url: &[impl AsRef<str>]) -> bool {
        if inline.is_empty() && url.is_empty() {
            return true;
        }
        match self.given {
            Given::Inline => inline.iter().any(|pattern| matches(pattern.as_ref(), &self.media_type)),
            Given::Url => url.iter().any(|pattern| matches(pattern.as_ref(), &self.media_type)),
            // Files are read by who has them, which the pin says; text is text.
            Given::File | Given::Text => true,
        }
    }
}

fn family(media_type: &str) -> &str {
    media_type.split('/').next().unwrap_or_default()
}

/// Whether a type is meant by a pattern. Where only the family is known, as with most URLs, the family decides.
fn matches(pattern: &str, media_type: &str) -> bool {
    pattern == "*/*"
        || pattern.eq_ignore_ascii_case(media_type)
        || ((pattern.ends_with("/*") || media_type.ends_with("/*"))
            && family(pattern).eq_ignore_ascii_case(family(media_type)))
}

impl fmt::Debug for Needs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Serialize for Needs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Needs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;

        impl<'de> serde::de::Visitor<'de> for Words {
            type Value = Needs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of needs such as [\"chat\", \"tools\"]")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut words: A) -> Result<Needs, A::Error> {
                let mut needs = Needs::default();
                while let Some(need) = words.next_element()? {
                    needs = needs.with(need);
                }
                Ok(needs)
            }
        }

        deserializer.deserialize_seq(Words)
    }
}
