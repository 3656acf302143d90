//! The operation that counts the tokens of a chat before it is sent. The request is the chat's.

use crate::answer::answer;

answer! {
    /// How many tokens a chat would take.
    pub struct TokenCount {
        /// Input tokens, tools and media included.
        pub input_tokens: u64,
        /// Of them: those that are in the vendor's prompt cache, where it says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub cached_tokens: Option<u64>,
    }
}
