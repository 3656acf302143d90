//! One recorded exchange, as it stands in its file.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use base64::Engine as _;
use serde::Deserialize;
use serde_json::Value;

/// One recorded exchange.
#[derive(Debug, Deserialize)]
pub struct Case {
    /// Who answered.
    pub provider: String,
    /// Name of the case, from the file's name.
    #[serde(skip)]
    pub name: String,
    /// Wire format (`openai-chat`, `gemini`, …).
    pub api: String,
    /// Operation, or `error`.
    pub kind: String,
    /// What was asked; absent in response-only recordings.
    pub request: Option<Recorded>,
    /// What was answered.
    pub response: RecordedResponse,
    /// The answer in normal form; absent where nobody knows.
    pub expected: Option<Value>,
}

/// What was asked.
#[derive(Debug, Deserialize)]
pub struct Recorded {
    /// Path of the URL.
    #[serde(default)]
    pub path: String,
    /// Pairs of the URL's query.
    #[serde(default)]
    pub query: Vec<(String, String)>,
    /// JSON body.
    #[serde(default)]
    pub body: Value,
    /// Part of the body was lost by the recorder.
    #[serde(default)]
    pub body_incomplete: bool,
}

/// What was answered.
#[derive(Debug, Deserialize)]
pub struct RecordedResponse {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    #[serde(default)]
    pub headers: BTreeMap<String, Value>,
    /// `text` or `base64`.
    #[serde(default)]
    pub encoding: String,
    /// Body.
    #[serde(default)]
    pub body: String,
}

impl Case {
    /// A stream that nobody asked anything for.
    pub(super) fn streamed((provider, api): (&str, &str), name: &str, body: &[u8]) -> Self {
        let content_type = match body.first() {
            Some(0) => "application/vnd.amazon.eventstream",
            Some(b'{') => "application/x-ndjson",
            _ => "text/event-stream",
        };
        let headers = [("content-type".to_owned(), Value::from(content_type))].into();
        let body = base64::engine::general_purpose::STANDARD.encode(body);
        Self {
            provider: provider.to_owned(),
            name: name.to_owned(),
            api: api.to_owned(),
            kind: "chat_stream".to_owned(),
            request: None,
            response: RecordedResponse { status: 200, headers, encoding: "base64".to_owned(), body },
            expected: None,
        }
    }
}

impl RecordedResponse {
    /// The body's bytes.
    pub fn bytes(&self) -> Result<Vec<u8>> {
        match self.encoding.as_str() {
            "base64" => base64::engine::general_purpose::STANDARD.decode(&self.body).context("the body is not base64"),
            _ => Ok(self.body.clone().into_bytes()),
        }
    }
}

/// Reads all cases of a corpus folder, sorted by provider and name; only one provider's when asked.
pub fn load(folder: &Path, provider: Option<&str>) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("reading the corpus folder {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !path.is_dir() || provider.is_some_and(|wanted| wanted != name) {
            continue;
        }
        for entry in fs::read_dir(&path)? {
            let file = entry?.path();
            if file.extension().is_some_and(|extension| extension == "json") {
                let text = fs::read(&file)?;
                let mut case: Case =
                    serde_json::from_slice(&text).with_context(|| format!("reading {}", file.display()))?;
                case.name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                cases.push(case);
            }
        }
    }
    cases.sort_by(|a, b| (&a.provider, &a.name).cmp(&(&b.provider, &b.name)));
    anyhow::ensure!(!cases.is_empty(), "no case in {}: expected <provider>/<case>.json", folder.display());
    Ok(cases)
}
