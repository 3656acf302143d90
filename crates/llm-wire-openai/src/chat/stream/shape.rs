//! The rarer pieces of a chunk, as they are written.

use llm_core::{Extensions, Finish};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Map;

use crate::chat::finish;
use crate::chat::kept::{self, CHOICES, LOGPROBS, MESSAGES};
use crate::json::{Added, Fields};

/// Fields of a small object.
pub(super) type Object<'a> = std::collections::BTreeMap<&'a str, String>;

/// Appends JSON. Writing to memory does not fail, and nothing here has keys that are no strings.
pub(super) fn json<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    let _ = serde_json::to_writer(out, value);
}

/// The first piece of a call.
pub(super) struct Begin<'a> {
    pub(super) index: u32,
    pub(super) id: &'a str,
    pub(super) name: &'a str,
    pub(super) arguments: &'a str,
}

impl Serialize for Begin<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Function<'a> {
            name: &'a str,
            arguments: &'a str,
        }
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry("index", &self.index)?;
        map.serialize_entry("id", self.id)?;
        map.serialize_entry("type", "function")?;
        map.serialize_entry("function", &Function { name: self.name, arguments: self.arguments })?;
        map.end()
    }
}

/// What stands beside a call's function.
pub(super) struct Facts<'a> {
    pub(super) index: u32,
    pub(super) added: Added<'a>,
}

impl Serialize for Facts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = Fields::new(serializer.serialize_map(None)?, self.added);
        fields.put("index", &self.index)?;
        fields.end()
    }
}

/// The last chunk's choice of one answer, with what was kept of it.
pub(super) struct Last<'a> {
    pub(super) number: usize,
    pub(super) finish: &'a Finish,
    pub(super) ext: &'a Extensions,
}

impl Serialize for Last<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let nothing = Map::new();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("index", &self.number)?;
        map.serialize_entry("delta", kept::of(self.ext, MESSAGES, self.number).unwrap_or(&nothing))?;
        map.serialize_entry(LOGPROBS, &())?;
        map.serialize_entry("finish_reason", finish::encode(self.finish))?;
        let kept = kept::of(self.ext, CHOICES, self.number).unwrap_or(&nothing);
        if let Some(native) = finish::native(self.finish)
            && !kept.contains_key("native_finish_reason")
        {
            map.serialize_entry("native_finish_reason", native)?;
        }
        // Probabilities went out piece by piece.
        for (name, value) in kept.iter().filter(|(name, _)| *name != LOGPROBS) {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}
