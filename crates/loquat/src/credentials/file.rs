//! A key in a file, read again when the file is another one.

use std::fs::Metadata;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use llm_core::{Error, Secret, async_trait};
use llm_resilience::KeySource;

use super::{FILE, checked, missing, wrong};

/// How often it is worth a look at a file.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// No key is longer.
const MAX_BYTES: u64 = 64 * 1024;

/// What tells one version of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Version {
    changed: Option<SystemTime>,
    bytes: u64,
    /// Secrets are exchanged by linking another file in the place of the old one.
    inode: u64,
}

impl Version {
    fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(metadata);
        #[cfg(not(unix))]
        let inode = 0;
        Self { changed: metadata.modified().ok(), bytes: metadata.len(), inode }
    }
}

/// A key in a file.
pub(super) struct FileKey {
    name: String,
    file: Arc<File>,
}

struct File {
    /// The setting, for messages.
    place: String,
    path: PathBuf,
    read: Mutex<Option<(Version, Secret)>>,
}

impl FileKey {
    /// The file and the key in it.
    pub(super) fn read(place: &str, path: &str) -> Result<(Self, Secret), Error> {
        let file = File { place: place.to_owned(), path: path.into(), read: Mutex::default() };
        let key = file.look(true)?;
        Ok((Self { name: format!("{FILE}{path}"), file: Arc::new(file) }, key))
    }
}

impl File {
    /// The key as it is now. Blocks.
    fn look(&self, again: bool) -> Result<Secret, Error> {
        let wrong = |what: &str| wrong(&self.place, &format!("the file {}: {what}", self.path.display()));
        let io =
            |error: &std::io::Error| wrong(&format!("{error}: write the key into a file that this program may read"));
        let metadata = std::fs::metadata(&self.path).map_err(|error| io(&error))?;
        let version = Version::of(&metadata);
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, key)) = &*read
            && *known == version
            && !again
        {
            return Ok(key.clone());
        }
        let key = checked(&content(&self.path).map_err(|error| io(&error))?, wrong)?;
        *read = Some((version, key.clone()));
        Ok(key)
    }
}

/// The text of a file, of which no more is read than a key has.
fn content(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    std::fs::File::open(path)?.take(MAX_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

#[async_trait]
impl KeySource for FileKey {
    fn name(&self) -> &str {
        &self.name
    }

    fn look_every(&self) -> Option<Duration> {
        Some(LOOK_EVERY)
    }

    async fn read(&self, refused: bool) -> Result<Secret, Error> {
        let file = self.file.clone();
        let read = tokio::task::spawn_blocking(move || file.look(refused)).await;
        read.unwrap_or_else(|_| Err(wrong(&self.file.place, "the look at the file was given up"))).map_err(missing)
    }
}
