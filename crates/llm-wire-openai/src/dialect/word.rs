//! The words of a dialect: the alternatives that its fields choose from.

/// Paths of the operations, joined to the base URL: below it, or beside its last step where one begins with `/..`.
/// `{model}` in one stands for the model as one step, `{model_path}` for the model as it is, `{api_version}` for the
/// connection's version of the API.
#[derive(Clone, Copy, Debug)]
pub struct Paths {
    /// Chat, streamed and not; empty where the vendor has none.
    pub chat: &'static str,
    /// Embeddings, where the vendor has them.
    pub embed: Option<&'static str>,
    /// The list of models, where the vendor has one.
    pub models: Option<&'static str>,
    /// Prompts continued, where the vendor has models for that.
    pub completions: Option<&'static str>,
    /// Documents in order, where the vendor has that.
    pub rerank: Option<&'static str>,
    /// Images from words.
    pub images: Option<&'static str>,
    /// Images from others.
    pub image_edits: Option<&'static str>,
    /// Texts spoken.
    pub speech: Option<&'static str>,
    /// Speech in writing.
    pub transcriptions: Option<&'static str>,
    /// Speech in writing, in English.
    pub translations: Option<&'static str>,
    /// Judgements of contents.
    pub moderations: Option<&'static str>,
    /// Tokens of a chat counted before it is sent.
    pub count_tokens: Option<&'static str>,
}

impl Paths {
    /// Chats only.
    pub const CHAT: Self = Self {
        chat: "/chat/completions",
        embed: None,
        models: None,
        completions: None,
        rerank: None,
        images: None,
        image_edits: None,
        speech: None,
        transcriptions: None,
        translations: None,
        moderations: None,
        count_tokens: None,
    };

    /// What nearly every vendor has: chats, vectors, models, and prompts for models that want some.
    pub const COMMON: Self =
        Self { embed: Some("/embeddings"), models: Some("/models"), completions: Some("/completions"), ..Self::CHAT };

    /// All that OpenAI has.
    pub const OPENAI: Self = Self {
        images: Some("/images/generations"),
        image_edits: Some("/images/edits"),
        speech: Some("/audio/speech"),
        transcriptions: Some("/audio/transcriptions"),
        translations: Some("/audio/translations"),
        moderations: Some("/moderations"),
        count_tokens: Some("/responses/input_tokens"),
        ..Self::COMMON
    };

    /// All that a server of this protocol may have: whether one does is seen when it is asked.
    pub const ANY: Self = Self { rerank: Some("/rerank"), ..Self::OPENAI };
}

/// How the key is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// `Authorization: Bearer KEY`.
    Bearer,
    /// The bare key in a header of this name.
    Header(&'static str),
    /// The same, but a token (a JWT) as `Authorization: Bearer TOKEN`.
    HeaderOrToken(&'static str),
}

/// What is put before a model's name, as in `accounts/fireworks/models/NAME`.
#[derive(Clone, Copy, Debug)]
pub struct ModelPrefix {
    /// The prefix.
    pub prefix: &'static str,
    /// Names that start so are sent as they are.
    pub unless: &'static [&'static str],
}

/// The role that carries the operator's instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemRole {
    /// `system` and `developer` as the request has them.
    AsGiven,
    /// Always `system`.
    System,
    /// Always `developer`.
    Developer,
    /// Always `user`, for models that know neither.
    User,
}

/// Whether several text parts become one string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flatten {
    /// Never: parts stay parts.
    Never,
    /// Where a message has only text.
    TextOnly,
    /// Always; other parts are left out.
    Always,
}

/// What the result of a tool may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToolContent {
    /// Text and media, as llama.cpp and vLLM read them.
    Parts,
    /// Texts.
    TextParts,
    /// One text: several are joined.
    Text,
}

/// Which messages may carry a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamePolicy {
    /// All; results of tools carry the tool's name.
    Keep,
    /// Only results of tools, the tool's name.
    ToolOnly,
    /// Only what users say.
    UserOnly,
    /// None.
    Drop,
}

/// How cache hints are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheForm {
    /// Not at all: the vendor caches by itself.
    None,
    /// As `cache_control` on the part (the form of Anthropic, which several vendors pass on).
    CacheControl,
}

/// What the ids of tool calls must look like. Others are replaced, each always by the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToolIds {
    /// Anything.
    Any,
    /// At most so many characters.
    AtMost(usize),
    /// Exactly so many letters and digits.
    Alphanumeric(usize),
}

/// How structured output is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StructuredOutput {
    /// `response_format` of type `json_schema`, or `json_object` without a schema.
    JsonSchema,
    /// Only `json_object`; a schema cannot be sent.
    JsonObject,
    /// Not at all.
    None,
}

/// How reasoning is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReasoningRequest {
    /// `reasoning_effort: WORD`.
    Effort,
    /// `thinking: {type: enabled | disabled}`; in its place `reasoning_effort`, where the vendor has efforts.
    Toggle,
    /// `thinking: {type: adaptive | disabled}`.
    Adaptive,
    /// `thinking: {type: enabled, budget_tokens: N}` or `{type: disabled}`.
    Budget,
    /// `reasoning: {effort: WORD}` or `{max_tokens: N}`.
    Object,
    /// `enable_thinking: true | false`, and `thinking_budget: N`.
    EnableThinking,
    /// `enable_thinking: true | false`.
    EnableOnly,
    /// `reasoning_effort: WORD` for a word, `thinking: {type, budget_tokens}` for a number.
    EffortOrBudget,
    /// `chat_template_kwargs: {NAME: true | false}`.
    TemplateSwitch(&'static str),
    /// Not at all.
    None,
}

/// How reasoning of earlier turns is sent back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReasoningReplay {
    /// Not at all.
    Drop,
    /// In a field of the message of this name.
    Field(&'static str),
    /// In the field that it came in, of the two that servers have; in this one where that is not known.
    Named(&'static str),
    /// In a field of this name, and a blank where a turn with tool calls has no reasoning: a vendor that is about to
    /// reason would refuse the turn.
    Required(&'static str),
    /// In `<think>` tags before the words.
    Tags,
    /// As a part of type `thinking` before the words.
    Blocks,
}

/// How usage is asked for in streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamUsage {
    /// `stream_options: {include_usage: true}`.
    StreamOptions,
    /// `usage: {include: true}`.
    UsageInclude,
    /// It comes unasked.
    Unasked,
}

/// What shows that a stream is whole. Without it the answer is truncated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndMarker {
    /// `[DONE]`.
    Done,
    /// `[DONE]`, or the end of the body after every answer has a finish reason: for vendors that leave `[DONE]` out.
    DoneOrFinish,
}

/// How reasoning tokens are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReasoningTokens {
    /// Within the completion tokens.
    Included,
    /// Beside them, where the total is the sum of prompt, completion and reasoning.
    BesideIfTotalSays,
    /// Beside them.
    Beside,
}

/// The form of requests for vectors, and of their answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmbedForm {
    /// OpenAI's.
    Listed,
    /// A task of Hugging Face: `inputs` in, bare lists of numbers out. The model stands in the address.
    Features,
}

/// How vectors are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmbedEncoding {
    /// `encoding_format: base64`, a third of the bytes of numbers.
    Base64,
    /// `encoding_format: float`.
    Float,
    /// The vendor's default. Both forms are read in any case.
    Unsaid,
}

/// How sound is sent to be written down, and what is asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TranscriptionForm {
    /// A form; times and speakers are asked for by the form of the answer (OpenAI).
    Formats,
    /// A form; times and speakers are asked for by fields of their own (Mistral).
    Flags,
    /// JSON with the sound as `input_audio` (OpenRouter).
    InputAudio,
}

/// How the text of an error message is recognised: by its beginning only, for behind that it may repeat a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// It begins with these words: in lower case, without what stands in quotes. `*` is one word or none, `(*` a word
    /// that begins so.
    Starts(&'static str),
    /// Whatever it says: the status means one thing at this vendor.
    Anything,
}
