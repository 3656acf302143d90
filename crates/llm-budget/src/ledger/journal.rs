//! The journal: what a ledger did, line by line, so that a crash loses nothing.
//!
//! A line is the CRC-32 of what follows in eight hexadecimal digits, a space, and an entry as JSON. A last line that was
//! cut off is ignored; any other line that is not what was written is an error, because money would be missing.

use std::io;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::book::Record;
use super::{Account, Balance, Reservation};

/// Where a journal is kept: a file, or whatever the caller has.
pub trait JournalStore: Send + 'static {
    /// Everything that is in it; nothing when it is new.
    fn read(&mut self) -> io::Result<Vec<u8>>;
    /// Adds lines. When it returns they outlive the process, and within five milliseconds a power cut.
    fn append(&mut self, lines: &[u8]) -> io::Result<()>;
    /// Puts these lines in the place of all others, wholly or not at all.
    fn replace(&mut self, lines: &[u8]) -> io::Result<()>;
}

/// One line of a journal. `at` is the time in Unix milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Entry {
    /// Money was set aside, or is being asked for where the store is another process.
    Reserve {
        /// When.
        at: u64,
        /// What.
        #[serde(flatten)]
        reservation: Reservation,
    },
    /// A call is at work and has cost so much.
    Heartbeat {
        /// When.
        at: u64,
        /// Which reservation.
        id: Arc<str>,
        /// What its call has cost so far.
        observed: u64,
    },
    /// A call is over.
    Settle {
        /// When.
        at: u64,
        /// Which reservation.
        id: Arc<str>,
        /// What it cost.
        actual: u64,
    },
    /// The store knows that the reservation is settled.
    Done {
        /// When.
        at: u64,
        /// Which reservation.
        id: Arc<str>,
    },
    /// What an account had when the journal was last written anew.
    Balance {
        /// Which account.
        account: Account,
        /// What was in it.
        #[serde(flatten)]
        balance: Balance,
        /// Amounts that were told.
        told: Vec<u64>,
    },
    /// What was known of a reservation then.
    Record {
        /// Which reservation.
        id: Arc<str>,
        /// What of it.
        #[serde(flatten)]
        record: Record,
    },
    /// The spent money of an account was put right.
    Recompute {
        /// When.
        at: u64,
        /// Which account.
        account: Account,
        /// What was spent.
        spent: u64,
    },
    /// Somebody was told that an account reached an amount.
    Told {
        /// Which account.
        account: Account,
        /// Which amount.
        amount: u64,
    },
}

/// Writes entries, and counts how many bytes there are by now.
pub struct Journal {
    store: Box<dyn JournalStore>,
    line: Vec<u8>,
    bytes: usize,
    broken: bool,
}

impl Journal {
    /// Opens a journal: what is in it, and the journal to go on with.
    pub fn open(mut store: impl JournalStore) -> io::Result<(Vec<Entry>, Self)> {
        let bytes = store.read()?;
        let entries = read_entries(&bytes)?;
        // Anything may stand at the end now: the first thing to do is to write it anew.
        Ok((entries, Self { store: Box::new(store), line: Vec::new(), bytes: bytes.len(), broken: true }))
    }

    /// Adds entries. After an error nothing is added until [`replace`](Self::replace) has gone well.
    pub fn append(&mut self, entries: impl IntoIterator<Item = Entry>) -> io::Result<()> {
        if self.broken {
            return Err(io::Error::other("a write before this one failed"));
        }
        self.line.clear();
        for entry in entries {
            encode(&entry, &mut self.line)?;
        }
        if self.line.is_empty() {
            return Ok(());
        }
        let result = self.store.append(&self.line);
        self.bytes += self.line.len();
        self.broken = result.is_err();
        result
    }

    /// Puts these entries in the place of all others.
    pub fn replace(&mut self, entries: impl IntoIterator<Item = Entry>) -> io::Result<()> {
        let mut lines = Vec::new();
        for entry in entries {
            encode(&entry, &mut lines)?;
        }
        let result = self.store.replace(&lines);
        self.broken = result.is_err();
        self.bytes = lines.len();
        result
    }

    /// How long it is.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether a write failed, so that it must be written anew.
    pub fn is_broken(&self) -> bool {
        self.broken
    }
}

/// Length of a line's checksum and the space behind it.
const HEAD: usize = 9;

fn encode(entry: &Entry, lines: &mut Vec<u8>) -> io::Result<()> {
    let start = lines.len();
    lines.extend_from_slice(&[b' '; HEAD]);
    serde_json::to_writer(&mut *lines, entry)?;
    let sum = crc32fast::hash(&lines[start + HEAD..]);
    for (place, digit) in lines[start..start + HEAD - 1].iter_mut().enumerate() {
        let nibble = sum >> (28 - 4 * place) & 0xf;
        *digit = b"0123456789abcdef"[nibble as usize];
    }
    lines.push(b'\n');
    Ok(())
}

/// The entries of a journal. A last line that was cut off is left out.
pub fn read_entries(bytes: &[u8]) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n').enumerate().peekable();
    while let Some((number, line)) = lines.next() {
        match decode(line) {
            Some(entry) => entries.push(entry),
            None if lines.peek().is_none() => break,
            None => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!(
                        "line {} of the budget journal is damaged: put back a copy, or remove the line and recompute the \
                         accounts",
                        number + 1
                    ),
                ));
            }
        }
    }
    Ok(entries)
}

fn decode(line: &[u8]) -> Option<Entry> {
    let line = line.strip_suffix(b"\n")?;
    let (head, json) = line.split_at_checked(HEAD)?;
    let sum = u32::from_str_radix(std::str::from_utf8(head).ok()?.strip_suffix(' ')?, 16).ok()?;
    (crc32fast::hash(json) == sum).then(|| serde_json::from_slice(json).ok())?
}
