//! What must hold for every recorded stream: however its bytes come it says the same, and however it is cut it is never
//! whole, and what it said until then is how the whole one begins.

use std::fs;
use std::ops::Range;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{HeaderMap, StatusCode};
use llm_core::{ChatStream, Cx, Error, ErrorKind, Provider, Registry, Request, Response};
use llm_testkit::conformance;
use loquat::normal;
use workspace_fuzz::outcome::Outcome;

use super::case::Case;
use super::operations::Operation;
use super::pieces::{Pieces, Recording};
use super::replay;

/// A recorded stream and who reads it.
pub struct Stream {
    /// Vendor and case.
    pub name: String,
    vendor: String,
    api: String,
    provider: Arc<dyn Provider>,
    request: Request,
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

/// How much is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// At most this many cuts a stream, spread over it.
    pub cuts: usize,
    /// At most this many ways to split it.
    pub splits: usize,
}

impl Effort {
    /// Every cut and every split.
    pub const FULL: Self = Self { cuts: usize::MAX, splits: usize::MAX };
    /// Enough to notice a decoder that does it wrong.
    pub const SAMPLE: Self = Self { cuts: 6, splits: 3 };
}

/// What came of one stream.
#[derive(Debug, Default)]
pub struct Tried {
    /// Ways to split it.
    pub splits: usize,
    /// Places where it was cut.
    pub cuts: usize,
    /// What was wrong.
    pub problems: Vec<String>,
}

impl Stream {
    /// The stream of a recorded case; `None` for a case that is no stream, or of a vendor that nobody speaks for.
    pub fn of(case: &Case, registry: &Registry) -> Result<Option<Self>> {
        let Some((provider, operation)) = replay::provider(case, registry)? else { return Ok(None) };
        if operation != Operation::ChatStream {
            return Ok(None);
        }
        let Recording { status, headers, body, .. } = Recording::of(&case.response)?;
        let Ok(request) = replay::request(case, operation) else { return Ok(None) };
        let name = format!("{}/{}", case.provider, case.name);
        let (vendor, api) = (case.provider.clone(), case.api.clone());
        Ok((status == StatusCode::OK).then_some(Self { name, vendor, api, provider, request, status, headers, body }))
    }

    /// The streams of the plugins' own fixtures.
    pub fn of_fixtures(registry: &Registry) -> Result<Vec<Self>> {
        let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins");
        let mut streams = Vec::new();
        for plugin in fs::read_dir(&plugins).with_context(|| format!("reading {}", plugins.display()))? {
            let folder = plugin?.path();
            let name = folder.file_name().unwrap_or_default().to_string_lossy().replace("llm-provider-", "");
            for fixture in ["chat_stream", "signed_stream"] {
                let Ok(bytes) = fs::read(folder.join("tests/fixtures").join(fixture).with_extension("txt")) else {
                    continue;
                };
                let body = conformance::stream_body(bytes.into())?;
                let case = Case::streamed(recorded_as(&name), fixture, &body);
                streams.extend(Self::of(&case, registry)?);
            }
        }
        streams.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(streams)
    }

    /// Splits and cuts the stream.
    pub async fn check(&self, effort: Effort) -> Tried {
        let mut tried = Tried::default();
        let whole = match self.read(self.body.clone(), Pieces::Whole).await {
            Ok(whole) => whole,
            Err(panic) => {
                tried.problems.push(format!("{}: {panic}", self.name));
                return tried;
            }
        };
        for pieces in splits().take(effort.splits) {
            tried.splits += 1;
            match self.read(self.body.clone(), pieces).await {
                Ok(split) if split.events == whole.events && split.said() == whole.said() => {}
                Ok(split) => tried.problems.push(format!("{}: {pieces:?} ends with {}", self.name, split.said())),
                Err(panic) => tried.problems.push(format!("{}: {pieces:?}: {panic}", self.name)),
            }
        }
        for end in spread(self.ends(), effort.cuts) {
            tried.cuts += 1;
            let problem = match self.read(self.body.slice(..end), Pieces::Whole).await {
                Err(panic) => Some(panic),
                Ok(cut) => self.wrong(&whole, &cut, &self.body[..end]),
            };
            let of = self.body.len();
            tried.problems.extend(problem.map(|problem| format!("{}: cut after {end} of {of}: {problem}", self.name)));
        }
        tried
    }

    async fn read(&self, body: Bytes, pieces: Pieces) -> Result<Outcome, String> {
        let recording = Recording { status: self.status, headers: self.headers.clone(), body, pieces };
        let cx = Cx::new(Arc::new(recording));
        let read = async {
            match self.provider.call(&cx, self.request.clone()).await {
                Ok(Response::ChatStream(stream)) => Outcome::of(stream).await,
                Ok(_) => Outcome::of(failed(Error::new(ErrorKind::Internal, "the answer is no stream"))).await,
                Err(error) => Outcome::of(failed(error)).await,
            }
        };
        AssertUnwindSafe(read).catch_unwind().await.map_err(|_| "a panic".to_owned())
    }

    /// What is wrong with a stream of which so much was kept.
    fn wrong(&self, whole: &Outcome, cut: &Outcome, kept: &[u8]) -> Option<String> {
        let Ok(answer) = &cut.end else {
            return (!whole.words().starts_with(&cut.words())).then(|| "other words than the whole stream".to_owned());
        };
        let (_, marks) = MARKS.iter().find(|(api, _)| self.api.starts_with(api))?;
        let kept = String::from_utf8_lossy(kept);
        let marked = marks.iter().any(|mark| kept.contains(mark));
        let answer = normal::answer(answer);
        let same = whole.end.as_ref().is_ok_and(|whole| normal::answer(whole) == answer);
        let excused = (marked && (same || self.api == "gemini"))
            || (marks.contains(&"[DONE]")
                && WITHOUT_DONE.contains(&&*self.vendor)
                && kept.contains("finish_reason\":\""));
        (!excused).then(|| format!("success with {answer}"))
    }

    /// The ends of all frames but the last.
    fn ends(&self) -> Vec<usize> {
        let mut ends = frame_ends(&self.body);
        ends.retain(|end| *end < self.body.trim_ascii_end().len());
        ends
    }
}

/// A plugin as recordings name its vendor and its API.
fn recorded_as(plugin: &str) -> (&str, &str) {
    match plugin {
        "anthropic" => ("anthropic", "anthropic-messages"),
        "gemini" => ("google", "gemini"),
        "ollama" => ("ollama", "ollama-chat"),
        "cohere" => ("cohere", "cohere-v2-chat"),
        "bedrock" => ("bedrock", "bedrock-converse"),
        "vertex" => ("vertex", "gemini"),
        "azure-openai" => ("azure", "openai-chat"),
        other => (other, "openai-chat"),
    }
}

/// A stream that fails before it begins.
fn failed(error: Error) -> ChatStream {
    ChatStream::new(futures_util::stream::iter([Err(error)]))
}

/// What shows in a stream of an API that it is whole; the first of these that fits the API.
const MARKS: &[(&str, &[&str])] = &[
    ("anthropic-messages", &["message_stop"]),
    ("openai-responses", &["response.completed", "response.incomplete", "response.done"]),
    // There is no other mark, and older models put it into every frame: recordings of these can be cut between them.
    ("gemini", &["finishReason", "blockReason"]),
    ("ollama", &["\"done\":true"]),
    ("cohere", &["message-end", "stream-end"]),
    ("bedrock-converse", &["metadata"]),
    // In base64, whose letters depend on its place.
    ("bedrock-invoke", &[]),
    ("", &["[DONE]"]),
];

/// Who leaves out `[DONE]`, so that a finish reason must do for it, and usage behind one may be lost:
/// Hugging Face's router passes on what the servers behind it send, and some send none (recordings of 2025);
/// Perplexity and Writer send none in most or all recordings (2025); of any server
/// nothing is known; watsonx ends with its usage; of the other four there is neither a recording nor a page that
/// promises one.
const WITHOUT_DONE: [&str; 9] = [
    "huggingface",
    "perplexity",
    "writer",
    "openai-compatible",
    "hyperbolic",
    "minimax",
    "novita",
    "sambanova",
    "watsonx",
];

fn splits() -> impl Iterator<Item = Pieces> {
    use Pieces::{Every, Random};
    // The first three are the sample.
    let first = [Every(1), Every(7), Random(1)];
    let every = [2, 3, 5, 11, 13, 17, 61, 251, 1021, 4093].map(Every);
    first.into_iter().chain(every).chain((2..12).map(Random))
}

/// At most so many of the places, the last among them, where an end is nearest.
fn spread(places: Vec<usize>, most: usize) -> Vec<usize> {
    let step = places.len().div_ceil(most.max(1)).max(1);
    let mut some: Vec<usize> = places.into_iter().rev().step_by(step).collect();
    some.reverse();
    some
}

/// Where frames end: messages of an AWS event stream, server-sent events at their blank line, lines of anything else.
fn frame_ends(body: &[u8]) -> Vec<usize> {
    if body.first() == Some(&0) {
        return messages(body);
    }
    let start = body.trim_ascii_start().first();
    let lines = matches!(start, Some(b'{' | b'['));
    let (mut ends, mut line): (Vec<usize>, Range<usize>) = (Vec::new(), 0..0);
    for (at, byte) in body.iter().enumerate() {
        line.end = at + 1;
        if *byte == b'\n' {
            let blank = body[line.clone()].trim_ascii().is_empty();
            if lines || blank {
                ends.push(at + 1);
            }
            line.start = at + 1;
        }
    }
    ends
}

fn messages(body: &[u8]) -> Vec<usize> {
    let (mut ends, mut at) = (Vec::new(), 0);
    while let Some(length) = body.get(at..).and_then(<[u8]>::first_chunk) {
        at += u32::from_be_bytes(*length) as usize;
        ends.push(at);
    }
    ends
}
