//! What the parts of a conversation are encoded with, and the rules of reasoning that goes back.

use llm_core::{CacheHint, Error, Message, Origin, Part, PartKind, Warnings};

use crate::cache_mark::CacheMark;

/// What the parts of a conversation are encoded with.
#[derive(Debug)]
pub struct Scope<'a, 'w> {
    /// Who is asked.
    pub to: &'a Origin,
    /// What the caller is told.
    pub warnings: &'w mut Warnings,
    /// The caller was told of dropped signatures; once is enough.
    told_of_signatures: bool,
}

/// Where a part stands.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Its message.
    pub message: &'a Message,
    /// The number of that.
    pub message_index: usize,
    /// Its own number.
    pub part_index: usize,
    /// It is among the instructions.
    pub in_system: bool,
}

impl Place<'_> {
    /// The name of a field of the part, for warnings.
    pub fn path(self, field: &str) -> String {
        format!("messages[{}].content[{}]{field}", self.message_index, self.part_index)
    }
}

/// Reasoning that goes back to the target that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thought<'a> {
    /// Readable, with its signature.
    Signed {
        /// What was thought.
        text: &'a str,
        /// The signature.
        signature: &'a str,
    },
    /// Readable by the vendor only.
    Sealed {
        /// The vendor's own form of it.
        data: &'a str,
    },
}

impl<'a, 'w> Scope<'a, 'w> {
    /// The scope of one request to one target.
    pub fn new(to: &'a Origin, warnings: &'w mut Warnings) -> Self {
        Self { to, warnings, told_of_signatures: false }
    }

    /// A part, or a field of it, that cannot be sent.
    pub fn leave_out<T>(&mut self, place: Place<'_>, field: &str, why: &str) -> Result<Option<T>, Error> {
        self.warnings.unsupported(&place.path(field), why).map(|()| None)
    }

    /// A signature that cannot be sent.
    pub fn drop_signature(&mut self, why: &str) -> Result<(), Error> {
        if std::mem::replace(&mut self.told_of_signatures, true) {
            return Ok(());
        }
        self.warnings.unsupported("messages.signature", why)
    }

    /// Reasoning goes back with its signature to the target that made it, and nowhere else; `None` when it is left out.
    pub fn thought(&mut self, part: &'a Part, place: Place<'_>) -> Result<Option<Thought<'a>>, Error> {
        let PartKind::Reasoning { text, encrypted, .. } = &part.kind else { return Ok(None) };
        let ours = |origin: &Origin| origin.is_target(&self.to.provider, &self.to.model);
        let foreign = place.message.origin.as_deref().is_some_and(|origin| !ours(origin));
        let thought = match (encrypted, &part.signature) {
            (Some(_), _) | (_, Some(_)) if foreign => {
                self.drop_signature("reasoning that another target signed was left out")?;
                return Ok(None);
            }
            (Some(data), _) => Thought::Sealed { data },
            (None, Some(signature)) => Thought::Signed { text, signature },
            (None, None) => return self.leave_out(place, "", "reasoning without this vendor's signature is refused"),
        };
        if part.cache.is_some() {
            self.leave_out::<()>(place, ".cache", "reasoning cannot be marked for the cache")?;
        }
        Ok(Some(thought))
    }

    /// A mark for the cache, with a warning where its time cannot be said.
    pub fn cache(&mut self, kind: &'static str, hint: CacheHint, field: impl FnOnce() -> String) -> CacheMark {
        if !CacheMark::is_exact(hint) {
            self.warnings.adapted(&field(), "the vendor keeps a prompt for 5 minutes or for an hour");
        }
        CacheMark::new(kind, hint)
    }
}
