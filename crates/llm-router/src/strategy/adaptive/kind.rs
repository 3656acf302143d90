//! Kinds of requests: what is learned of one is learned for all of its kind.

use std::sync::Arc;

use crate::classify::Complexity;
use crate::facts::Facts;

/// Longest task name in a kind: callers write them.
const MAX_TASK: usize = 48;

/// The kind of a request: its task, or how hard it is where it names none; streamed or whole; how long the prompt is.
pub(crate) fn kind(facts: &Facts) -> Arc<str> {
    let task = facts.task.as_deref().map(|task| {
        let end = (0..=MAX_TASK.min(task.len())).rev().find(|end| task.is_char_boundary(*end)).unwrap_or(0);
        &task[..end]
    });
    let class = task.unwrap_or(match facts.complexity {
        Some(Complexity::Simple) => "simple",
        Some(Complexity::Medium) => "medium",
        Some(Complexity::Complex) => "complex",
        _ => "any",
    });
    let form = match &*facts.operation {
        "chat_stream" => "stream",
        "chat" => "whole",
        other => other,
    };
    let size = match facts.input_tokens {
        0..1_000 => "short",
        1_000..8_000 => "medium",
        8_000..32_000 => "long",
        _ => "huge",
    };
    format!("{class}/{form}/{size}").into()
}
