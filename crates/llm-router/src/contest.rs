//! What a strategy sees when it orders the targets of one request.

use std::sync::LazyLock;

use llm_core::Usd;

use crate::draw;
use crate::facts::Facts;
use crate::snapshot::{Snapshot, TargetView};
use crate::view::{PlaceView, RouteView};

/// What a strategy sees when it orders the targets of one request. Targets go by their place in the route.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Contest<'a> {
    /// The route.
    pub view: &'a RouteView,
    /// Its targets now.
    pub snapshot: &'a Snapshot,
    /// The request.
    pub facts: &'a Facts,
    /// All that is random about the decision.
    pub seed: u64,
}

/// What is known now of a target that a snapshot does not have.
static UNSEEN: LazyLock<TargetView> = LazyLock::new(TargetView::default);

impl<'a> Contest<'a> {
    /// A contest.
    pub fn new(view: &'a RouteView, snapshot: &'a Snapshot, facts: &'a Facts, seed: u64) -> Self {
        Self { view, snapshot, facts, seed }
    }

    /// What does not change of a target.
    pub fn place(&self, place: usize) -> &'a PlaceView {
        &self.view.places[place]
    }

    /// What is known of it now.
    pub fn now(&self, place: usize) -> &'a TargetView {
        self.snapshot.targets.get(place).unwrap_or_else(|| &UNSEEN)
    }

    /// What the request is thought to cost there: the operator's prices go before the table's.
    pub fn cost(&self, place: usize) -> Option<Usd> {
        let price = self.place(place).price.or(self.now(place).price);
        price.cost(self.facts.input_tokens, self.facts.output_tokens())
    }

    /// How good its answers are: as the operator says, else as they were rated.
    pub fn quality(&self, place: usize) -> Option<f64> {
        self.place(place).quality.or(self.now(place).pulse.quality)
    }

    /// How far back it stands in a draw by shares: the smallest comes first. Requests of one session draw the same
    /// every time, and the loss of a target moves only the sessions that were there (rendezvous hashing).
    pub fn turn(&self, place: usize) -> u64 {
        let of = self.place(place);
        // The bits of floats that are not negative have the order of the floats.
        draw::turn(self.facts.session.unwrap_or(self.seed), of.hash, of.share()).to_bits()
    }

    /// Whether the request belongs to a session, which stays where it is.
    pub fn is_session(&self) -> bool {
        self.facts.session.is_some()
    }
}
