//! Which of OpenAI's two chat protocols a vendor speaks.

/// The two are chat completions and the Responses API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChatApi {
    /// Chat completions.
    #[default]
    Completions,
    /// The Responses API.
    Responses,
    /// Both: chat completions, but the Responses API for models that have only that one and for requests that hold what
    /// only it can say (tools that the vendor runs, encrypted reasoning to send back, `previous_response_id`).
    Both,
}

impl ChatApi {
    /// By its word in a configuration: `auto`, `chat` or `responses`.
    pub fn of_word(word: &str) -> Option<Self> {
        match word {
            "auto" => Some(Self::Both),
            "chat" => Some(Self::Completions),
            "responses" => Some(Self::Responses),
            _ => None,
        }
    }
}
