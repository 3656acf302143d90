//! Gemini's generateContent, embeddings and model list, by its API reference as of November 2026.

mod check;
mod names;
mod write;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Asked, Form};
use super::problem::{Class, Problem};
use super::protocol::{Call, Operation, Protocol, Texts, check_key, header, text_of};
use super::reply::{Payload, Reply};
use super::stamp::Stamp;

/// Gemini's protocol.
pub(crate) struct Gemini;

const JSON: &str = "application/json; charset=UTF-8";

impl Protocol for Gemini {
    fn key(&self, call: &Call<'_>) -> Option<String> {
        let in_query = || call.query.iter().find(|(name, _)| name == "key").map(|(_, key)| key.clone());
        header(call.headers, "x-goog-api-key").or_else(in_query)
    }

    fn admit(&self, call: &Call<'_>) -> Result<(), Problem> {
        let key = self.key(call);
        check_key(key.as_deref()).map_err(|problem| match key.as_deref() {
            // Google knows two errors here: an unknown key is a bad argument, no key is a forbidden call.
            None | Some("") => Problem::new(Class::Permission).with_message("callers without a key are not served"),
            Some(_) => problem,
        })
    }

    fn fields(&self, operation: Operation) -> &'static [&'static str] {
        match operation {
            Operation::Embed => &["content", "requests", "taskType", "title", "outputDimensionality", "model"],
            _ => &[
                "cachedContent",
                "contents",
                "generationConfig",
                "labels",
                "model",
                "safetySettings",
                "serviceTier",
                "store",
                "systemInstruction",
                "toolConfig",
                "tools",
                "cached_content",
                "generation_config",
                "safety_settings",
                "service_tier",
                "system_instruction",
                "tool_config",
            ],
        }
    }

    fn read_chat(&self, call: &Call<'_>, body: &Map<String, Value>) -> Result<Asked, Problem> {
        let (model, method) = call.target.clone().unwrap_or_default();
        let sse = call.query.iter().any(|(name, value)| name == "alt" && value == "sse");
        let form = match (method.as_str(), sse) {
            ("streamGenerateContent", true) => Form::Stream,
            ("streamGenerateContent", false) => Form::StreamAsArray,
            _ => Form::Whole,
        };
        check::read(model, form, &names::camel_case(body))
    }

    fn chat(&self, asked: &Asked, answer: &Answer, stamp: Stamp) -> Reply {
        write::content(asked, answer, stamp)
    }

    fn blocked(&self, asked: &Asked, stamp: Stamp) -> Option<Reply> {
        Some(write::blocked(asked, stamp))
    }

    fn read_embed(&self, call: &Call<'_>, body: &Map<String, Value>) -> Result<Texts, Problem> {
        let (model, method) = call.target.clone().unwrap_or_default();
        let single = method == "embedContent";
        let body = names::camel_case(body);
        let one = [Value::Object(body.clone())];
        let requests = match body.get("requests").and_then(Value::as_array) {
            _ if single => &one[..],
            Some(requests) if !requests.is_empty() => requests,
            _ => return Err(Problem::invalid("requests", "requests: at least one is wanted")),
        };
        let text = |(at, request): (usize, &Value)| {
            let field = if single { "content".to_owned() } else { format!("requests[{at}].content") };
            if !single && request.get("model").and_then(Value::as_str) != Some(&format!("models/{model}")) {
                return Err(Problem::invalid(format!("requests[{at}].model"), "it must be the model of the path"));
            }
            let parts = request.pointer("/content/parts").filter(|parts| parts.is_array());
            parts.map(text_of).ok_or_else(|| Problem::invalid(&field, format!("{field}: contents is not specified")))
        };
        let texts = requests.iter().enumerate().map(text).collect::<Result<_, _>>()?;
        let dimensions = requests.first().and_then(|request| request.get("outputDimensionality")?.as_u64());
        Ok(Texts { model, inputs: texts, dimensions, base64: false, single })
    }

    fn embed(&self, texts: &Texts, vectors: &[Vec<f32>], _stamp: Stamp) -> Reply {
        let vector = |vector: &Vec<f32>| json!({"values": vector});
        let body = if texts.single {
            json!({"embedding": vectors.first().map(vector)})
        } else {
            json!({"embeddings": vectors.iter().map(vector).collect::<Vec<_>>()})
        };
        pretty(200, &body)
    }

    fn models(&self, call: &Call<'_>, names: &[&str], _stamp: Stamp) -> Reply {
        let number = |name: &str| {
            call.query.iter().find(|(key, _)| key == name).and_then(|(_, value)| value.parse::<usize>().ok())
        };
        let (from, size) = (number("pageToken").unwrap_or(0), number("pageSize").unwrap_or(50).max(1));
        let rest = names.get(from..).unwrap_or_default();
        let page = rest.get(..size).unwrap_or(rest);
        let model = |name: &&str| {
            json!({
                "name": format!("models/{name}"), "version": "001", "displayName": name, "description": "emulated",
                "inputTokenLimit": 1_048_576, "outputTokenLimit": 65_536,
                "supportedGenerationMethods": ["generateContent", "embedContent"],
            })
        };
        let mut body = json!({"models": page.iter().map(model).collect::<Vec<_>>()});
        if page.len() < rest.len() {
            body["nextPageToken"] = (from + page.len()).to_string().into();
        }
        pretty(200, &body)
    }

    fn problem(&self, problem: &Problem, _stamp: Stamp) -> Reply {
        let (status, body) = error(problem);
        pretty(status, &body)
    }

    fn in_band(&self, problem: &Problem, form: Form, first: bool, _stamp: Stamp) -> Bytes {
        let error = error(problem).1;
        match (form, first) {
            (Form::StreamAsArray, true) => format!("[{error:#}\n]"),
            (Form::StreamAsArray, false) => format!(",\r\n{error:#}\n]"),
            _ => format!("data: {error}\r\n\r\n"),
        }
        .into()
    }

    fn bad_chunk(&self, form: Form) -> Bytes {
        match form {
            Form::StreamAsArray => Bytes::from_static(b",\r\n{\"candidates\": [{\"content\": {\"par}"),
            _ => Bytes::from_static(b"data: {\"candidates\": [{\"content\": {\"par\r\n\r\n"),
        }
    }

    fn ping(&self) -> Option<Bytes> {
        None
    }
}

/// A JSON answer as Google prints it.
fn pretty(status: u16, body: &Value) -> Reply {
    let mut reply = Reply::json(status, JSON, &Value::Null);
    reply.payload = Payload::Whole(format!("{body:#}\n").into());
    reply
}

/// Status and body of an error.
fn error(problem: &Problem) -> (u16, Value) {
    let (code, status, usual) = match problem.class {
        Class::Auth => (400, "INVALID_ARGUMENT", "the api key is not valid"),
        Class::Permission => (403, "PERMISSION_DENIED", "this key may not use this model"),
        Class::NotFound => (404, "NOT_FOUND", "there is no such model"),
        Class::Invalid => (400, "INVALID_ARGUMENT", "the request is not valid"),
        Class::TooLarge => (413, "INVALID_ARGUMENT", "the request has too many bytes"),
        // Google has no code for it: its clients know these words.
        Class::ContextLength => (
            400,
            "INVALID_ARGUMENT",
            "The input token count (1048577) exceeds the maximum number of tokens allowed (1048576).",
        ),
        Class::ContentFilter => (400, "INVALID_ARGUMENT", "the filter refuses this prompt"),
        Class::RateLimited => (429, "RESOURCE_EXHAUSTED", "the quota of requests per minute is used up"),
        Class::Quota => (429, "RESOURCE_EXHAUSTED", "the quota of requests per day is used up"),
        Class::Overloaded => (503, "UNAVAILABLE", "the model is overloaded"),
        Class::Server if problem.status == Some(504) => (504, "DEADLINE_EXCEEDED", "the emulated server took too long"),
        Class::Server => (500, "INTERNAL", "the emulated server failed"),
    };
    let code = match (problem.class, problem.status) {
        // What is 401 elsewhere is 400 here, and says so in its details.
        (Class::Auth, _) | (_, None) => code,
        (_, Some(status)) => status,
    };
    let mut error = json!({"code": code, "message": problem.message_or(usual), "status": status});
    let details = details(problem);
    if !details.is_empty() {
        error["details"] = details.into();
    }
    (code, json!({ "error": error }))
}

fn details(problem: &Problem) -> Vec<Value> {
    let quota = |id: &str| {
        let violation = json!({"quotaMetric": "emulator/requests", "quotaId": id, "quotaValue": "10"});
        json!({"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation]})
    };
    let mut details = match problem.class {
        Class::Auth => vec![json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com",
        })],
        Class::RateLimited => vec![quota("EmulatedRequestsPerMinutePerProjectPerModel")],
        Class::Quota => vec![quota("EmulatedRequestsPerDayPerProjectPerModel")],
        _ => Vec::new(),
    };
    if let Some(field) = &problem.param {
        let violation = json!({"field": field, "description": problem.message});
        details.push(json!({"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}));
    }
    if let Some(wait) = problem.retry_after {
        let delay = format!("{}s", wait.as_secs_f64());
        details.push(json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}));
    }
    details
}
