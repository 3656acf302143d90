//! The upstream's fixed answers in OpenAI's chat protocol, and the requests that ask for them.

use bytes::Bytes;

/// Content chunks of a streamed answer.
pub const CHUNKS: usize = 200;

const WORDS: [&str; 8] =
    [" orchard", " loquats", " ripened", " quietly", " between", " terrace", " gardens", " outside"];

/// A whole answer of some 500 characters.
pub fn unary() -> Bytes {
    let text = WORDS.concat().repeat(8);
    Bytes::from(format!(
        r#"{{"id":"chatcmpl-0123456789","object":"chat.completion","created":1770000000,"model":"bench-model-1","choices":[{{"index":0,"message":{{"role":"assistant","content":"{text}","refusal":null,"annotations":[]}},"logprobs":null,"finish_reason":"stop"}}],"usage":{{"prompt_tokens":190,"completion_tokens":110,"total_tokens":300,"prompt_tokens_details":{{"cached_tokens":0,"audio_tokens":0}},"completion_tokens_details":{{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}}},"service_tier":"default","system_fingerprint":"fp_0123456789"}}"#
    ))
}

/// The frames of a streamed answer: the role, [`CHUNKS`] words, the finish, the usage, the end marker.
pub fn stream() -> Vec<Bytes> {
    let frame = |choices: &str, usage: &str| {
        Bytes::from(format!(
            "data: {{\"id\":\"chatcmpl-0123456789\",\"object\":\"chat.completion.chunk\",\"created\":1770000000,\"model\":\"bench-model-1\",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_0123456789\",\"choices\":[{choices}],\"usage\":{usage}}}\n\n"
        ))
    };
    let choice = |delta: &str, finish: &str| {
        format!(r#"{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":{finish}}}"#)
    };
    let mut frames = vec![frame(&choice(r#"{"role":"assistant","content":"","refusal":null}"#, "null"), "null")];
    frames.extend(
        WORDS
            .iter()
            .cycle()
            .take(CHUNKS)
            .map(|word| frame(&choice(&format!(r#"{{"content":"{word}"}}"#), "null"), "null")),
    );
    frames.push(frame(&choice("{}", r#""stop""#), "null"));
    frames.push(frame("", r#"{"prompt_tokens":190,"completion_tokens":200,"total_tokens":390}"#));
    frames.push(Bytes::from_static(b"data: [DONE]\n\n"));
    frames
}

/// A user's words of about 700 bytes.
pub fn prompt() -> String {
    "an answer travels through many layers before it reaches the reader ".repeat(11)
}

/// A request for either answer.
pub fn request(model: &str, stream: bool) -> Bytes {
    let mut body = serde_json::json!({
        "model": model,
        "messages": [{"role": "system", "content": "You are a careful assistant."}, {"role": "user", "content": prompt()}],
        "temperature": 0.7,
        "max_tokens": 256,
    });
    if stream {
        body["stream"] = true.into();
        body["stream_options"] = serde_json::json!({"include_usage": true});
    }
    Bytes::from(body.to_string())
}
