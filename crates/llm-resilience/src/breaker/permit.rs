//! What a breaker gives for one call.

/// The permission for one call. Given back by [`Breaker::record`](super::Breaker::record) or
/// [`Breaker::release`](super::Breaker::release), and only once.
#[derive(Debug)]
#[must_use = "a permit that is never given back keeps its place among the probes"]
pub struct Permit {
    pub(super) generation: u64,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Call,
    /// Has one of the places of a half-open breaker.
    Probe,
    /// Sent although the breaker lets nothing through, because its route has nobody else.
    LastResort,
}
