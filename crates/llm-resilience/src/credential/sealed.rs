//! Which key made what only its account can read: signatures, encrypted reasoning, items of one vendor.
//!
//! Such parts come back with the next request of their conversation, which must then go out with the same key.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use llm_core::{ChatRequest, Event, Part, PartId, PartKind};

/// Parts that are remembered at least; twice as many at most.
const KEPT: usize = 50_000;

/// Whose parts they are, by the hash of the part and as the hash of the place of the key: a place keeps its parts when its
/// key is exchanged, because that is the same account as a rule.
#[derive(Debug, Default)]
pub(super) struct Sealed(Mutex<Generations>);

#[derive(Debug, Default)]
struct Generations {
    new: HashMap<u64, u64>,
    old: HashMap<u64, u64>,
}

impl Generations {
    fn is_empty(&self) -> bool {
        self.new.is_empty() && self.old.is_empty()
    }
}

impl Sealed {
    pub(super) fn remember(&self, part: u64, place: u64) {
        let mut generations = self.lock();
        generations.new.insert(part, place);
        if generations.new.len() >= KEPT {
            generations.old = std::mem::take(&mut generations.new);
        }
    }

    /// The place of the key that made one of these parts: the first that is known.
    pub(super) fn place_of(&self, parts: impl Iterator<Item = u64>) -> Option<u64> {
        if self.lock().is_empty() {
            return None;
        }
        for part in parts {
            // Not held while a part is hashed.
            let mut generations = self.lock();
            if let Some(place) = generations.new.get(&part) {
                return Some(*place);
            }
            if let Some(place) = generations.old.get(&part).copied() {
                // A conversation that goes on is remembered as long as it does.
                generations.new.insert(part, place);
                return Some(place);
            }
        }
        None
    }

    fn lock(&self) -> MutexGuard<'_, Generations> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What of a part only its account can read, to `see`.
pub(super) fn each_seal(part: &Part, see: &mut dyn FnMut(&str)) {
    if let Some(signature) = &part.signature {
        see(signature);
    }
    of_kind(&part.kind, see);
}

fn of_kind(kind: &PartKind, see: &mut dyn FnMut(&str)) {
    match kind {
        PartKind::Reasoning { encrypted: Some(encrypted), .. } => see(encrypted),
        PartKind::Opaque { data, .. } => see(&data.to_string()),
        _ => {}
    }
}

/// The sealed parts of a conversation as `hash` has them, the latest first: it is the one that a vendor looks at.
pub(super) fn of_request<'a>(chat: &'a ChatRequest, hash: impl Fn(&str) -> u64 + 'a) -> impl Iterator<Item = u64> + 'a {
    let parts = chat.messages.iter().rev().flat_map(|message| message.content.iter().rev());
    parts.flat_map(move |part| {
        let mut seals = Vec::new();
        each_seal(part, &mut |text| seals.push(hash(text)));
        seals
    })
}

/// The sealed parts of a streamed answer, as they become whole.
#[derive(Debug, Default)]
pub(super) struct OfStream {
    signatures: Vec<(PartId, String)>,
}

impl OfStream {
    pub(super) fn see(&mut self, event: &Event, see: &mut dyn FnMut(&str)) {
        match event {
            Event::PartStart { shell, .. } => of_kind(shell, see),
            Event::SignatureDelta { part, signature } => {
                match self.signatures.iter_mut().find(|(known, _)| known == part) {
                    Some((_, whole)) => whole.push_str(signature),
                    None => self.signatures.push((*part, signature.clone())),
                }
            }
            Event::PartEnd { part, .. } => {
                if let Some(at) = self.signatures.iter().position(|(known, _)| known == part) {
                    see(&self.signatures.swap_remove(at).1);
                }
            }
            _ => {}
        }
    }
}
