//! A text and what is changed in it, from left to right; nothing is copied before the first change.

use std::ops::Range;

pub(super) struct Edit<'t> {
    text: &'t str,
    out: String,
    copied: usize,
}

impl<'t> Edit<'t> {
    pub(super) const fn new(text: &'t str) -> Self {
        Self { text, out: String::new(), copied: 0 }
    }

    /// Leaves out a range; none of it may lie before an earlier one.
    pub(super) fn cut(&mut self, range: Range<usize>) {
        self.put(range, "");
    }

    /// Puts `with` in the place of a range.
    pub(super) fn put(&mut self, range: Range<usize>, with: &str) {
        if range.is_empty() {
            return;
        }
        if self.copied == 0 {
            self.out.reserve(self.text.len());
        }
        self.out.push_str(&self.text[self.copied..range.start]);
        self.out.push_str(with);
        self.copied = range.end;
    }

    /// The changed text; `None` when nothing was changed.
    pub(super) fn done(mut self) -> Option<String> {
        (self.copied > 0).then(|| {
            self.out.push_str(&self.text[self.copied..]);
            self.out
        })
    }
}
