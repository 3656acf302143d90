//! What encoding a request gives, and the warnings that come with it.

use llm_core::{CacheHint, ChatRequest, Error, Message, OnUnsupported, Origin, Warning, Warnings};

use crate::multipart::Form;

/// A request as it goes to the vendor.
#[derive(Clone, Debug)]
pub struct Encoded {
    /// The JSON body.
    pub body: Vec<u8>,
    /// What could not be said, or was said in another way.
    pub warnings: Vec<Warning>,
}

/// A request as it goes to the vendor, as JSON or as a form with files.
#[derive(Clone, Debug)]
pub struct Payload {
    /// The body.
    pub body: Vec<u8>,
    /// Its content type; `None` for JSON.
    pub content_type: Option<String>,
    /// What could not be said, or was said in another way.
    pub warnings: Vec<Warning>,
}

impl Payload {
    pub(crate) fn json(body: Vec<u8>, warnings: Vec<Warning>) -> Self {
        Self { body, content_type: None, warnings }
    }

    pub(crate) fn form(form: Form, warnings: Vec<Warning>) -> Self {
        let (content_type, body) = form.finish();
        Self { body, content_type: Some(content_type), warnings }
    }
}

impl From<Encoded> for Payload {
    fn from(encoded: Encoded) -> Self {
        Self::json(encoded.body, encoded.warnings)
    }
}

/// Collects warnings, each field once, however often it stands in the request.
pub(crate) struct Notes {
    warnings: Warnings,
    noted: Vec<&'static str>,
}

impl Notes {
    pub(crate) fn new(mode: OnUnsupported) -> Self {
        Self { warnings: Warnings::new(mode), noted: Vec::new() }
    }

    /// The field is left out.
    pub(crate) fn unsupported(&mut self, field: &'static str, why: &str) -> Result<(), Error> {
        if self.is_new(field) { self.warnings.unsupported(field, why) } else { Ok(()) }
    }

    /// The field is sent in another form.
    pub(crate) fn adapted(&mut self, field: &'static str, how: &str) {
        if self.is_new(field) {
            self.warnings.adapted(field, how);
        }
    }

    /// A field whose name is the caller's.
    pub(crate) fn unknown(&mut self, field: &str) -> Result<(), Error> {
        self.warnings.unknown(field)
    }

    /// A field of the caller's own settings is left out.
    pub(crate) fn left_out(&mut self, field: &str, why: &str) -> Result<(), Error> {
        self.warnings.unsupported(field, why)
    }

    /// The fields of a body of another protocol, which are left out.
    pub(crate) fn foreign(&mut self, request: &ChatRequest, to: &Origin) -> Result<(), Error> {
        self.warnings.foreign(request, to)
    }

    /// The fields of a message and of its parts that this version does not know.
    pub(crate) fn unknown_in(&mut self, message: &Message) -> Result<(), Error> {
        for name in message.extra.keys() {
            self.unknown(&format!("messages.{name}"))?;
        }
        for name in message.content.iter().flat_map(|part| part.extra.keys()) {
            self.unknown(&format!("messages.content.{name}"))?;
        }
        Ok(())
    }

    /// A wish for the cache, at a vendor that has its own ways.
    pub(crate) fn cache(&mut self, hint: CacheHint) -> Result<(), Error> {
        self.unsupported("messages.content.cache", "this vendor caches by itself")?;
        match hint.ttl {
            Some(_) => self.unsupported("messages.content.cache.ttl", "this vendor caches as long as it likes"),
            None => Ok(()),
        }
    }

    pub(crate) fn into_vec(self) -> Vec<Warning> {
        self.warnings.into_vec()
    }

    fn is_new(&mut self, field: &'static str) -> bool {
        let new = !self.noted.contains(&field);
        if new {
            self.noted.push(field);
        }
        new
    }
}
