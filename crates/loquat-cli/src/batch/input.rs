//! The requests of a batch, line by line: OpenAI's batch format, or bodies alone.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Lines};
use std::path::{Path, PathBuf};

use llm_core::{ChatRequest, Error, ErrorKind};
use serde_json::Value;

use super::reading;
use crate::failure::Failure;

/// The one address that is answered.
const URL: &str = "/v1/chat/completions";

/// What a request asks, as a number: two that differ have two. It notices changes; nobody is kept from making equal ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark(pub(super) u128);

impl Mark {
    /// FNV-1a: the same in every version of this program.
    fn of(parts: [&[u8]; 2]) -> Self {
        let mut hash: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
        for part in parts {
            // A sign that stands in no text, between the parts.
            for byte in part.iter().chain(&[0xff]) {
                hash = (hash ^ u128::from(*byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
            }
        }
        Self(hash)
    }
}

/// One request.
pub(super) struct Entry {
    /// Its `custom_id`, or one made of its line.
    pub(super) id: String,
    pub(super) line: u64,
    pub(super) mark: Mark,
    body: Result<Value, Error>,
    model: Option<String>,
}

impl Entry {
    fn new(text: &str, line: u64, model: Option<&str>) -> Self {
        let made = || format!("line-{line}");
        let (id, body) = match serde_json::from_str::<Value>(text) {
            Ok(mut value) if value.get("body").is_some() => {
                let id = match value.get("custom_id") {
                    Some(Value::String(id)) => id.clone(),
                    _ => made(),
                };
                (id, checked(&value).map(|()| value["body"].take()))
            }
            Ok(value) => (made(), Ok(value)),
            Err(error) => (made(), Err(wrong(format!("the line is no JSON: {error}")))),
        };
        // What is asked counts, and not the order of its fields.
        let sorted = |mut body: Value| {
            body.sort_all_objects();
            body.to_string()
        };
        let asked = body.clone().map_or_else(|_| text.to_owned(), sorted);
        let mark = Mark::of([asked.as_bytes(), model.unwrap_or_default().as_bytes()]);
        Self { id, line, mark, body, model: model.map(str::to_owned) }
    }

    /// What is asked; the whole answer, even where the body wants a stream.
    pub(super) fn request(&self) -> Result<ChatRequest, Error> {
        let body = self.body.as_ref().map_err(Clone::clone)?;
        let mut request = llm_wire_openai::chat::decode_request(body.to_string().as_bytes())?.request;
        if let Some(model) = &self.model {
            request.model.clone_from(model);
        }
        Ok(request)
    }
}

/// Only chats are answered.
fn checked(value: &Value) -> Result<(), Error> {
    let is = |field: &str, expected: &str| value.get(field).is_none_or(|value| value == expected);
    if is("method", "POST") && is("url", URL) {
        return Ok(());
    }
    Err(wrong(format!("only requests with the method POST and the url {URL} are answered")))
}

fn wrong(what: String) -> Error {
    Error::new(ErrorKind::InvalidRequest, what)
}

/// The requests of a file, read as they are needed. Blank lines count as lines and are none.
pub(super) struct Entries {
    lines: Lines<BufReader<File>>,
    number: u64,
    path: PathBuf,
    model: Option<String>,
}

impl Entries {
    pub(super) fn open(path: &Path, model: Option<String>) -> Result<Self, Failure> {
        let file = File::open(path).map_err(|error| Failure::io(reading(path), &error))?;
        Ok(Self { lines: BufReader::new(file).lines(), number: 0, path: path.to_owned(), model })
    }
}

impl Iterator for Entries {
    type Item = Result<Entry, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let line = match self.lines.next()? {
                Ok(line) => line,
                Err(error) => return Some(Err(Failure::io(reading(&self.path), &error))),
            };
            self.number += 1;
            if !line.trim().is_empty() {
                return Some(Ok(Entry::new(&line, self.number, self.model.as_deref())));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_marked_by_what_it_asks() {
        let mark = |line: &str, model: Option<&str>| Entry::new(line, 1, model).mark;
        let bare = mark(r#"{"model": "m", "messages": []}"#, None);
        let of_batch = r#"{"custom_id": "a", "url": "/v1/chat/completions", "body": {"messages":[],"model":"m"}}"#;
        assert_eq!(bare, mark(of_batch, None), "neither the order of fields nor its name counts");
        assert_ne!(bare, mark(r#"{"model": "n", "messages": []}"#, None));
        assert_ne!(bare, mark(of_batch, Some("other")));
        // Old outputs are read by new programs.
        assert_eq!(mark("null", None), Mark(0x7d15_7e92_ec3c_64bf_6ef0_9ffb_3337_7e82));
    }

    #[test]
    fn a_line_has_a_name_and_may_be_wrong() {
        let entry = Entry::new(r#"{"custom_id": "a", "url": "/v1/embeddings", "body": {}}"#, 3, None);
        assert_eq!((entry.id.as_str(), entry.request().unwrap_err().kind()), ("a", ErrorKind::InvalidRequest));
        let entry = Entry::new("no JSON", 4, None);
        assert_eq!((entry.id.as_str(), entry.request().unwrap_err().kind()), ("line-4", ErrorKind::InvalidRequest));
        let entry = Entry::new(r#"{"messages": [{"role": "user", "content": "hi"}], "stream": true}"#, 5, Some("a/b"));
        assert_eq!((entry.id.as_str(), entry.request().unwrap().model.as_str()), ("line-5", "a/b"));
    }
}
