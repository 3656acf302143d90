//! In one file, for one process: answers survive a restart.
//!
//! `redb` and not `foyer`: one file with transactions and two crates beneath it, where the other has sixty-eight and
//! makes a cache of its own out of several files. What it holds is authenticated like everything outside the process.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use async_trait::async_trait;
use llm_core::{Error, ErrorKind};
use redb::{
    Database, Durability, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition, WriteTransaction,
};

use super::{Loaded, Size, Store, StoreError};
use crate::entry::Entry;
use crate::frame::Framing;
use crate::key::{CacheKey, Keyring};

/// Key → frame.
const FRAMES: TableDefinition<'_, &[u8; 32], &[u8]> = TableDefinition::new("frames");
/// End of life and key → bytes of the frame: what goes first stands first.
const ENDS: TableDefinition<'_, (u64, &[u8; 32]), u64> = TableDefinition::new("ends");
/// `bytes` → bytes of all frames.
const TOTALS: TableDefinition<'_, &str, u64> = TableDefinition::new("totals");

/// Every so many writes the file is made durable; a crash loses no more answers than that.
const DURABLE_EVERY: u64 = 64;

/// Keeps answers in a file.
#[derive(Clone)]
pub struct DiskStore {
    database: Arc<Database>,
    framing: Framing,
    max_bytes: u64,
    writes: Arc<AtomicU64>,
}

impl DiskStore {
    /// In the file at a path, which is made when there is none, answers of so many bytes in all.
    /// When there is no room, the ones go first whose time is over first.
    ///
    /// Reads the file while it opens it; a process that must not wait opens it on a thread of its own.
    pub fn open(path: &Path, max_bytes: u64, keyring: &Keyring) -> Result<Self, Error> {
        let database = Database::create(path)
            .map_err(redb::Error::from)
            .and_then(|database| {
                let write = database.begin_write()?;
                write.open_table(FRAMES)?;
                write.open_table(ENDS)?;
                write.open_table(TOTALS)?;
                write.commit()?;
                Ok(database)
            })
            .map_err(|error| {
                let message = "the response cache's file cannot be opened: it is damaged, or another process has it";
                Error::new(ErrorKind::Config, message).with_source(error)
            })?;
        let (framing, writes) = (Framing::new(keyring), Arc::default());
        Ok(Self { database: Arc::new(database), framing, max_bytes, writes })
    }

    /// One transaction on a thread that may wait for the disk.
    async fn write(
        &self,
        operation: &'static str,
        change: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error> + Send + 'static,
    ) -> Result<(), StoreError> {
        let database = self.database.clone();
        let durable = self.writes.fetch_add(1, Relaxed) % DURABLE_EVERY == DURABLE_EVERY - 1;
        let done = tokio::task::spawn_blocking(move || {
            let mut write = database.begin_write()?;
            write.set_durability(if durable { Durability::Immediate } else { Durability::None })?;
            change(&write)?;
            write.commit()?;
            Ok::<_, redb::Error>(())
        });
        finish(operation, done.await)
    }
}

fn finish<T>(
    operation: &'static str,
    done: Result<Result<T, redb::Error>, tokio::task::JoinError>,
) -> Result<T, StoreError> {
    let failed = |cause: String| StoreError { store: "disk", operation, cause };
    done.map_err(|error| failed(error.to_string()))?.map_err(|error| failed(error.to_string()))
}

/// Takes a frame out, wherever it is mentioned.
fn take(write: &WriteTransaction, key: &[u8; 32]) -> Result<(), redb::Error> {
    let mut frames = write.open_table(FRAMES)?;
    let old = frames.remove(key)?.map(|frame| (Framing::end_of(frame.value()), frame.value().len() as u64));
    if let Some((end, bytes)) = old {
        write.open_table(ENDS)?.remove((end, key))?;
        add(write, bytes, false)?;
    }
    Ok(())
}

fn add(write: &WriteTransaction, bytes: u64, more: bool) -> Result<u64, redb::Error> {
    let mut totals = write.open_table(TOTALS)?;
    let total = totals.get("bytes")?.map_or(0, |total| total.value());
    let total = if more { total.saturating_add(bytes) } else { total.saturating_sub(bytes) };
    totals.insert("bytes", total)?;
    Ok(total)
}

fn put(write: &WriteTransaction, key: &[u8; 32], frame: &[u8], max_bytes: u64) -> Result<(), redb::Error> {
    take(write, key)?;
    let bytes = frame.len() as u64;
    if bytes > max_bytes {
        return Ok(());
    }
    write.open_table(FRAMES)?.insert(key, frame)?;
    write.open_table(ENDS)?.insert((Framing::end_of(frame), key), bytes)?;
    let mut total = add(write, bytes, true)?;
    while total > max_bytes {
        let mut ends = write.open_table(ENDS)?;
        // The new one stays, even where its time is over first.
        let first = ends.range::<(u64, &[u8; 32])>(..)?.find_map(|end| {
            let (place, bytes) = end.ok()?;
            let (end, other) = place.value();
            (other != key).then(|| (end, *other, bytes.value()))
        });
        let Some((end, other, bytes)) = first else {
            break;
        };
        ends.remove((end, &other))?;
        write.open_table(FRAMES)?.remove(&other)?;
        total = add(write, bytes, false)?;
    }
    Ok(())
}

#[async_trait]
impl Store for DiskStore {
    fn name(&self) -> &'static str {
        "disk"
    }

    fn keyring(&self) -> Option<&Keyring> {
        Some(self.framing.keyring())
    }

    async fn load(&self, key: &CacheKey, now: u64) -> Loaded {
        let (database, framing, key) = (self.database.clone(), self.framing.clone(), *key);
        let loaded = tokio::task::spawn_blocking(move || {
            let frames = database.begin_read()?.open_table(FRAMES)?;
            let Some(frame) = frames.get(key.as_bytes())? else {
                return Ok(Loaded::Absent);
            };
            Ok(match framing.decode(&key, frame.value()) {
                Ok(entry) if entry.is_fresh(now) => Loaded::Found(Arc::new(entry)),
                Ok(_) => Loaded::Absent,
                Err(why) => Loaded::Rejected(why),
            })
        });
        finish("find an answer", loaded.await).unwrap_or(Loaded::Unavailable)
    }

    async fn save(&self, key: &CacheKey, entry: Arc<Entry>) -> Result<(), StoreError> {
        let (framing, key, max_bytes) = (self.framing.clone(), *key, self.max_bytes);
        self.write("store an answer", move |write| match framing.encode(&key, &entry) {
            Some(frame) => put(write, key.as_bytes(), &frame, max_bytes),
            None => Ok(()),
        })
        .await
    }

    async fn remove(&self, key: &CacheKey) -> Result<(), StoreError> {
        let key = *key;
        self.write("forget an answer", move |write| take(write, key.as_bytes())).await
    }

    async fn clear(&self) -> Result<(), StoreError> {
        self.write("forget its answers", |write| {
            write.delete_table(FRAMES)?;
            write.delete_table(ENDS)?;
            write.delete_table(TOTALS)?;
            write.open_table(FRAMES)?;
            write.open_table(ENDS)?;
            write.open_table(TOTALS)?;
            Ok(())
        })
        .await
    }

    async fn size(&self) -> Result<Option<Size>, StoreError> {
        let database = self.database.clone();
        let size = tokio::task::spawn_blocking(move || {
            let read = database.begin_read()?;
            let bytes = read.open_table(TOTALS)?.get("bytes")?.map_or(0, |total| total.value());
            Ok(Some(Size { entries: read.open_table(FRAMES)?.len()?, bytes: Some(bytes) }))
        });
        finish("say how much it holds", size.await)
    }
}
