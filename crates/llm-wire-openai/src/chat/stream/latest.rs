//! Fields that vendors repeat in every chunk: the last value of each, read only once the stream is over.

use serde_json::{Map, Value};

use crate::json::{Kept, is_empty};

/// The last raw JSON of each field. A value that stays the same costs a comparison.
#[derive(Debug, Default)]
pub(super) struct Latest(Vec<(String, String)>);

impl Latest {
    pub(super) fn take(&mut self, rest: &Kept<'_>) {
        for (name, raw) in rest.0.iter().filter(|(_, raw)| !is_empty(raw)) {
            match self.0.iter_mut().find(|(known, _)| known == name) {
                Some((_, last)) if last == raw.get() => {}
                Some((_, last)) => raw.get().clone_into(last),
                None => self.0.push((name.clone().into_owned(), raw.get().to_owned())),
            }
        }
    }

    pub(super) fn into_map(self) -> Map<String, Value> {
        self.0.into_iter().filter_map(|(name, raw)| Some((name, serde_json::from_str(&raw).ok()?))).collect()
    }
}
