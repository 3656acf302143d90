//! How the bytes of an input are read: one that chooses the decoder, one that chooses how the body is split, the body.

use bytes::Bytes;
use fastrand::Rng;

/// An input.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Input<'a> {
    selector: u8,
    seed: u8,
    pub(crate) body: &'a [u8],
}

impl<'a> Input<'a> {
    /// The parts of an input; `None` for one that is too short.
    pub(crate) fn read(data: &'a [u8]) -> Option<Self> {
        let (&[selector, seed], body) = data.split_first_chunk()?;
        Some(Self { selector, seed, body })
    }

    /// Which of several decoders is meant: `a` is the first, so that seeds can be read.
    pub(crate) fn choice(&self, of: u8) -> u8 {
        self.selector.wrapping_sub(b'a') % of
    }

    /// Numbers that depend on the input alone.
    pub(crate) fn random(&self) -> Rng {
        Rng::with_seed(u64::from(self.seed))
    }

    /// A piece of the body, for what is cut.
    pub(crate) fn cut(&self) -> usize {
        self.random().usize(0..=self.body.len())
    }

    /// The body in pieces: single bytes, a few, or many.
    pub(crate) fn pieces(&self, body: &[u8]) -> Vec<Bytes> {
        let mut random = self.random();
        let longest = [1, 3, 17, 257][usize::from(self.seed % 4)];
        let mut rest = Bytes::copy_from_slice(body);
        let mut pieces = Vec::new();
        while !rest.is_empty() {
            pieces.push(rest.split_to(random.usize(1..=longest).min(rest.len())));
        }
        pieces
    }
}
