//! Which body a model takes. AWS documents bodies by publisher ("Inference request parameters and response fields for
//! foundation models", read 2026-11), and a few by model. Whose a model is, and which are the few, a catalogue knows.

use llm_core::Capabilities;

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

impl Form {
    /// The form that a model takes, by what is known of it: the form itself, else its publisher's usual one. `None` where
    /// neither is known.
    pub fn of(known: &Capabilities) -> Option<Self> {
        match &known.form {
            Some(form) => Self::named(form),
            None => known.publisher.as_deref().map(Self::of_publisher),
        }
    }

    /// The form of a publisher's models. What is no exception takes OpenAI's chat, as newer publishers do.
    fn of_publisher(publisher: &str) -> Self {
        match publisher {
            "anthropic" => Self::Messages,
            "amazon" => Self::Converse,
            "meta" => Self::Prompt(PromptForm::Llama),
            _ => Self::Chat,
        }
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
    fn what_is_known_of_a_model_says_what_it_takes() {
        let check = |publisher: Option<&'static str>, form: Option<&'static str>, expected| {
            let mut known = Capabilities::default();
            (known.publisher, known.form) = (publisher.map(Into::into), form.map(Into::into));
            assert_eq!(Form::of(&known), expected, "{publisher:?} {form:?}");
        };
        check(Some("anthropic"), None, Some(Form::Messages));
        check(Some("amazon"), None, Some(Form::Converse));
        check(Some("amazon"), Some("titan"), Some(Form::Prompt(PromptForm::Titan)));
        check(Some("meta"), None, Some(Form::Prompt(PromptForm::Llama)));
        check(Some("of-tomorrow"), None, Some(Form::Chat));
        check(None, Some("command-r"), Some(Form::Prompt(PromptForm::CommandR)));
        check(Some("meta"), Some("no form"), None);
        check(None, None, None);
    }
}
