//! Entries as bytes that cannot be forged, swapped or mistaken, for stores outside the process.
//!
//! `lqca`, version, created, ttl, the first 16 bytes of the key, a MAC over the whole key and everything else, the body.

use crate::entry::{Entry, size};
use crate::key::{CacheKey, Keyring};

const MAGIC: &[u8; 4] = b"lqca";
/// Another number makes every old value a rejected one.
const VERSION: u8 = 1;
const TAG: usize = 16;
const MAC: usize = 32;
/// Magic, version, created, ttl, tag.
const HEAD: usize = 4 + 1 + 8 + 8 + TAG;

/// Why a stored value is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Rejected {
    /// Not a value of ours, or one of another version.
    #[error("not a value of this version")]
    Foreign,
    /// A value that was stored under another key.
    #[error("the value of another key")]
    WrongKey,
    /// Not written by somebody who has the secret, or changed since.
    #[error("the value is not authentic")]
    Tampered,
    /// Authentic, but not readable.
    #[error("the value cannot be read")]
    Unreadable,
}

/// Writes and reads stored values under one secret.
#[derive(Clone, Debug)]
pub struct Framing(Keyring);

impl Framing {
    /// Under the secret of a keyring.
    pub fn new(keyring: &Keyring) -> Self {
        Self(keyring.clone())
    }

    /// The keyring that it writes and reads under.
    pub const fn keyring(&self) -> &Keyring {
        &self.0
    }

    /// An entry as bytes, bound to its key; `None` when it cannot be written.
    pub fn encode(&self, key: &CacheKey, entry: &Entry) -> Option<Vec<u8>> {
        let mut frame = Vec::with_capacity(HEAD + MAC + entry.bytes.saturating_add(128).min(1 << 24));
        frame.extend_from_slice(MAGIC);
        frame.push(VERSION);
        frame.extend_from_slice(&entry.created.to_le_bytes());
        frame.extend_from_slice(&entry.ttl.to_le_bytes());
        frame.extend_from_slice(key.as_bytes().get(..TAG)?);
        frame.extend_from_slice(&[0; MAC]);
        serde_json::to_writer(&mut frame, entry).ok()?;
        let mac = self.mac(key, frame.get(..HEAD)?, frame.get(HEAD + MAC..)?);
        frame.get_mut(HEAD..HEAD + MAC)?.copy_from_slice(mac.as_bytes());
        Some(frame)
    }

    /// The entry that was stored under a key.
    pub fn decode(&self, key: &CacheKey, frame: &[u8]) -> Result<Entry, Rejected> {
        let (head, rest) = frame.split_at_checked(HEAD).ok_or(Rejected::Foreign)?;
        let (mac, body) = rest.split_first_chunk::<MAC>().ok_or(Rejected::Foreign)?;
        if head.get(..4) != Some(MAGIC) || head.get(4) != Some(&VERSION) {
            return Err(Rejected::Foreign);
        }
        if head.get(HEAD - TAG..) != key.as_bytes().get(..TAG) {
            return Err(Rejected::WrongKey);
        }
        // blake3 compares its hashes in constant time.
        if self.mac(key, head, body) != *mac {
            return Err(Rejected::Tampered);
        }
        let mut entry: Entry = serde_json::from_slice(body).map_err(|_| Rejected::Unreadable)?;
        entry.bytes = size(&entry.answer);
        Ok(entry)
    }

    /// When the entry of a frame is too old, in Unix milliseconds, as the frame says itself; 0 where it is none.
    #[cfg(feature = "disk")]
    pub(crate) fn end_of(frame: &[u8]) -> u64 {
        let number = |from: usize| {
            frame.get(from..).and_then(|rest| rest.first_chunk::<8>()).map_or(0, |bytes| u64::from_le_bytes(*bytes))
        };
        number(5).saturating_add(number(13))
    }

    fn mac(&self, key: &CacheKey, head: &[u8], body: &[u8]) -> blake3::Hash {
        let mut mac = blake3::Hasher::new_keyed(self.0.frames());
        mac.update(key.as_bytes()).update(head).update(body);
        mac.finalize()
    }
}
