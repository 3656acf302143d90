//! What both sides saw of a scenario: the client its answers, the vendors their requests.

use std::time::Duration;

use llm_testkit::emulator::{Emulator, Fate, ReceivedRequest};

use super::answer::Answer;

/// All that is known of one run of a scenario.
#[derive(Clone, Debug)]
pub struct Facts {
    /// What the client sent, in order.
    pub calls: Vec<Call>,
    /// What came to each target, the primary first.
    pub seen: Vec<Vec<Seen>>,
    /// Names of the targets' models.
    pub models: Vec<String>,
    /// Calls that are still open at the vendors, a second after the last answer.
    pub open: usize,
    /// A healthy request right after it was answered.
    pub alive: bool,
}

/// One request of the client.
#[derive(Clone, Debug)]
pub struct Call {
    /// When it was sent, on the clock of the vendors.
    pub sent: Duration,
    /// How long it took.
    pub took: Duration,
    /// What came back.
    pub answer: Answer,
}

/// One request that a vendor saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// When, on the clock of the vendors.
    pub at: Duration,
    /// The status that was answered.
    pub status: Option<u16>,
}

impl Facts {
    /// Gathers what came to these models.
    pub fn gather(calls: Vec<Call>, models: Vec<String>, emulator: &Emulator, open: usize, alive: bool) -> Self {
        let seen = |request: ReceivedRequest| Seen { at: request.at, status: request.status };
        let seen = models.iter().map(|model| emulator.requests_to(model).into_iter().map(seen).collect()).collect();
        Self { calls, seen, models, open, alive }
    }

    /// The last answer.
    pub fn answer(&self) -> Option<&Answer> {
        self.calls.last().map(|call| &call.answer)
    }

    /// The number of the target that answered last.
    pub fn answered_by(&self) -> Option<usize> {
        let target = self.answer()?.target.as_deref()?;
        self.models.iter().position(|model| target.split_once('/').is_some_and(|(_, name)| name == model))
    }

    /// Waits between the attempts at a target.
    pub fn gaps(&self, target: usize) -> Vec<Duration> {
        let seen = self.seen.get(target).map(Vec::as_slice).unwrap_or_default();
        seen.windows(2).map(|pair| pair[1].at.saturating_sub(pair[0].at)).collect()
    }

    /// When the first request came to the primary.
    pub fn began(&self) -> Option<Duration> {
        self.seen.first()?.first().map(|seen| seen.at)
    }
}

/// Calls to these models that go on at the vendors.
pub(super) fn open(emulator: &Emulator, models: &[String]) -> usize {
    let open = |model: &String| emulator.requests_to(model).iter().filter(|call| call.fate == Fate::Open).count();
    models.iter().map(open).sum()
}
