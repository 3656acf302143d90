//! The plugin's fixtures: files of its `tests/fixtures`, read when a check needs them.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::PathBuf;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::aws;
use super::normal::Expected;
use super::report::Failure;
use super::usual;
use crate::exchange::Exchange;

/// A folder of fixtures.
#[derive(Debug)]
pub(super) struct Fixtures {
    folder: PathBuf,
    pub(super) frames_after_end: usize,
}

/// One file of `errors/`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ErrorFixture {
    /// The file's name without its ending.
    #[serde(skip)]
    pub(super) name: String,
    pub(super) status: u16,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    /// A string is the body as it stands, anything else is written as JSON.
    #[serde(default)]
    pub(super) body: Value,
    /// The class, as [`llm_core::ErrorKind::as_str`] says it.
    pub(super) kind: String,
    #[serde(default)]
    pub(super) retry_after_s: Option<f64>,
    /// `no`, `maybe` or `yes`, as [`llm_core::Billed`] has them.
    #[serde(default)]
    pub(super) billed: Option<String>,
    /// A piece of the vendor's words that the error must carry.
    #[serde(default)]
    pub(super) message: Option<String>,
    #[serde(default)]
    pub(super) code: Option<String>,
    #[serde(default)]
    pub(super) param: Option<String>,
}

impl ErrorFixture {
    pub(super) fn exchange(&self) -> Exchange {
        self.exchange_of(&self.body)
    }

    /// The same answer with another body.
    pub(super) fn exchange_of(&self, body: &Value) -> Exchange {
        let exchange = match body {
            Value::String(text) => Exchange::new(self.status, text.clone()),
            Value::Null => Exchange::new(self.status, ""),
            body => Exchange::json(self.status, body),
        };
        self.headers.iter().fold(exchange, |exchange, (name, value)| exchange.with_header(name, value))
    }
}

/// One file of `requests/`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RequestFixture {
    /// The file's name without its ending.
    #[serde(skip)]
    pub(super) name: String,
    /// `chat`, `chat_stream` or `embed`.
    #[serde(default = "chat")]
    pub(super) operation: String,
    /// The request in its own JSON; without a model it asks for the one under test.
    pub(super) request: Value,
    #[serde(default)]
    pub(super) url: Option<String>,
    /// Headers that must be so; null: absent.
    #[serde(default)]
    pub(super) headers: BTreeMap<String, Option<String>>,
    /// The body on the wire.
    pub(super) body: Value,
    /// The fields that the answer's warnings name, in their order.
    #[serde(default)]
    pub(super) warnings: Vec<String>,
}

fn chat() -> String {
    "chat".to_owned()
}

/// One pair `stream_error*.txt` and `stream_error*.json`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StreamErrorFixture {
    /// The files' name without its ending.
    #[serde(skip)]
    pub(super) name: String,
    #[serde(skip)]
    pub(super) body: Bytes,
    pub(super) kind: String,
    /// The text that came before the error.
    #[serde(default)]
    pub(super) text: String,
    #[serde(default)]
    pub(super) message: Option<String>,
    #[serde(default)]
    pub(super) retry_after_s: Option<f64>,
    #[serde(default)]
    pub(super) billed: Option<String>,
}

impl Fixtures {
    pub(super) fn new(folder: &str) -> Self {
        Self { folder: folder.into(), frames_after_end: 0 }
    }

    pub(super) fn exists(&self, name: &str) -> bool {
        self.folder.join(name).is_file()
    }

    /// The bytes of a file; `check` is what to leave out when the plugin cannot have it.
    pub(super) fn bytes(&self, name: &str, check: &str) -> Result<Bytes, Failure> {
        let path = self.folder.join(name);
        let bytes = fs::read(&path).map(Bytes::from).map_err(|error| {
            let path = path.display();
            Failure::new(format!("reading {path}: {error}. Write it, or list {check} under `without`"))
        })?;
        aws::encoded(bytes)
    }

    pub(super) fn parsed<T: DeserializeOwned>(&self, name: &str, check: &str) -> Result<T, Failure> {
        let bytes = self.bytes(name, check)?;
        serde_json::from_slice(&bytes).map_err(|error| Failure::new(format!("reading the fixture {name}: {error}")))
    }

    /// `chat_expected.json`.
    pub(super) fn expected(&self) -> Result<Expected, Failure> {
        self.parsed("chat_expected.json", "Answer and Stream")
    }

    /// `chat.json` as JSON.
    pub(super) fn chat(&self) -> Result<Value, Failure> {
        self.parsed("chat.json", "Answer")
    }

    /// An exchange that answers `chat` well: `chat.json`, or the stream for plugins that only stream.
    pub(super) fn chat_exchange(&self) -> Result<Exchange, Failure> {
        if !self.exists("chat.json") && self.exists("chat_stream.txt") {
            return self.stream_exchange();
        }
        Ok(Exchange::new(200, self.bytes("chat.json", "Answer")?).with_header("content-type", "application/json"))
    }

    /// `chat_stream.txt`.
    pub(super) fn stream(&self) -> Result<Bytes, Failure> {
        self.bytes("chat_stream.txt", "Stream, ByteSplits, Truncation and UnknownEvents")
    }

    /// An exchange that answers `chat_stream` well.
    pub(super) fn stream_exchange(&self) -> Result<Exchange, Failure> {
        Ok(streamed(self.stream()?))
    }

    /// The fixture that answers an operation.
    pub(super) fn file(operation: &str) -> String {
        match operation {
            "chat_stream" => "chat_stream.txt".to_owned(),
            "speech" => "speech.bin".to_owned(),
            other => format!("{other}.json"),
        }
    }

    /// An exchange that answers an operation well: its fixture, or the usual answer where there is none.
    pub(super) fn exchange(&self, operation: &str) -> Result<Exchange, Failure> {
        let file = Self::file(operation);
        match operation {
            "chat" if self.exists("chat.json") || self.exists("chat_stream.txt") => self.chat_exchange(),
            "chat_stream" if self.exists(&file) => self.stream_exchange(),
            "speech" => {
                let sound = if self.exists(&file) { self.bytes(&file, "RequestFields")? } else { "sound".into() };
                Ok(Exchange::new(200, sound).with_header("content-type", "audio/mpeg"))
            }
            _ if self.exists(&file) => Ok(Exchange::json(200, &self.parsed::<Value>(&file, "RequestFields")?)),
            operation => Ok(Exchange::json(200, &usual::answer(operation))),
        }
    }

    /// Every file of `errors/`.
    pub(super) fn errors(&self) -> Result<Vec<ErrorFixture>, Failure> {
        let mut all = Vec::new();
        for name in self.names("errors", "", ".json") {
            let mut fixture: ErrorFixture = self.parsed(&format!("errors/{name}.json"), "Errors")?;
            fixture.name = name;
            all.push(fixture);
        }
        if all.is_empty() {
            let folder = self.folder.join("errors");
            return Err(Failure::new(format!("{} has no *.json: write an error fixture a class", folder.display())));
        }
        Ok(all)
    }

    /// Every file of `requests/`.
    pub(super) fn requests(&self) -> Result<Vec<RequestFixture>, Failure> {
        let mut all = Vec::new();
        for name in self.names("requests", "", ".json") {
            let mut fixture: RequestFixture = self.parsed(&format!("requests/{name}.json"), "Requests")?;
            fixture.name = name;
            all.push(fixture);
        }
        Ok(all)
    }

    /// Every pair `stream_error*.txt` and `stream_error*.json`.
    pub(super) fn stream_errors(&self) -> Result<Vec<StreamErrorFixture>, Failure> {
        let mut all = Vec::new();
        for name in self.names("", "stream_error", ".txt") {
            let mut fixture: StreamErrorFixture = self.parsed(&format!("{name}.json"), "InBandErrors")?;
            fixture.body = self.bytes(&format!("{name}.txt"), "InBandErrors")?;
            fixture.name = name;
            all.push(fixture);
        }
        Ok(all)
    }

    fn names(&self, folder: &str, start: &str, end: &str) -> Vec<String> {
        let entries = fs::read_dir(self.folder.join(folder)).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let mut names: Vec<String> = names
            .filter(|name| name.starts_with(start))
            .filter_map(|name| Some(name.strip_suffix(end)?.to_owned()))
            .collect();
        names.sort();
        names
    }
}

/// An exchange with a stream as its body: messages of an AWS event stream, server-sent events or JSON lines by its look.
pub(super) fn streamed(body: Bytes) -> Exchange {
    if aws::is_messages(&body) {
        Exchange::new(200, body).with_header("content-type", "application/vnd.amazon.eventstream")
    } else if is_sse(&body) {
        Exchange::sse(body)
    } else {
        Exchange::ndjson(body)
    }
}

/// The JSON of a frame; `None` for a frame without an object.
pub(super) fn payload(body: &[u8], frame: &Range<usize>) -> Option<Vec<u8>> {
    let frame = &body[frame.clone()];
    let payload = if aws::is_messages(body) { aws::payload(frame)? } else { frame.to_vec() };
    let brace = payload.iter().position(|byte| *byte == b'{')?;
    Some(payload[brace..].to_vec())
}

/// The body with other JSON in one of its frames.
pub(super) fn with_payload(body: &[u8], frame: &Range<usize>, payload: &[u8]) -> Bytes {
    let text = &body[frame.clone()];
    let changed = if aws::is_messages(body) {
        aws::with_payload(text, payload).unwrap_or_else(|| text.to_vec())
    } else {
        let brace = text.iter().position(|byte| *byte == b'{').unwrap_or(text.len());
        [&text[..brace], payload].concat()
    };
    [&body[..frame.start], &changed, &body[frame.end..]].concat().into()
}

/// True for server-sent events, false for JSON lines.
pub(super) fn is_sse(body: &[u8]) -> bool {
    !body.trim_ascii_start().starts_with(b"{")
}

/// The byte ranges of the frames with content, their line ends left out.
pub(super) fn frames(body: &[u8]) -> Vec<Range<usize>> {
    if aws::is_messages(body) {
        return aws::messages(body);
    }
    let (mut frames, mut open): (Vec<Range<usize>>, Option<Range<usize>>) = (Vec::new(), None);
    let sse = is_sse(body);
    let mut at = 0;
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let bare = line.trim_ascii_end();
        if bare.is_empty() {
            frames.extend(open.take());
        } else if !bare.starts_with(b":") {
            let end = at + bare.len();
            let start = open.take().map_or(at, |frame| frame.start);
            if sse { open = Some(start..end) } else { frames.push(at..end) }
        }
        at += line.len();
    }
    frames.extend(open);
    frames
}
