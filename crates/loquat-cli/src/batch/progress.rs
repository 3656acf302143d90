//! How far a batch is, on standard error: a line that changes on a terminal, and one now and then elsewhere.

use std::io::{IsTerminal as _, Write as _, stderr};
use std::time::Duration;

use loquat::BatchProgress;
use tokio::time::Instant;

use crate::terminal::note;

pub(super) struct Line {
    total: u64,
    terminal: bool,
    shown: Instant,
}

impl Line {
    /// A batch of so many requests.
    pub(super) fn new(total: u64) -> Self {
        Self { total, terminal: stderr().is_terminal(), shown: Instant::now() }
    }

    pub(super) fn show(&mut self, progress: &BatchProgress, broken: u64) {
        let pause = if self.terminal { Duration::from_millis(200) } else { Duration::from_secs(10) };
        if self.shown.elapsed() < pause {
            return;
        }
        self.shown = Instant::now();
        let text = self.text(progress, broken);
        if self.terminal {
            // The rest of an earlier, longer line goes.
            let _ = write!(stderr().lock(), "\r{text}\x1b[K");
        } else {
            note(text);
        }
    }

    /// The last word.
    pub(super) fn end(&self, progress: &BatchProgress, broken: u64) {
        if self.terminal {
            let _ = write!(stderr().lock(), "\r\x1b[K");
        }
        note(self.text(progress, broken));
    }

    fn text(&self, progress: &BatchProgress, broken: u64) -> String {
        let mut progress = progress.clone();
        progress.failed += broken;
        progress.total = Some(self.total);
        progress.to_string()
    }
}
