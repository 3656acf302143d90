//! What adds up the tokens of a request: by the classes of characters, or exactly.

use std::io;

use serde_json::Value;

use super::text::Counter;

/// Adds up tokens, in thousandths.
pub(super) trait Tally {
    /// A text by itself.
    fn text(&mut self, text: &str);

    /// So many thousandths more.
    fn put(&mut self, thousandths: u64);

    /// A text as its words, another value as JSON.
    fn value(&mut self, value: &Value);
}

impl Tally for Counter {
    fn text(&mut self, text: &str) {
        self.add(text);
        self.pause();
    }

    fn put(&mut self, thousandths: u64) {
        self.more(thousandths);
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.text(text),
            Value::Array(_) | Value::Object(_) => {
                // Counted while it is written and kept nowhere; neither the sink nor a value fails.
                let _ = serde_json::to_writer(Sink(self), value);
                self.pause();
            }
            _ => self.put(1000),
        }
    }
}

struct Sink<'a>(&'a mut Counter);

impl io::Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // serde_json writes whole characters at a time.
        self.0.add(std::str::from_utf8(bytes).unwrap_or_default());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
