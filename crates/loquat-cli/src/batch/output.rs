//! The answers of a batch, in OpenAI's form: a line each, whole or not at all.
//!
//! What is asked stands in the line's `id` as a mark, so that an output knows the input it belongs to.

use std::collections::HashMap;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use llm_core::{ChatResponse, Error};
use serde_json::Value;

use super::input::Mark;
use super::reading;
use crate::failure::Failure;
use crate::terminal::note;

const PREFIX: &str = "batch_req_";

/// What an output has already.
#[derive(Default)]
pub(super) struct Done {
    /// What each answer is of.
    pub(super) marks: HashMap<String, Mark>,
    /// Of these: errors.
    pub(super) failed: u64,
    /// The text to begin with, where it is another than the file has.
    mended: Option<String>,
}

/// The file that answers are appended to. Nobody else writes it meanwhile.
pub(super) struct Output {
    file: File,
}

impl Output {
    /// What a file has; nothing where there is none. A last line that was cut is left out, and failures are if they are to be
    /// asked again.
    pub(super) fn read(path: &Path, without_failed: bool) -> Result<Done, Failure> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Done::default()),
            Err(error) => return Err(Failure::io(reading(path), &error)),
        };
        let mut done = Done::default();
        let mut kept = String::new();
        for (number, line) in text.split_inclusive('\n').enumerate() {
            let whole = line.ends_with('\n');
            match parse(line) {
                Some((_, _, false)) if without_failed => {}
                Some((id, mark, answered)) => {
                    done.failed += u64::from(!answered);
                    done.marks.insert(id, mark);
                    kept += line;
                    if !whole {
                        kept.push('\n');
                    }
                }
                None if !whole => note("note: the last line of the output was cut; that request is asked again"),
                None if line.trim().is_empty() => {}
                None => {
                    let (path, number) = (path.display(), number + 1);
                    let what = format!("line {number} of {path} is no answer of a batch: name another output");
                    return Err(Failure::Usage(what));
                }
            }
        }
        done.mended = (kept != text).then_some(kept);
        Ok(done)
    }

    /// Opens a file to append to it, mended first where that is needed: the new text takes the place of the old in one step.
    pub(super) fn append(path: &Path, done: &mut Done) -> Result<Self, Failure> {
        let writing = |error| Failure::io(format!("writing {}", path.display()), &error);
        if let Some(mended) = done.mended.take() {
            let mut aside = path.as_os_str().to_owned();
            aside.push(".mended");
            fs::write(&aside, mended).and_then(|()| fs::rename(&aside, path)).map_err(writing)?;
        }
        let file = File::options().create(true).append(true).open(path).map_err(writing)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { file }),
            Err(TryLockError::WouldBlock) => {
                Err(Failure::Usage(format!("{} is being written by another batch", path.display())))
            }
            // Some file systems have no locks.
            Err(TryLockError::Error(_)) => Ok(Self { file }),
        }
    }

    /// Appends one line.
    pub(super) fn write(&mut self, id: &str, mark: Mark, result: Result<ChatResponse, &Error>) -> Result<(), Failure> {
        let (status, request_id, body) = match result {
            Ok(mut response) => {
                response.id.get_or_insert_with(|| format!("chatcmpl-{:032x}", mark.0));
                response.created = response.created.or_else(now);
                let body = llm_wire_openai::chat::encode_response(&response);
                (200, response.request_id.unwrap_or_default(), body)
            }
            Err(error) => {
                let (status, body) = llm_wire_openai::encode_error(error);
                (status, error.request_id().unwrap_or_default().to_owned(), body)
            }
        };
        let (id, request_id, body) = (Value::from(id), Value::from(request_id), String::from_utf8_lossy(&body));
        let line = format!(
            "{{\"id\":\"{PREFIX}{:032x}\",\"custom_id\":{id},\"response\":{{\"status_code\":{status},\"request_id\":{request_id},\
             \"body\":{body}}},\"error\":null}}\n",
            mark.0
        );
        // One write: nothing of it is kept back when the program is killed.
        self.file.write_all(line.as_bytes()).map_err(|error| Failure::io("writing the output", &error))
    }
}

/// Of a line: the request's name, what it asked, and whether it was answered.
fn parse(line: &str) -> Option<(String, Mark, bool)> {
    let value: Value = serde_json::from_str(line).ok()?;
    let mark = u128::from_str_radix(value["id"].as_str()?.strip_prefix(PREFIX)?, 16).ok()?;
    let answered = value["response"]["status_code"] == 200 && value["error"].is_null();
    Some((value["custom_id"].as_str()?.to_owned(), Mark(mark), answered))
}

/// Unix seconds, for vendors that give no time.
#[expect(clippy::disallowed_methods, reason = "the command stands at the border to the world")]
fn now() -> Option<u64> {
    SystemTime::now().duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs())
}
