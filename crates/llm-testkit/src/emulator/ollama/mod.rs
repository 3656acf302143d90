//! Ollama's own chat, embeddings and model list, by its API documentation as of November 2026.

mod check;
mod write;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Asked, Form};
use super::problem::{Class, Problem};
use super::protocol::{Call, Operation, Protocol, Texts, bearer, check_key, texts_of};
use super::reply::Reply;
use super::stamp::Stamp;

/// Ollama's protocol. A key is not asked for; a wrong one is refused, as by its cloud.
pub(crate) struct Ollama;

const JSON: &str = "application/json; charset=utf-8";

impl Protocol for Ollama {
    fn key(&self, call: &Call<'_>) -> Option<String> {
        bearer(call.headers)
    }

    fn admit(&self, call: &Call<'_>) -> Result<(), Problem> {
        match self.key(call) {
            None => Ok(()),
            key => check_key(key.as_deref()),
        }
    }

    fn fields(&self, operation: Operation) -> &'static [&'static str] {
        match operation {
            Operation::Embed => &["model", "input", "truncate", "dimensions", "options", "keep_alive"],
            _ => &[
                "model",
                "messages",
                "tools",
                "format",
                "options",
                "stream",
                "keep_alive",
                "think",
                "logprobs",
                "top_logprobs",
            ],
        }
    }

    fn read_chat(&self, _call: &Call<'_>, body: &Map<String, Value>) -> Result<Asked, Problem> {
        check::read(body)
    }

    fn chat(&self, asked: &Asked, answer: &Answer, stamp: Stamp) -> Reply {
        write::chat(asked, answer, stamp)
    }

    /// Ollama has no filter: the model is asked all the same.
    fn blocked(&self, _asked: &Asked, _stamp: Stamp) -> Option<Reply> {
        None
    }

    fn read_embed(&self, _call: &Call<'_>, body: &Map<String, Value>) -> Result<Texts, Problem> {
        let model = check::model(body)?;
        let texts = texts_of(body.get("input")).ok_or_else(|| Problem::invalid("input", "invalid input type"))?;
        let dimensions = body.get("dimensions").and_then(Value::as_u64);
        Ok(Texts { model, inputs: texts, dimensions, base64: false, single: false })
    }

    fn embed(&self, texts: &Texts, vectors: &[Vec<f32>], _stamp: Stamp) -> Reply {
        let tokens: u64 = texts.inputs.iter().map(|text| super::answer::tokens_of(text)).sum();
        let body = json!({
            "model": texts.model, "embeddings": vectors, "total_duration": 14_143_917, "load_duration": 1_019_500,
            "prompt_eval_count": tokens,
        });
        Reply::json(200, JSON, &body)
    }

    fn models(&self, _call: &Call<'_>, names: &[&str], _stamp: Stamp) -> Reply {
        let model = |name: &&str| {
            let details = json!({
                "parent_model": "", "format": "gguf", "family": "emulator", "families": ["emulator"],
                "parameter_size": "0B", "quantization_level": "F16",
            });
            json!({
                "name": format!("{name}:latest"), "model": format!("{name}:latest"), "size": 0,
                "modified_at": "2026-01-01T00:00:00Z", "digest": format!("{:064x}", name.len()), "details": details,
            })
        };
        Reply::json(200, JSON, &json!({"models": names.iter().map(model).collect::<Vec<_>>()}))
    }

    fn problem(&self, problem: &Problem, _stamp: Stamp) -> Reply {
        let (status, body) = error(problem);
        let reply = Reply::json(status, JSON, &body);
        let Some(wait) = problem.retry_after else { return reply };
        reply.with_header("retry-after", (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).to_string())
    }

    fn in_band(&self, problem: &Problem, _form: Form, _first: bool, _stamp: Stamp) -> Bytes {
        format!("{}\n", error(problem).1).into()
    }

    fn bad_chunk(&self, _form: Form) -> Bytes {
        Bytes::from_static(b"{\"model\":\"broken\",\"message\":{\"role\":\"assist\n")
    }

    fn ping(&self) -> Option<Bytes> {
        None
    }
}

/// Status and body of an error: a sentence, nothing more.
fn error(problem: &Problem) -> (u16, Value) {
    let (status, usual) = match problem.class {
        Class::Auth => (401, "unauthorized"),
        Class::Permission => (403, "this key may not use this model"),
        Class::NotFound => (404, "the model was not found, try pulling it first"),
        Class::Invalid => (400, "the request is not valid"),
        Class::TooLarge => (413, "the request has too many bytes"),
        // Ollama has no codes: its clients know these words.
        Class::ContextLength => (400, "prompt too long; exceeded max context length by 1 tokens"),
        Class::ContentFilter => (400, "the filter refuses this prompt"),
        Class::RateLimited => (429, "too many requests for now"),
        Class::Quota => (402, "the plan's credit is used up"),
        Class::Overloaded => (503, "server busy, too many pending requests"),
        Class::Server => (500, "the emulated server failed"),
    };
    (problem.status.unwrap_or(status), json!({"error": problem.message_or(usual)}))
}
