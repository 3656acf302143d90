//! A journal in a file whose path the caller gives.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::journal::JournalStore;

/// Longest time that a line waits for the disk: lines that come together share one wait.
const BATCH: Duration = Duration::from_millis(4);

/// A journal in a file. Lines are handed to the operating system at once, and a thread sees them to the disk.
///
/// One process at a time: a second one that opens the same file would write between its lines.
pub struct JournalFile {
    path: PathBuf,
    file: Option<File>,
    disk: Arc<Disk>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread and the journal share.
#[derive(Default)]
struct Disk {
    state: Mutex<DiskState>,
    changed: Condvar,
}

#[derive(Default)]
struct DiskState {
    /// What has to reach the disk.
    dirty: Option<File>,
    failed: Option<String>,
    closed: bool,
}

impl JournalFile {
    /// A journal in this file, which is made when there is none.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), file: None, disk: Arc::default(), thread: None }
    }

    fn open(&mut self) -> io::Result<&mut File> {
        if self.file.is_none() {
            let file = OpenOptions::new().create(true).append(true).read(true).open(&self.path)?;
            self.file = Some(file);
        }
        self.file.as_mut().ok_or_else(|| io::Error::other("the journal is closed"))
    }

    fn mark_dirty(&mut self) -> io::Result<()> {
        if self.thread.is_none() {
            let disk = self.disk.clone();
            self.thread =
                Some(std::thread::Builder::new().name("budget-journal".to_owned()).spawn(move || disk.run())?);
        }
        let mut state = self.disk.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(why) = state.failed.take() {
            return Err(io::Error::other(why));
        }
        if state.dirty.is_none() {
            state.dirty = self.file.as_ref().map(File::try_clone).transpose()?;
            self.disk.changed.notify_one();
        }
        Ok(())
    }
}

impl JournalStore for JournalFile {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.open()?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        self.open()?.write_all(lines)?;
        self.mark_dirty()
    }

    fn replace(&mut self, lines: &[u8]) -> io::Result<()> {
        let mut beside = self.path.clone().into_os_string();
        beside.push(".new");
        let mut file = File::create(&beside)?;
        file.write_all(lines)?;
        file.sync_all()?;
        std::fs::rename(&beside, &self.path)?;
        // The new name must survive a power cut, too. Not every system lets a folder be opened.
        if let Some(Ok(folder)) = self.path.parent().map(File::open) {
            folder.sync_all()?;
        }
        self.file = None;
        self.open().map(|_| ())
    }
}

impl Disk {
    fn run(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            while state.dirty.is_none() {
                if state.closed {
                    return;
                }
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            if !state.closed {
                // Others join this batch meanwhile; who closes does not wait for the rest of it.
                state = self
                    .changed
                    .wait_timeout_while(state, BATCH, |state| !state.closed)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0;
            }
            let Some(file) = state.dirty.take() else { continue };
            drop(state);
            let result = file.sync_data();
            state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(error) = result {
                state.failed = Some(error.to_string());
            }
        }
    }
}

impl Drop for JournalFile {
    fn drop(&mut self) {
        self.disk.state.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.disk.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been told already, and there is nobody to tell here.
            let _ = thread.join();
        }
    }
}
