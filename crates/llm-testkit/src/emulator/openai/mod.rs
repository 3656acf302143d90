//! OpenAI's chat completions, embeddings and model list, by its API reference as of November 2026.

mod check;
mod write;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Asked, Form};
use super::problem::{Class, Problem};
use super::protocol::{Call, Operation, Protocol, Texts, bearer, check_key, texts_of};
use super::reply::Reply;
use super::stamp::Stamp;

/// OpenAI's protocol. Reasoning is shown as `reasoning_content`, the field of the vendors that follow OpenAI's form;
/// OpenAI itself only counts it.
pub(crate) struct OpenAi;

impl Protocol for OpenAi {
    fn key(&self, call: &Call<'_>) -> Option<String> {
        bearer(call.headers)
    }

    fn admit(&self, call: &Call<'_>) -> Result<(), Problem> {
        check_key(self.key(call).as_deref())
    }

    fn fields(&self, operation: Operation) -> &'static [&'static str] {
        match operation {
            Operation::Embed => &["model", "input", "dimensions", "encoding_format", "user"],
            _ => check::FIELDS,
        }
    }

    fn read_chat(&self, _call: &Call<'_>, body: &Map<String, Value>) -> Result<Asked, Problem> {
        check::read(body)
    }

    fn chat(&self, asked: &Asked, answer: &Answer, stamp: Stamp) -> Reply {
        with_headers(write::chat(asked, answer, stamp), stamp, Some(answer.tokens.input + answer.tokens.output))
    }

    fn blocked(&self, _asked: &Asked, _stamp: Stamp) -> Option<Reply> {
        None
    }

    fn read_embed(&self, _call: &Call<'_>, body: &Map<String, Value>) -> Result<Texts, Problem> {
        let model = check::model(body)?;
        let texts =
            texts_of(body.get("input")).filter(|texts| !texts.is_empty() && texts.iter().all(|text| !text.is_empty()));
        let texts = texts.ok_or_else(|| {
            Problem::invalid("input", "'input' must be a text or a list of texts, none of them empty")
                .with_code("invalid_value")
        })?;
        let dimensions = body.get("dimensions").map(|dimensions| {
            let dimensions = dimensions.as_u64().filter(|dimensions| (1..=4096).contains(dimensions));
            dimensions.ok_or_else(|| Problem::invalid("dimensions", "'dimensions' must be between 1 and 4096"))
        });
        let base64 = match body.get("encoding_format").and_then(Value::as_str) {
            Some("base64") => true,
            None | Some("float") => false,
            Some(_) => return Err(Problem::invalid("encoding_format", "'encoding_format' is 'float' or 'base64'")),
        };
        Ok(Texts { model, inputs: texts, dimensions: dimensions.transpose()?, base64, single: false })
    }

    fn embed(&self, texts: &Texts, vectors: &[Vec<f32>], stamp: Stamp) -> Reply {
        let reply = write::embed(texts, vectors);
        with_headers(reply, stamp, Some(0))
    }

    fn models(&self, _call: &Call<'_>, names: &[&str], stamp: Stamp) -> Reply {
        let model = |id: &&str| json!({"id": id, "object": "model", "created": 1_700_000_000, "owned_by": "emulator"});
        let body = json!({"object": "list", "data": names.iter().map(model).collect::<Vec<_>>()});
        with_headers(Reply::json(200, "application/json", &body), stamp, None)
    }

    fn problem(&self, problem: &Problem, stamp: Stamp) -> Reply {
        let (status, body) = error(problem);
        let reply = Reply::json(status, "application/json", &body).with_header("x-request-id", request_id(stamp));
        let Some(wait) = problem.retry_after else { return reply };
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        reply
            .with_header("retry-after", seconds.to_string())
            .with_header("retry-after-ms", wait.as_millis().to_string())
            .with_header("x-ratelimit-remaining-requests", "0")
            .with_header("x-ratelimit-reset-requests", format!("{seconds}s"))
    }

    fn in_band(&self, problem: &Problem, _form: Form, _first: bool, _stamp: Stamp) -> Bytes {
        format!("data: {}\n\n", error(problem).1).into()
    }

    fn bad_chunk(&self, _form: Form) -> Bytes {
        Bytes::from_static(b"data: {\"id\":\"chatcmpl-broken\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"del\n\n")
    }

    fn ping(&self) -> Option<Bytes> {
        Some(Bytes::from_static(b": keep-alive\n\n"))
    }
}

fn request_id(stamp: Stamp) -> String {
    stamp.id("req_", 32, 0).to_lowercase()
}

/// With the headers of every good answer; `tokens` where the answer costs some.
fn with_headers(reply: Reply, stamp: Stamp, tokens: Option<u64>) -> Reply {
    let reply = reply
        .with_header("x-request-id", request_id(stamp))
        .with_header("openai-processing-ms", "12")
        .with_header("openai-version", "2020-10-01");
    let Some(tokens) = tokens else { return reply };
    reply
        .with_header("x-ratelimit-limit-requests", "10000")
        .with_header("x-ratelimit-remaining-requests", 9_999_u64.saturating_sub(stamp.nth).to_string())
        .with_header("x-ratelimit-reset-requests", "6ms")
        .with_header("x-ratelimit-limit-tokens", "2000000")
        .with_header("x-ratelimit-remaining-tokens", 2_000_000_u64.saturating_sub(tokens).to_string())
        .with_header("x-ratelimit-reset-tokens", "1m2.5s")
}

/// Status and body of an error.
fn error(problem: &Problem) -> (u16, Value) {
    const INVALID: &str = "invalid_request_error";
    let (status, kind, code, usual) = match problem.class {
        Class::Auth => (401, INVALID, Some("invalid_api_key"), "the api key is not known here"),
        Class::Permission => (403, INVALID, None, "this key may not use this model"),
        Class::NotFound => (404, INVALID, Some("model_not_found"), "there is no such model"),
        Class::Invalid => (400, INVALID, None, "the request is not valid"),
        Class::TooLarge => (413, INVALID, None, "the request has too many bytes"),
        Class::ContextLength => {
            (400, INVALID, Some("context_length_exceeded"), "the messages are longer than this model's context window")
        }
        Class::ContentFilter => (400, INVALID, Some("content_policy_violation"), "the filter refuses this prompt"),
        Class::RateLimited => (429, "requests", Some("rate_limit_exceeded"), "too many requests for now"),
        Class::Quota => (429, "insufficient_quota", Some("insufficient_quota"), "the plan's credit is used up"),
        Class::Overloaded => (503, "server_error", None, "no capacity is left for now"),
        Class::Server => (500, "server_error", None, "the emulated server failed"),
    };
    let param = match problem.class {
        Class::ContextLength => Some("messages"),
        _ => problem.param.as_deref(),
    };
    let message = problem.message_or(usual);
    let code = problem.code.or(code);
    let body = json!({"error": {"message": message, "type": kind, "param": param, "code": code}});
    (problem.status.unwrap_or(status), body)
}
