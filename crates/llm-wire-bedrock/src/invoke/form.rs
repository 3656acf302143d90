//! Which body a model takes. AWS documents bodies by publisher ("Inference request parameters and response fields for
//! foundation models", read 2026-11), and the publisher is the first part of a model's id.

/// The form of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// Anthropic's messages, with `anthropic_version` in the body.
    Messages,
    /// OpenAI's chat completions.
    Chat,
    /// Converse's own (Nova).
    Converse,
    /// One prompt.
    Prompt(PromptForm),
}

/// The names of the fields of a body with one prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PromptForm {
    /// Amazon Titan.
    Titan,
    /// Meta Llama.
    Llama,
    /// Mistral's instruct models.
    Mistral,
    /// Cohere Command and Command Light.
    Command,
    /// Cohere Command R, which takes earlier turns apart.
    CommandR,
    /// AI21 Jurassic.
    Jurassic,
    /// DeepSeek R1.
    DeepSeek,
}

/// How ids begin behind their region, longer beginnings first.
const PUBLISHERS: &[(&str, Form)] = &[
    ("anthropic.", Form::Messages),
    ("amazon.titan", Form::Prompt(PromptForm::Titan)),
    ("amazon.", Form::Converse),
    ("meta.", Form::Prompt(PromptForm::Llama)),
    ("mistral.mistral-7b", Form::Prompt(PromptForm::Mistral)),
    ("mistral.mixtral-8x7b", Form::Prompt(PromptForm::Mistral)),
    ("mistral.mistral-small-2402", Form::Prompt(PromptForm::Mistral)),
    ("cohere.command-r", Form::Prompt(PromptForm::CommandR)),
    ("cohere.command", Form::Prompt(PromptForm::Command)),
    ("ai21.j2", Form::Prompt(PromptForm::Jurassic)),
    ("deepseek.r1", Form::Prompt(PromptForm::DeepSeek)),
];

impl Form {
    /// The form that a model takes: what stands in the table, else OpenAI's chat, which newer publishers take.
    pub fn of(model: &str) -> Self {
        // `us.anthropic.claude-…` is reached across regions; an ARN ends in the id.
        let id = model.rsplit('/').next().unwrap_or(model);
        let bare = id.split_once('.').map_or(id, |(_, rest)| rest);
        let find = |id: &str| PUBLISHERS.iter().find(|(start, _)| id.starts_with(start)).map(|(_, form)| *form);
        find(id).or_else(|| find(bare)).unwrap_or(Self::Chat)
    }

    /// The form by its name in a configuration: `messages`, `chat`, `converse`, `titan`, `llama`, …
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "messages" => Self::Messages,
            "chat" => Self::Chat,
            "converse" => Self::Converse,
            "titan" => Self::Prompt(PromptForm::Titan),
            "llama" => Self::Prompt(PromptForm::Llama),
            "mistral" => Self::Prompt(PromptForm::Mistral),
            "command" => Self::Prompt(PromptForm::Command),
            "command-r" => Self::Prompt(PromptForm::CommandR),
            "jurassic" => Self::Prompt(PromptForm::Jurassic),
            "deepseek" => Self::Prompt(PromptForm::DeepSeek),
            _ => return None,
        })
    }
}

/// The names of a form's fields; settings of Titan stand in an object of their own.
pub(super) struct Names {
    pub(super) prompt: &'static str,
    pub(super) config: Option<&'static str>,
    pub(super) max_tokens: &'static str,
    pub(super) top_p: &'static str,
    pub(super) top_k: Option<&'static str>,
    pub(super) stop: Option<&'static str>,
}

impl PromptForm {
    pub(super) fn names(self) -> Names {
        let plain = Names {
            prompt: "prompt",
            config: None,
            max_tokens: "max_tokens",
            top_p: "top_p",
            top_k: None,
            stop: Some("stop"),
        };
        match self {
            Self::Titan => Names {
                prompt: "inputText",
                config: Some("textGenerationConfig"),
                max_tokens: "maxTokenCount",
                top_p: "topP",
                stop: Some("stopSequences"),
                ..plain
            },
            Self::Llama => Names { max_tokens: "max_gen_len", stop: None, ..plain },
            Self::Mistral => Names { top_k: Some("top_k"), ..plain },
            Self::Command => Names { top_p: "p", top_k: Some("k"), stop: Some("stop_sequences"), ..plain },
            Self::CommandR => {
                Names { prompt: "message", top_p: "p", top_k: Some("k"), stop: Some("stop_sequences"), ..plain }
            }
            Self::Jurassic => Names { max_tokens: "maxTokens", top_p: "topP", stop: Some("stopSequences"), ..plain },
            Self::DeepSeek => plain,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_publisher_says_what_a_model_takes() {
        let check = |model, form| assert_eq!(Form::of(model), form, "{model}");
        check("us.anthropic.claude-haiku-4-5-20251001-v1:0", Form::Messages);
        check("anthropic.claude-v2:1", Form::Messages);
        check("global.amazon.nova-2-lite-v1:0", Form::Converse);
        check("amazon.titan-text-lite-v1", Form::Prompt(PromptForm::Titan));
        check(
            "arn:aws:bedrock:us-east-1::foundation-model/meta.llama3-8b-instruct-v1:0",
            Form::Prompt(PromptForm::Llama),
        );
        check("cohere.command-r-v1:0", Form::Prompt(PromptForm::CommandR));
        check("cohere.command-light-text-v14", Form::Prompt(PromptForm::Command));
        check("us.deepseek.r1-v1:0", Form::Prompt(PromptForm::DeepSeek));
        check("deepseek.v3-v1:0", Form::Chat);
        check("ai21.jamba-1-5-mini-v1:0", Form::Chat);
        check("openai.gpt-oss-120b-1:0", Form::Chat);
        check("mistral.devstral-2-123b", Form::Chat);
        check("", Form::Chat);
    }
}
