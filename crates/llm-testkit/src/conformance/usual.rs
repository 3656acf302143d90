//! How an operation is answered in OpenAI's form, which most vendors have: what counts for a plugin without a fixture of
//! its own.

use serde_json::{Value, json};

/// The usual answer to the smallest request of an operation.
pub(super) fn answer(operation: &str) -> Value {
    let usage = json!({"prompt_tokens": 3, "total_tokens": 3});
    match operation {
        "embed" => json!({
            "object": "list", "model": "m", "usage": usage,
            "data": [{"object": "embedding", "index": 0, "embedding": [0.5, -0.5]}],
        }),
        "rerank" => json!({
            "id": "r", "model": "m", "usage": usage,
            "results": [{"index": 1, "relevance_score": 0.75}, {"index": 0, "relevance_score": 0.25}],
        }),
        "image" => json!({"created": 1, "data": [{"b64_json": "aW1hZ2U="}]}),
        "transcribe" => json!({"text": "hello"}),
        "moderate" => json!({
            "id": "m", "model": "m",
            "results": [{"flagged": false, "categories": {"hate": false}, "category_scores": {"hate": 0.01}}],
        }),
        "count_tokens" => json!({"object": "response.input_tokens", "input_tokens": 3}),
        _ => json!({}),
    }
}
