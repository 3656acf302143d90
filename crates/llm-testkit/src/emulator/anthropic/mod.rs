//! Anthropic's messages and model list, by its API reference as of November 2026.

mod check;
mod write;

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Asked, Body, End, Form, Tokens};
use super::problem::{Class, Problem};
use super::protocol::{Call, Operation, Protocol, Texts, bearer, check_key, header};
use super::reply::Reply;
use super::stamp::Stamp;

/// Anthropic's protocol.
pub(crate) struct Anthropic;

impl Protocol for Anthropic {
    fn key(&self, call: &Call<'_>) -> Option<String> {
        header(call.headers, "x-api-key").or_else(|| bearer(call.headers))
    }

    fn admit(&self, call: &Call<'_>) -> Result<(), Problem> {
        check_key(self.key(call).as_deref())?;
        match header(call.headers, "anthropic-version").as_deref() {
            Some("2023-01-01" | "2023-06-01" | check::NEWEST) => Ok(()),
            Some(_) => Err(Problem::invalid("anthropic-version", "anthropic-version: there is no such version")),
            None => Err(Problem::invalid("anthropic-version", "anthropic-version: header is required")),
        }
    }

    fn fields(&self, _operation: Operation) -> &'static [&'static str] {
        check::FIELDS
    }

    fn read_chat(&self, call: &Call<'_>, body: &Map<String, Value>) -> Result<Asked, Problem> {
        if header(call.headers, "anthropic-version").as_deref() == Some(check::NEWEST) {
            check::newest(body)?;
        }
        check::read(body)
    }

    fn chat(&self, asked: &Asked, answer: &Answer, stamp: Stamp) -> Reply {
        with_headers(write::message(asked, answer, stamp), stamp)
    }

    fn blocked(&self, asked: &Asked, stamp: Stamp) -> Option<Reply> {
        let tokens = Tokens { input: asked.input_tokens, ..Tokens::default() };
        let answer = Answer { reasoning: Vec::new(), body: Body::Text(Vec::new()), end: End::Filtered, tokens };
        Some(self.chat(asked, &answer, stamp))
    }

    fn read_embed(&self, _call: &Call<'_>, _body: &Map<String, Value>) -> Result<Texts, Problem> {
        Err(Problem::new(Class::NotFound))
    }

    fn embed(&self, _texts: &Texts, _vectors: &[Vec<f32>], stamp: Stamp) -> Reply {
        self.problem(&Problem::new(Class::NotFound), stamp)
    }

    fn models(&self, call: &Call<'_>, names: &[&str], stamp: Stamp) -> Reply {
        let parameter = |name: &str| call.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let limit = parameter("limit").and_then(|limit| limit.parse().ok()).unwrap_or(20);
        let from =
            parameter("after_id").and_then(|last| names.iter().position(|name| *name == last)).map_or(0, |at| at + 1);
        let rest = names.get(from..).unwrap_or_default();
        let page = rest.get(..limit).unwrap_or(rest);
        let model =
            |id: &&str| json!({"type": "model", "id": id, "display_name": id, "created_at": "2026-01-01T00:00:00Z"});
        let body = json!({
            "data": page.iter().map(model).collect::<Vec<_>>(),
            "has_more": page.len() < rest.len(),
            "first_id": page.first(),
            "last_id": page.last(),
        });
        with_headers(Reply::json(200, "application/json", &body), stamp)
    }

    fn problem(&self, problem: &Problem, stamp: Stamp) -> Reply {
        let (status, mut body) = error(problem);
        let request_id = request_id(stamp);
        body["request_id"] = request_id.clone().into();
        let again = matches!(status, 408 | 409 | 429 | 500..);
        let reply = Reply::json(status, "application/json", &body)
            .with_header("request-id", request_id)
            .with_header("x-should-retry", if again { "true" } else { "false" });
        let Some(wait) = problem.retry_after else { return reply };
        reply.with_header("retry-after", (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).to_string())
    }

    fn in_band(&self, problem: &Problem, _form: Form, _first: bool, _stamp: Stamp) -> Bytes {
        format!("event: error\ndata: {}\n\n", error(problem).1).into()
    }

    fn bad_chunk(&self, _form: Form) -> Bytes {
        Bytes::from_static(
            b"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"ty\n\n",
        )
    }

    fn ping(&self) -> Option<Bytes> {
        Some(Bytes::from_static(write::PING))
    }
}

fn request_id(stamp: Stamp) -> String {
    stamp.id("req_01", 22, 0)
}

fn with_headers(mut reply: Reply, stamp: Stamp) -> Reply {
    reply = reply.with_header("request-id", request_id(stamp)).with_header("anthropic-organization-id", "emulator");
    let reset = stamp.rfc3339(Duration::from_secs(1));
    let whole_second = format!("{}Z", reset.split(['.', 'Z']).next().unwrap_or_default());
    for (limit, remaining, resets, most, left) in [
        (
            "anthropic-ratelimit-requests-limit",
            "anthropic-ratelimit-requests-remaining",
            "anthropic-ratelimit-requests-reset",
            4000,
            3999_u64.saturating_sub(stamp.nth),
        ),
        (
            "anthropic-ratelimit-tokens-limit",
            "anthropic-ratelimit-tokens-remaining",
            "anthropic-ratelimit-tokens-reset",
            2_400_000,
            2_399_000,
        ),
        (
            "anthropic-ratelimit-input-tokens-limit",
            "anthropic-ratelimit-input-tokens-remaining",
            "anthropic-ratelimit-input-tokens-reset",
            2_000_000,
            1_999_000,
        ),
        (
            "anthropic-ratelimit-output-tokens-limit",
            "anthropic-ratelimit-output-tokens-remaining",
            "anthropic-ratelimit-output-tokens-reset",
            400_000,
            400_000,
        ),
    ] {
        reply = reply
            .with_header(limit, most.to_string())
            .with_header(remaining, left.to_string())
            .with_header(resets, whole_second.clone());
    }
    reply
}

/// Status and body of an error, without the request's id.
fn error(problem: &Problem) -> (u16, Value) {
    let (status, kind, usual) = match problem.class {
        Class::Auth => (401, "authentication_error", "the api key is not known here"),
        Class::Permission => (403, "permission_error", "this key may not use this model"),
        Class::NotFound => (404, "not_found_error", "there is no such model"),
        Class::Invalid => (400, "invalid_request_error", "the request is not valid"),
        Class::TooLarge => (413, "request_too_large", "the request has too many bytes"),
        // Anthropic has no code for it: its clients know these words.
        Class::ContextLength => (400, "invalid_request_error", "prompt is too long: 200001 tokens > 200000 maximum"),
        Class::ContentFilter => (400, "invalid_request_error", "the filter refuses this prompt"),
        Class::RateLimited => (429, "rate_limit_error", "too many requests for now"),
        Class::Quota => (402, "billing_error", "the plan's credit is used up"),
        Class::Overloaded => (529, "overloaded_error", "no capacity is left for now"),
        Class::Server if problem.status == Some(504) => (504, "timeout_error", "the emulated server took too long"),
        Class::Server => (500, "api_error", "the emulated server failed"),
    };
    let body = json!({"type": "error", "error": {"type": kind, "message": problem.message_or(usual)}});
    (problem.status.unwrap_or(status), body)
}
