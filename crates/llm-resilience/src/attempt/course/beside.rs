//! Attempts beside the current one, and after a stream that broke off.

use llm_core::{Error, Fallback, PlanTarget, Retry};

use super::{Course, Mark, Rules};

impl Course {
    /// A hedge begins beside the current attempt.
    pub(in crate::attempt) fn begin_hedge(&mut self) {
        self.tried += 1;
    }

    /// An attempt at `place` failed while another one is under way; `sent` when the target was called.
    pub(in crate::attempt) fn lost(&mut self, place: usize, sent: bool, plan: &[PlanTarget]) {
        if sent {
            self.made += 1;
        } else {
            self.unsent += 1;
        }
        self.mark(place, plan, Mark::Closed);
    }

    /// Of several attempts beside each other, the one at `place` decides.
    pub(in crate::attempt) fn stand_at(&mut self, place: usize) {
        if self.place != place {
            self.go(place);
        }
    }

    /// The place where a hedge beside the current attempt may go: the next one of another provider or region that
    /// `allowed` allows.
    pub(in crate::attempt) fn hedge(&self, plan: &[PlanTarget], allowed: impl Fn(usize) -> bool) -> Option<usize> {
        let first = &plan[self.place];
        (0..plan.len()).find(|&place| {
            let other = &plan[place];
            let elsewhere = other.target.provider != first.target.provider
                || (other.region.is_some() && first.region.is_some() && other.region != first.region);
            place != self.place && elsewhere && self.is_open(place, plan) && allowed(place)
        })
    }

    /// The stream of the current target broke off after its caller had seen some of it. False when nobody may go on with
    /// it; else the course has moved on to who may: the next target, or the same one where there is no other.
    pub(in crate::attempt) fn broke(&mut self, error: &Error, plan: &[PlanTarget], rules: &Rules<'_>) -> bool {
        let policy = error.kind().policy();
        self.made += 1;
        self.mark(self.place, plan, Mark::Closed);
        if policy.fallback != Fallback::Next {
            return false;
        }
        // Who asked to wait is not asked again at once.
        let again = matches!(policy.retry, Retry::Transient | Retry::Once)
            && rules.max_retries.unwrap_or(rules.retry.max_retries) > self.retries
            && self.attempts_left(rules) > 0;
        self.go_on(plan, rules) || again
    }

    /// Moves on to the next target that may go on with a broken stream; false when there is none.
    pub(in crate::attempt) fn go_on(&mut self, plan: &[PlanTarget], rules: &Rules<'_>) -> bool {
        self.mark(self.place, plan, Mark::Closed);
        if self.attempts_left(rules) == 0 || self.called() >= rules.max_targets {
            return false;
        }
        let Some(next) = (0..plan.len()).find(|&place| self.is_open(place, plan)) else { return false };
        self.go(next);
        self.tried += 1;
        true
    }
}
