//! A part that the caller has, and how much of it has been found again.

use super::Mismatch;
use crate::attempt::stream::sent::SentPart;

#[derive(Debug)]
pub(super) struct Place {
    pub(super) part: SentPart,
    /// A part of the second answer is it.
    pub(super) taken: bool,
    pub(super) content: usize,
    pub(super) signature: usize,
    pub(super) citations: usize,
    pub(super) found: bool,
    /// The second answer has ended it.
    pub(super) closed: bool,
}

impl Place {
    /// `given`: the second answer was given it, so that it need not be found.
    pub(super) fn new(part: SentPart, given: bool) -> Self {
        let found = given || part.is_empty();
        let content = if given { part.content.len() } else { 0 };
        Self { part, taken: false, content, signature: 0, citations: 0, found, closed: false }
    }

    /// Whether all that the caller has of it has been found.
    pub(super) fn is_said(&self) -> bool {
        self.content == self.part.content.len()
            && self.signature == self.part.signature.len()
            && self.citations == self.part.citations.len()
    }

    /// The second answer says more of it. How much of that the caller has: the two agree as far as both reach.
    pub(super) fn say(&mut self, said: &[u8]) -> Result<usize, Mismatch> {
        let found = common(&self.part.content[self.content..], said)?;
        self.content += found;
        if found < said.len() { self.goes_on().map(|()| found) } else { Ok(found) }
    }

    /// The same for its signature.
    pub(super) fn sign(&mut self, signature: &str) -> Result<usize, Mismatch> {
        let found = common(&self.part.signature.as_bytes()[self.signature..], signature.as_bytes())?;
        self.signature += found;
        if found < signature.len() { self.goes_on().map(|()| found) } else { Ok(found) }
    }

    /// The second answer has more of it than the first: a mismatch where the first had ended it.
    pub(super) fn goes_on(&self) -> Result<(), Mismatch> {
        if self.part.ended || self.closed { Err(Mismatch) } else { Ok(()) }
    }
}

fn common(sent: &[u8], said: &[u8]) -> Result<usize, Mismatch> {
    let both = sent.len().min(said.len());
    if sent[..both] == said[..both] { Ok(both) } else { Err(Mismatch) }
}
