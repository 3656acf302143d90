//! Families of models that cut texts into tokens alike.

/// A family of models, by their tokenizer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Family {
    /// OpenAI's.
    Gpt,
    /// OpenAI's open ones, whose template has a system message of its own.
    GptOss,
    /// Anthropic's.
    Claude,
    /// Google's, Gemma included.
    Gemini,
    /// Meta's.
    Llama,
    /// Mistral's.
    Mistral,
    /// Alibaba's.
    Qwen,
    /// DeepSeek's.
    DeepSeek,
    /// xAI's.
    Grok,
    /// Cohere's.
    Command,
    /// Any other.
    Other,
    /// Anthropic's since Opus 4.7, which cut the same text into more pieces.
    Claude5,
    /// Z.ai's.
    Glm,
    /// Moonshot's.
    Kimi,
}

/// Parts of names that tell a family, the more telling ones first: `deepseek-r1-distill-llama` is DeepSeek's by name,
/// Llama's by tokenizer.
const WORDS: &[(&str, Family)] = &[
    ("llama", Family::Llama),
    ("qwen", Family::Qwen),
    ("qwq", Family::Qwen),
    ("deepseek", Family::DeepSeek),
    ("claude", Family::Claude),
    ("gemini", Family::Gemini),
    ("gemma", Family::Gemini),
    ("stral", Family::Mistral),
    ("grok", Family::Grok),
    ("command", Family::Command),
    ("gpt-oss", Family::GptOss),
    ("gpt", Family::Gpt),
    ("embedding-3", Family::Gpt),
    ("codex", Family::Gpt),
    ("glm", Family::Glm),
    ("kimi", Family::Kimi),
    ("openai", Family::Gpt),
];

/// Anthropic's models with the newer tokenizer.
const CLAUDE_5: &[&str] = &["-5-5", "opus-5", "sonnet-5", "haiku-5", "opus-4-7", "opus-4.7", "opus-4-8", "opus-4.8"];

impl Family {
    /// All families.
    pub const ALL: [Self; 14] = [
        Self::Gpt,
        Self::GptOss,
        Self::Claude,
        Self::Gemini,
        Self::Llama,
        Self::Mistral,
        Self::Qwen,
        Self::DeepSeek,
        Self::Grok,
        Self::Command,
        Self::Other,
        Self::Claude5,
        Self::Glm,
        Self::Kimi,
    ];

    /// The family of a model, by its name.
    pub fn of(model: &str) -> Self {
        if let Some((_, family)) = WORDS.iter().find(|(word, _)| has(model, word)) {
            let is_newer = *family == Self::Claude && CLAUDE_5.iter().any(|word| has(model, word));
            return if is_newer { Self::Claude5 } else { *family };
        }
        if is_o(model) { Self::Gpt } else { Self::Other }
    }

    pub(super) const fn place(self) -> usize {
        self as usize
    }
}

/// Whether a name has a word in it, in any case.
pub(super) fn has(name: &str, word: &str) -> bool {
    name.as_bytes().windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}

/// OpenAI's o1, o3-mini, …
pub(super) fn is_o(model: &str) -> bool {
    let last = model.rsplit(['/', '.']).next().unwrap_or(model).as_bytes();
    last.first() == Some(&b'o') && last.get(1).is_some_and(u8::is_ascii_digit)
}
