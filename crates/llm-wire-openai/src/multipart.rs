//! Forms (`multipart/form-data`, RFC 7578): written for vendors that want files, read for clients that send some.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use bytes::Bytes;
use llm_core::{Error, ErrorKind};

use crate::json::wrong;

/// A form under construction.
#[derive(Debug, Default)]
pub(crate) struct Form(Vec<Entry>);

/// One field of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) name: String,
    /// Only files have one.
    pub(crate) filename: Option<String>,
    pub(crate) media_type: Option<String>,
    pub(crate) content: Bytes,
}

impl Entry {
    /// The content as text; empty when it is none.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.content).unwrap_or_default()
    }

    /// The content as a number.
    pub(crate) fn number<T: std::str::FromStr>(&self, name: &str) -> Result<T, Error> {
        self.text().trim().parse().map_err(|_| wrong(name, "must be a number"))
    }
}

impl Form {
    pub(crate) fn text(&mut self, name: &str, value: impl Into<String>) {
        let content = Bytes::from(value.into());
        self.0.push(Entry { name: name.to_owned(), filename: None, media_type: None, content });
    }

    pub(crate) fn file(&mut self, name: &str, filename: &str, media_type: &str, content: &Bytes) {
        self.0.push(Entry {
            name: name.to_owned(),
            filename: Some(filename.to_owned()),
            media_type: Some(media_type.to_owned()),
            content: content.clone(),
        });
    }

    /// The content type and the body.
    pub(crate) fn finish(self) -> (String, Vec<u8>) {
        let boundary = self.boundary();
        let length = self.0.iter().map(|entry| entry.content.len() + entry.name.len() + 200).sum::<usize>();
        let mut body = Vec::with_capacity(length + 80);
        for entry in &self.0 {
            put(
                &mut body,
                &format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"", escaped(&entry.name)),
            );
            if let Some(filename) = &entry.filename {
                put(&mut body, &format!("; filename=\"{}\"", escaped(filename)));
            }
            if let Some(media_type) = &entry.media_type {
                put(&mut body, &format!("\r\nContent-Type: {}", one_line(media_type)));
            }
            put(&mut body, "\r\n\r\n");
            body.extend_from_slice(&entry.content);
            put(&mut body, "\r\n");
        }
        put(&mut body, &format!("--{boundary}--\r\n"));
        (format!("multipart/form-data; boundary={boundary}"), body)
    }

    /// A line that is nowhere in the contents: made of all of them, so that none can hold it.
    fn boundary(&self) -> String {
        let mut hashers = [DefaultHasher::new(), DefaultHasher::new()];
        for (salt, hasher) in (0_u8..).zip(&mut hashers) {
            salt.hash(hasher);
            for entry in &self.0 {
                (&entry.name, &entry.filename, &entry.content[..]).hash(hasher);
            }
        }
        let [first, second] = hashers.map(|hasher| hasher.finish());
        format!("loquat-{first:016x}{second:016x}")
    }
}

fn put(body: &mut Vec<u8>, text: &str) {
    body.extend_from_slice(text.as_bytes());
}

/// A name as browsers write it (the WHATWG's form of RFC 7578).
fn escaped(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

fn one_line(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).collect()
}

/// Reads a form. What is wrong with it is an `invalid_request` error.
pub(crate) fn read(content_type: &str, body: &Bytes) -> Result<Vec<Entry>, Error> {
    let broken = |what: &str| Error::new(ErrorKind::InvalidRequest, format!("reading the form: {what}"));
    let boundary = parameter(content_type, "boundary").ok_or_else(|| broken("its content type names no boundary"))?;
    let line = format!("--{boundary}");
    let mut at = find(body, line.as_bytes(), 0).ok_or_else(|| broken("its boundary is nowhere in it"))? + line.len();
    let mut entries = Vec::new();
    let inner = format!("\r\n--{boundary}");
    loop {
        let rest = body.get(at..).unwrap_or_default();
        if rest.starts_with(b"--") {
            return Ok(entries);
        }
        let start = at + if rest.starts_with(b"\r\n") { 2 } else { 0 };
        let head = find(body, b"\r\n\r\n", start.saturating_sub(2)).ok_or_else(|| broken("a part has no end"))?;
        let content = head + 4;
        let end = find(body, inner.as_bytes(), content.saturating_sub(2)).ok_or_else(|| broken("a part has no end"))?;
        let headers = body.get(start..head).unwrap_or_default();
        entries.push(entry(headers, body.slice(content.min(end)..end)).ok_or_else(|| broken("a part has no name"))?);
        at = end + inner.len();
    }
}

fn entry(headers: &[u8], content: Bytes) -> Option<Entry> {
    let headers = std::str::from_utf8(headers).ok()?;
    let header = |name: &str| {
        headers.split("\r\n").find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
        })
    };
    let disposition = header("content-disposition")?;
    Some(Entry {
        name: parameter(disposition, "name")?,
        filename: parameter(disposition, "filename"),
        media_type: header("content-type").map(str::to_owned),
        content,
    })
}

/// A parameter of a header value, quoted or not.
fn parameter(value: &str, name: &str) -> Option<String> {
    value.split(';').skip(1).find_map(|part| {
        let (key, value) = part.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"').replace("%22", "\""))
    })
}

/// The first place of `needle` at or behind `from`.
fn find(hay: &[u8], needle: &[u8], from: usize) -> Option<usize> {
    let first = *needle.first()?;
    let mut at = from;
    while let Some(step) = hay.get(at..)?.iter().position(|byte| *byte == first) {
        at += step;
        if hay[at..].starts_with(needle) {
            return Some(at);
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut form = Form::default();
        form.text("model", "whisper-1");
        form.text("empty", "");
        let content = Bytes::from_static(b"RIFF\r\n--not-the-boundary\r\n\r\n\0\xff");
        form.file("file", "a \"b\"\r\n.wav", "audio/wav\r\nX-Injected: 1", &content);
        let (content_type, body) = form.finish();
        let entries = read(&content_type, &Bytes::from(body.clone())).unwrap();
        assert_eq!(entries.len(), 3);
        assert_eq!((&*entries[0].name, entries[0].text()), ("model", "whisper-1"));
        assert_eq!((&*entries[1].name, entries[1].text()), ("empty", ""));
        assert_eq!(entries[2].content, content);
        assert_eq!(entries[2].filename.as_deref(), Some("a \"b\"%0D%0A.wav"));
        assert_eq!(entries[2].media_type.as_deref(), Some("audio/wavX-Injected: 1"), "no second header");
        for cut in 0..body.len() - 4 {
            assert!(read(&content_type, &Bytes::copy_from_slice(&body[..cut])).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn what_is_no_form_is_an_error() {
        let body = Bytes::from_static(b"{}");
        for content_type in ["application/json", "multipart/form-data", "multipart/form-data; boundary=x"] {
            assert_eq!(read(content_type, &body).unwrap_err().kind(), ErrorKind::InvalidRequest);
        }
    }
}
