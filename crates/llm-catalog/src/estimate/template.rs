//! What vendors put around the words of a request before a model reads them, in tokens.
//!
//! Numbers are the templates' own: the published ones of open models, OpenAI's, Anthropic's and xAI's pages, and, where
//! a vendor is silent, medians of the usage recorded for requests of 2024 to 2026. They do not move with what is learnt.

use super::family::{Family, has, is_o};
use super::schema::Style;

/// What a template puts around a request, in tokens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    /// Once, with the place where the answer begins.
    pub request: u64,
    /// Around a system message, and around any other.
    pub system: u64,
    pub message: u64,
    /// Around a call of a tool, and around its result.
    pub call: u64,
    pub result: u64,
    /// What the model is told about tools in general; when it must call one; and how a tool is written.
    pub tools: u64,
    pub forced: u64,
    pub tool: Style,
    /// Whether `tool_choice: none` keeps the tools from the model altogether.
    pub none_hides: bool,
    /// What the model is told of the form of its answer, and how that is written; `None` where it is not told.
    pub schema: Option<(u64, Style)>,
    /// What a budget for thinking adds.
    pub thinking: u64,
    /// Whether the thoughts of a turn are shown while it goes on.
    pub thoughts: bool,
    /// Bytes of signature that stand for a token of hidden thoughts; 0 where these are not sent again.
    pub sealed: u64,
    /// Whether thoughts inside `<think>` are taken out of earlier answers.
    pub cuts_thoughts: bool,
}

const PLAIN: Frame = Frame {
    request: 3,
    system: 4,
    message: 4,
    call: 8,
    result: 4,
    tools: 90,
    forced: 0,
    tool: Style::JSON,
    none_hides: false,
    schema: None,
    thinking: 0,
    thoughts: true,
    sealed: 0,
    cuts_thoughts: false,
};

/// The template of a model at a provider; the provider may be unknown (`""`).
pub(super) fn frame(family: Family, provider: &str, model: &str) -> Frame {
    let is = |words: &[&str]| words.iter().any(|word| has(model, word));
    match family {
        Family::Gpt => gpt(is_o(model), provider, &is),
        // A system message of its own, then the Harmony format.
        Family::GptOss => Frame {
            request: 63,
            system: 8,
            call: 14,
            result: 8,
            tools: 36,
            tool: Style::TYPES,
            schema: Some((36, Style::COMPACT)),
            ..PLAIN
        },
        Family::Claude | Family::Claude5 => claude(family, &is),
        Family::Gemini => gemini(provider, &is),
        Family::Llama => llama(&is),
        Family::Qwen => qwen(&is),
        Family::Mistral => mistral(&is),
        Family::DeepSeek => Frame {
            request: 0,
            system: 0,
            call: 25,
            result: 8,
            tools: 212,
            none_hides: true,
            cuts_thoughts: true,
            ..PLAIN
        },
        Family::Grok => grok(provider, model, &is),
        // Amazon hosts them without.
        Family::Command if provider == "bedrock" => Frame { request: 0, message: 0, ..PLAIN },
        Family::Command => command(&is),
        Family::Glm if is(&["glm-5"]) => {
            Frame { request: 8, system: 2, call: 22, tools: 82, cuts_thoughts: true, ..PLAIN }
        }
        Family::Glm => Frame { request: 2, system: 1, message: 3, call: 22, cuts_thoughts: true, ..PLAIN },
        Family::Kimi => Frame { request: 5, system: 2, call: 20, result: 8, tools: 8, ..PLAIN },
        // Perplexity and Amazon count the words alone.
        Family::Other if is(&["sonar", "nova"]) => Frame { request: 0, system: 0, message: 0, ..PLAIN },
        Family::Other => Frame { request: 4, ..PLAIN },
    }
}

/// Who asks OpenAI's models through the Responses API; the first is for callers who do it themselves.
const RESPONSES: [&str; 6] =
    ["openai-responses", "openrouter", "vercel", "vercel_gateway", "chatgpt", "bedrock_mantle"];

/// OpenAI's: three tokens before the answer and four around each message, the older way; one fewer and the name of a
/// channel the newer. Functions are shown as types. (OpenAI's cookbook, and requests of 2024 to 2026.)
fn gpt(is_o: bool, provider: &str, is: &impl Fn(&[&str]) -> bool) -> Frame {
    let of = Frame {
        tools: 15,
        tool: Style::TYPES,
        forced: 5,
        call: 8,
        result: 6,
        schema: Some((34, Style::FIELDS)),
        ..PLAIN
    };
    match () {
        () if is_o => Frame { request: 2, ..of },
        () if !is(&["gpt-5", "gpt-6", "codex"]) => of,
        // Asked through the Responses API, as these gateways do.
        () if RESPONSES.contains(&provider) => Frame { request: 2, ..of },
        // Chat completions tell them where calls go, too.
        () => Frame { request: 2, tools: 90, schema: Some((26, Style::FIELDS)), ..of },
    }
}

/// Anthropic's: a prompt about tools, shorter when one must be called; its page lists it for each model up to 4.1.
fn claude(family: Family, is: &impl Fn(&[&str]) -> bool) -> Frame {
    let (tools, forced) = match () {
        () if family == Family::Claude5 => (400, 500),
        () if is(&["claude-3-opus", "claude-3.0-opus"]) => (530, 281),
        () if is(&["claude-3-sonnet"]) => (159, 235),
        () if is(&["claude-3-haiku", "3-5-haiku", "3.5-haiku"]) => (264, 340),
        () if is(&["claude-3", "3.5-sonnet", "3.7-sonnet"]) => (310, 285),
        () if is(&["4-5", "4.5", "4-6", "4.6"]) => (492, 600),
        () => (310, 285),
    };
    Frame {
        request: 4,
        system: 0,
        message: 3,
        call: 40,
        result: 18,
        tools,
        forced,
        schema: Some((125, Style::JSON)),
        thinking: 29,
        ..PLAIN
    }
}

/// Google's: hardly anything around words. Its own API shows tools as JSON since 2.5, Vertex and the older ones by
/// their words alone. Sealed thoughts come back as tokens while a turn goes on.
fn gemini(provider: &str, is: &impl Fn(&[&str]) -> bool) -> Frame {
    if is(&["gemma"]) {
        return Frame { request: 5, system: 2, tools: 0, tool: Style::HIDDEN, ..PLAIN };
    }
    let is_old = is(&["gemini-1", "gemini-2.0"]);
    let is_vertex = matches!(provider, "vertex" | "vercel" | "vercel_gateway");
    let of = Frame {
        request: u64::from(!is_old && !is_vertex),
        system: u64::from(!is_old && !is_vertex),
        message: 0,
        call: 3,
        result: 3,
        tools: 0,
        sealed: 6,
        ..PLAIN
    };
    match () {
        () if is_vertex && !is(&["gemini-2"]) => Frame { tools: 4, tool: Style::WORDS, sealed: 0, ..of },
        () if is_old || is_vertex => Frame { tools: 4, tool: Style::WORDS, sealed: 10, ..of },
        () if is(&["gemini-2"]) => Frame { tool: Style::SHORT, ..of },
        () => Frame { tools: 9, tool: Style::SHORT, ..of },
    }
}

/// Meta's: since 3.1 a system message with two dates.
fn llama(is: &impl Fn(&[&str]) -> bool) -> Frame {
    let of = Frame { system: 5, message: 5, call: 12, tools: 60, tool: Style::INDENTED, ..PLAIN };
    if is(&["llama3-", "llama-3-", "llama2", "llama-2", "llama3:"]) || !is(&["3.", "3-1", "3-2", "3-3", "4"]) {
        return Frame { request: 5, ..of };
    }
    Frame { request: 30, ..of }
}

/// Alibaba's: 2.5 says who it is, 3.5 shows tools in a longer way.
fn qwen(is: &impl Fn(&[&str]) -> bool) -> Frame {
    let of = Frame { request: 3, system: 5, message: 5, call: 16, result: 10, tools: 82, cuts_thoughts: true, ..PLAIN };
    match () {
        () if is(&["qwen2", "qwen-2", "qwq"]) => Frame { request: 25, ..of },
        () if is(&["coder"]) => Frame { tools: 214, ..of },
        () if is(&["qwen3.", "qwen3-5", "qwen3-6"]) => Frame { request: 6, tools: 163, tool: Style::INDENTED, ..of },
        () => of,
    }
}

/// Mistral's: since Small 4 and in Magistral the model's settings stand before the words.
fn mistral(is: &impl Fn(&[&str]) -> bool) -> Frame {
    let of = Frame { request: 3, system: 2, message: 2, call: 8, result: 4, tools: 4, none_hides: true, ..PLAIN };
    if is(&["mistral-small-latest", "mistral-small-26", "magistral"]) {
        return Frame { request: 13, tools: 6, ..of };
    }
    of
}

/// xAI's: a prompt of its own before everything, which other hosts of its models leave out; Grok 4 had a longer one.
fn grok(provider: &str, model: &str, is: &impl Fn(&[&str]) -> bool) -> Frame {
    let of = Frame { request: 190, tools: 82, schema: Some((36, Style::COMPACT)), thoughts: false, ..PLAIN };
    let name = model.rsplit('/').next().unwrap_or(model);
    match () {
        () if provider == "azure" => Frame { request: 0, message: 0, tools: 128, ..of },
        () if is(&["code"]) => Frame { request: 197, tools: 108, ..of },
        () if is(&["4.3", "4-3"]) => Frame { tools: 20, ..of },
        () if is(&["grok-3", "grok-2"]) => Frame { request: 3, tools: 202, ..of },
        () if name == "grok-4" || name.starts_with("grok-4-0") => Frame { request: 678, ..of },
        () => of,
    }
}

/// Cohere's: a preamble on safety and style that every model has, and another about tools.
fn command(is: &impl Fn(&[&str]) -> bool) -> Frame {
    let of = |request, tools| Frame { request, tools, call: 24, result: 20, ..PLAIN };
    match () {
        () if is(&["reasoning"]) => of(1380, 0),
        () if is(&["command-a-plus"]) => of(60, 115),
        () if is(&["command-a"]) => of(490, 915),
        () if is(&["r7b"]) => of(195, 1170),
        () if is(&["08-2024"]) => of(193, 615),
        () if is(&["command-r"]) => of(60, 750),
        () => of(58, 750),
    }
}
