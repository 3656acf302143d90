//! Requests that end with the beginning of the answer, for the model to go on with it. Pure.

use serde_json::Value;

use super::answer::pieces;
use super::problem::Problem;
use super::protocol::text_of;

/// The beginning of the answer, where the last message is one of the assistant's that calls no tool.
pub(crate) fn begun(messages: &[Value]) -> Option<String> {
    let last = messages.last()?;
    let calls = last.get("tool_calls").is_some_and(|calls| !calls.is_null());
    let text = last.get("content").map(text_of).filter(|text| !text.is_empty());
    if calls || last.get("role").and_then(Value::as_str) != Some("assistant") { None } else { text }
}

/// What is left of an answer of which `begun` is there already; all of it where it begins otherwise.
pub(crate) fn rest(words: Vec<String>, begun: &str) -> Vec<String> {
    match words.concat().strip_prefix(begun) {
        Some(rest) => pieces(rest),
        None => words,
    }
}

/// What a model says that wants the last word to be the user's.
pub(crate) fn refused() -> Problem {
    let words = "this model does not take the beginning of its answer: the last message must be one of the user";
    Problem::invalid("messages", words).with_code("invalid_prefill")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_answer_goes_on_where_it_was_begun() {
        let words = || pieces("one two three");
        assert_eq!(rest(words(), "one tw"), ["o", " three"]);
        assert_eq!(rest(words(), "one two three"), [""; 0]);
        assert_eq!(rest(words(), "two"), words());
    }

    #[test]
    fn only_words_of_the_assistant_begin_an_answer() {
        let said = |role: &str, content: Value| json!({"role": role, "content": content});
        assert_eq!(begun(&[said("user", json!("x")), said("assistant", json!("ab"))]).as_deref(), Some("ab"));
        let parts = json!([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]);
        assert_eq!(begun(&[said("assistant", parts)]).as_deref(), Some("ab"));
        assert_eq!(begun(&[said("assistant", json!("x")), said("user", json!("y"))]), None);
        assert_eq!(begun(&[json!({"role": "assistant", "content": "x", "tool_calls": [{}]})]), None);
        assert_eq!(begun(&[said("assistant", json!(""))]), None);
    }
}
