//! What an error's message repeats of a request decides nothing: the words of every other class, in quotes and in the
//! middle of the message of an invalid request, leave its class as it is.

use serde_json::Value;

use super::fixtures::Fixtures;
use super::report::{Failure, Report};
use super::subject::Subject;

/// Words that stand in vendors' messages of other classes (public reports and recorded traffic, 2026).
pub(super) const PHRASES: [&str; 40] = [
    // Rates and quotas: OpenAI, Google, Anthropic, Mistral, Groq, Bedrock, Cohere, DeepSeek, xAI, Moonshot.
    "rate limit",
    "Rate limit reached for requests",
    "rate_limit_exceeded",
    "Too many requests",
    "too many tokens, please wait before trying again",
    "tokens per minute",
    "429 RESOURCE_EXHAUSTED",
    "quota exceeded",
    "insufficient_quota",
    "You exceeded your current quota, please check your plan and billing details",
    "Your credit balance is too low",
    "insufficient balance",
    "monthly spending limit",
    "billing hard limit has been reached",
    "limited to 1000 API calls / month",
    // Length: OpenAI, Anthropic, llama.cpp, Google, Bedrock, Cohere.
    "context length",
    "maximum context length is 8192 tokens",
    "context_length_exceeded",
    "prompt is too long",
    "input is too long for requested model",
    "exceeds the available context size",
    "exceeds the maximum number of tokens allowed",
    "request too large",
    // Capacity and failures: Anthropic, Google, Ollama, Cloudflare, Fireworks.
    "overloaded",
    "The model is overloaded. Please try again later",
    "server busy, please try again",
    "service unavailable",
    "internal server error",
    "upstream connect error",
    "timeout",
    "deadline exceeded",
    // Keys and permissions: OpenAI, Google, AWS, Anthropic.
    "invalid api key",
    "Incorrect API key provided",
    "API key not valid. Please pass a valid API key",
    "The security token included in the request is invalid",
    "permission denied",
    // Models and filters: OpenAI, Azure, Anthropic.
    "model not found",
    "does not exist or you do not have access to it",
    "content policy",
    "Output blocked by content filtering policy",
];

/// `errors/*.json` of the class `invalid_request`, with each phrase in the message.
pub(super) async fn changes_nothing(subject: &Subject, fixtures: &Fixtures) -> Result<(), Failure> {
    let mut report = Report::default();
    let mut tried = false;
    for fixture in fixtures.errors()?.iter().filter(|fixture| fixture.kind == "invalid_request") {
        let Some(said) = fixture.message.as_deref() else { continue };
        for phrase in PHRASES {
            for message in [
                format!("a field is wrong: \"{phrase}\""),
                format!("a field with {phrase} in it is wrong"),
                format!("{said} ({phrase})"),
            ] {
                let Some(body) = with_message(&fixture.body, said, &message) else { break };
                tried = true;
                let got = subject.ask(fixture.exchange_of(&body)).await?.err().map(|error| error.kind().as_str());
                report.hold(got == Some(&*fixture.kind), || {
                    let name = &fixture.name;
                    format!("errors/{name}.json with the message {message:?} is {got:?}, expected {}", fixture.kind)
                });
            }
        }
    }
    report.hold(tried, || {
        "no errors/*.json is an invalid request with a message: write one, its message stands in the body".to_owned()
    });
    report.into_result()
}

/// The body with other words where the message stands; `None` when it stands nowhere.
fn with_message(body: &Value, said: &str, message: &str) -> Option<Value> {
    let mut changed = body.clone();
    replace(&mut changed, said, message).then_some(changed)
}

fn replace(value: &mut Value, said: &str, message: &str) -> bool {
    match value {
        Value::String(text) if text.contains(said) => {
            message.clone_into(text);
            true
        }
        // Every one of them, not the first that has it.
        Value::Array(items) => {
            items.iter_mut().filter_map(|value| replace(value, said, message).then_some(())).count() > 0
        }
        Value::Object(fields) => {
            fields.values_mut().filter_map(|value| replace(value, said, message).then_some(())).count() > 0
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_message_is_replaced_wherever_it_stands() {
        let body = json!({"error": {"message": "no such field: a", "code": 400}, "detail": [{"msg": "no such field"}]});
        let changed = with_message(&body, "no such field", "x");
        assert_eq!(changed, Some(json!({"error": {"message": "x", "code": 400}, "detail": [{"msg": "x"}]})));
        assert_eq!(with_message(&body, "other", "x"), None);
    }

    #[test]
    fn no_phrase_stands_there_twice() {
        let mut phrases = PHRASES.to_vec();
        phrases.sort_unstable();
        phrases.dedup();
        assert_eq!(phrases.len(), PHRASES.len());
    }
}
