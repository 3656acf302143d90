//! What one vendor does differently from OpenAI's own chat API: data, so that a new vendor needs no new code.
//!
//! Start from a preset: `Dialect { max_tokens: "max_tokens", ..Dialect::OPENAI }`. The facts behind each field stand in
//! the vendor's plugin, with their source and date; here is only what the field does.
//! What a request needs and a dialect cannot say becomes a warning in the answer, or an error in strict mode.

mod api;
mod word;

pub use api::ChatApi;
pub use word::{
    Auth, CacheForm, EmbedEncoding, EmbedForm, EndMarker, Flatten, ModelPrefix, NamePolicy, Paths, Reading,
    ReasoningReplay, ReasoningRequest, ReasoningTokens, StreamUsage, StructuredOutput, SystemRole, ToolContent,
    ToolIds, TranscriptionForm,
};

use llm_core::{ErrorKind, FinishReason};

/// The differences of one vendor. A plain value: copy it, change a field, pass it on.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is one fact about a vendor, independent of the others")]
pub struct Dialect {
    /// Where the operations are, below the base URL.
    pub paths: Paths,
    /// Which of the two chat protocols it speaks.
    pub chat_api: ChatApi,
    /// Path of the Responses API, where it is spoken.
    pub responses_path: &'static str,
    /// Path of chats with an agent that is kept at the vendor, where it has such. The agent is asked as the model
    /// `agents/ID`.
    pub agents_path: Option<&'static str>,
    /// How the key is sent.
    pub auth: Auth,
    /// The vendor answers only with a key.
    pub key_required: bool,
    /// Headers sent with every call.
    pub headers: &'static [(&'static str, &'static str)],
    /// What is put before a model's name.
    pub model_prefix: Option<ModelPrefix>,

    /// Field names, by their name in the JSON body, that the vendor refuses (`"top_k"`, `"metadata"`).
    pub drop: &'static [&'static str],
    /// Chat completions takes the fields that OpenAI's two chat protocols share, such as `store` and `verbosity`. Many
    /// other vendors refuse fields that they do not know.
    pub openai_fields: bool,
    /// Refuse what is in [`sampling`](Self::sampling): what a model card says with `sampling: No`.
    pub drop_sampling: bool,
    /// Field names of what models refuse that take no sampling parameters.
    pub sampling: &'static [&'static str],
    /// The model may reason; false for what a model card says with `reasoning: No`.
    pub reasons: bool,
    /// Models that refuse them take them all the same where they say what holds anyway (`temperature: 1`).
    pub usual_sampling: bool,
    /// The field for the longest answer.
    pub max_tokens: &'static str,
    /// The field for the seed.
    pub seed: Option<&'static str>,
    /// The field for the end user.
    pub end_user: Option<&'static str>,
    /// Lowest and highest temperature; others are moved to the nearer one, with a warning.
    pub temperature: Option<(f64, f64)>,

    /// The role of the operator's instructions.
    pub system_role: SystemRole,
    /// Join the system messages at the start into one.
    pub merge_leading_systems: bool,
    /// Whether text parts are joined into one string.
    pub flatten_text: Flatten,
    /// What the result of a tool may hold.
    pub tool_content: ToolContent,
    /// Which messages may carry a name.
    pub message_name: NamePolicy,
    /// An assistant message without words says `content: null`; otherwise the field is left out.
    pub null_content: bool,
    /// Leave out assistant messages that hold nothing the vendor can take.
    pub drop_empty_assistant: bool,
    /// A turn holds one call: several are sent as turns of one call each, every one before its result.
    pub lone_calls: bool,
    /// The mark of a last message of the assistant that is to be continued, where the vendor wants one.
    pub prefill: Option<&'static str>,
    /// A last message of the assistant is refused: what is known of models with `assistant_prefill: No`.
    pub drop_prefill: bool,
    /// Types of media parts that can be sent: `image_url`, `input_audio`, `file`, `video_url`, `document_url`; and
    /// `file_url`, which is a `file` by its address.
    pub media: &'static [&'static str],
    /// The same for the Responses API, where it takes others than chats do.
    pub responses_media: Option<&'static [&'static str]>,
    /// How cache hints are sent.
    pub cache: CacheForm,

    /// Tools other than functions are taken.
    pub custom_tools: bool,
    /// `strict` on tools and schemas is sent.
    pub strict: bool,
    /// The word for "some tool must be called"; none for what a model card says with `forced_tool: No`.
    pub required_tool: Option<&'static str>,
    /// One tool may be named in `tool_choice`; false for the same.
    pub named_tool: bool,
    /// What the ids of tool calls must look like.
    pub tool_ids: ToolIds,
    /// Tools and a response format may stand in one request.
    pub tools_with_output: bool,
    /// A response format may be streamed.
    pub stream_with_output: bool,
    /// How structured output is asked for.
    pub structured_output: StructuredOutput,

    /// How reasoning is asked for.
    pub reasoning: ReasoningRequest,
    /// Other words for some efforts.
    pub effort_map: &'static [(&'static str, &'static str)],
    /// The only efforts that are taken, after [`effort_map`](Self::effort_map); empty: any.
    pub effort_allowed: &'static [&'static str],
    /// How earlier reasoning is sent back.
    pub reasoning_replay: ReasoningReplay,

    /// How usage is asked for in streams.
    pub stream_usage: StreamUsage,
    /// What shows that a stream is whole.
    pub end_marker: EndMarker,
    /// How reasoning tokens are counted.
    pub reasoning_tokens: ReasoningTokens,
    /// The vendor's own finish reasons, before the common ones.
    pub finish: &'static [(&'static str, FinishReason)],
    /// The vendor's own error codes and types, before the common ones.
    pub errors: &'static [(&'static str, ErrorKind)],
    /// Beginnings of messages that tell classes apart within one status, where the vendor has no code for it.
    pub error_messages: &'static [(u16, Reading, ErrorKind)],

    /// The form of requests for vectors.
    pub embed_form: EmbedForm,
    /// The field for the length of the vectors.
    pub embed_dimensions: Option<&'static str>,
    /// The field for what vectors are for, and the vendor's words for `query` and `document`.
    pub embed_task: Option<(&'static str, &'static str, &'static str)>,
    /// The vendor must be told what vectors are for.
    pub embed_task_required: bool,
    /// How vectors are asked for.
    pub embed_encoding: EmbedEncoding,
    /// The field for how many of the best documents are wanted.
    pub rerank_top: &'static str,
    /// How sound is sent to be written down.
    pub transcription: TranscriptionForm,
}

impl Dialect {
    /// OpenAI's own API, as its SDKs and recorded traffic show it (2026-11).
    pub const OPENAI: Self = Self {
        paths: Paths::OPENAI,
        chat_api: ChatApi::Both,
        responses_path: "/responses",
        agents_path: None,
        auth: Auth::Bearer,
        key_required: true,
        headers: &[],
        model_prefix: None,
        drop: &["top_k"],
        openai_fields: true,
        drop_sampling: false,
        // Its reasoning models take no texts to stop at either.
        sampling: &[
            "temperature",
            "top_p",
            "top_k",
            "presence_penalty",
            "frequency_penalty",
            "logprobs",
            "top_logprobs",
            "stop",
        ],
        reasons: true,
        // "Only the default (1) value is supported" (its error message; traffic of 2025-08).
        usual_sampling: true,
        max_tokens: "max_completion_tokens",
        seed: Some("seed"),
        end_user: Some("safety_identifier"),
        temperature: None,
        system_role: SystemRole::AsGiven,
        merge_leading_systems: false,
        flatten_text: Flatten::Never,
        tool_content: ToolContent::TextParts,
        message_name: NamePolicy::Keep,
        null_content: true,
        drop_empty_assistant: false,
        lone_calls: false,
        prefill: None,
        drop_prefill: false,
        media: &["image_url", "input_audio", "file"],
        responses_media: None,
        cache: CacheForm::None,
        custom_tools: true,
        strict: true,
        required_tool: Some("required"),
        named_tool: true,
        // Longer ones are refused when they come back in the history; other vendors give them (traffic of 2026-11).
        tool_ids: ToolIds::AtMost(40),
        tools_with_output: true,
        stream_with_output: true,
        structured_output: StructuredOutput::JsonSchema,
        reasoning: ReasoningRequest::Effort,
        effort_map: &[],
        effort_allowed: &[],
        reasoning_replay: ReasoningReplay::Drop,
        stream_usage: StreamUsage::StreamOptions,
        end_marker: EndMarker::Done,
        reasoning_tokens: ReasoningTokens::Included,
        finish: &[],
        errors: &[],
        error_messages: &[],
        embed_form: EmbedForm::Listed,
        embed_dimensions: Some("dimensions"),
        embed_task: None,
        embed_task_required: false,
        embed_encoding: EmbedEncoding::Base64,
        rerank_top: "top_n",
        transcription: TranscriptionForm::Formats,
    };

    /// Any server that speaks the protocol: vLLM, SGLang, llama.cpp, LM Studio, Ollama's `/v1`, and most vendors.
    ///
    /// Sends the oldest and most widely known form of everything and forgives what such servers leave out.
    pub const COMPATIBLE: Self = Self {
        paths: Paths::COMMON,
        chat_api: ChatApi::Completions,
        key_required: false,
        drop: &[],
        openai_fields: false,
        // Claude and Kimi stop at texts, and take nothing of the rest (platform.claude.com and platform.kimi.ai, 2026).
        sampling: &[
            "temperature",
            "top_p",
            "top_k",
            "presence_penalty",
            "frequency_penalty",
            "logprobs",
            "top_logprobs",
        ],
        usual_sampling: false,
        max_tokens: "max_tokens",
        end_user: Some("user"),
        system_role: SystemRole::System,
        tool_content: ToolContent::Parts,
        custom_tools: false,
        tool_ids: ToolIds::Any,
        reasoning_replay: ReasoningReplay::Named("reasoning_content"),
        end_marker: EndMarker::DoneOrFinish,
        embed_encoding: EmbedEncoding::Unsaid,
        media: &["image_url", "input_audio", "file", "video_url"],
        ..Self::OPENAI
    };

    /// The id in `agents/ID`, where the vendor has agents.
    pub(crate) fn agent<'m>(&self, model: &'m str) -> Option<&'m str> {
        self.agents_path.and_then(|_| model.strip_prefix("agents/"))
    }

    /// True when a field of this name must not be sent.
    pub fn drops(&self, name: &str) -> bool {
        self.drop.contains(&name) || (self.drop_sampling && self.sampling.contains(&name))
    }
}
