//! Why an answer ended: what all vendors' words have in common.

use llm_core::{Finish, FinishReason};

/// The reason of an answer that names none.
const UNKNOWN: &str = "unknown";

/// The meaning of a vendor's word, by what `means` says of it; a word that it does not know is kept. A stop, or no word
/// at all, together with calls for the client is `ToolCalls`.
pub fn finish(word: Option<&str>, has_calls: bool, means: impl FnOnce(&str) -> Option<FinishReason>) -> Finish {
    let reason = match word {
        None if has_calls => FinishReason::ToolCalls,
        None => FinishReason::Other(UNKNOWN.to_owned()),
        Some(word) => match means(word) {
            Some(FinishReason::Stop) if has_calls => FinishReason::ToolCalls,
            Some(reason) => reason,
            None => FinishReason::Other(word.to_owned()),
        },
    };
    Finish { reason, raw: word.map(str::to_owned) }
}

/// The word that an answer came with, to be repeated to a client of the same protocol: `Some(None)` where the vendor
/// named none. `None` when the reason is not the vendor's own.
pub fn repeated<'a>(finish: &'a Finish, answered: &str, spoken: &str) -> Option<Option<&'a str>> {
    let named_none = matches!(&finish.reason, FinishReason::Other(word) if word == UNKNOWN);
    (answered == spoken && (finish.raw.is_some() || named_none)).then_some(finish.raw.as_deref())
}
