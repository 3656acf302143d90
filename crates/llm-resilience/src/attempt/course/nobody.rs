//! What is left to do when no target takes the request at once.

use std::time::Duration;

use super::{Around, Course, Mark, Step};
use crate::backoff;
use crate::retry::{Decision, Situation};

impl Course {
    /// No target takes the request now: which of them is worth a wait?
    pub(super) fn nobody(&mut self, around: &Around<'_>) -> Step {
        let Around { rules, remaining, draw, .. } = *around;
        let mut soonest: Option<(Duration, usize)> = None;
        for (place, mark) in self.marks.iter().enumerate() {
            let Mark::Refused { after: Some(after), waitable: true } = *mark else { continue };
            let wait = if rules.retry.jitter { backoff::after_hint(after, draw) } else { after };
            // A wait is no way to one target more than the request may try.
            let may_go = self.called() < rules.max_targets || place == self.place;
            let fits = may_go
                && after <= rules.retry.max_hint.saturating_sub(self.waited)
                && wait.saturating_add(around.needs(place)) <= remaining
                && self.attempts_left(&rules) > 0;
            if fits && soonest.is_none_or(|(least, _)| wait < least) {
                soonest = Some((wait, place));
            }
        }
        if let Some(step) = self.again(around, soonest.map(|(wait, _)| wait)) {
            return step;
        }
        if let Some((wait, place)) = soonest {
            self.waited += wait;
            self.reopen();
            self.go(place);
            return Step::Wait(wait);
        }
        match self.nearest() {
            Some(place) if self.tried == 0 => {
                self.last_resort = true;
                self.go(place);
                Step::Move
            }
            _ => Step::Stop,
        }
    }

    /// Where all are shut, the one that is so for the shortest time; not where one of them only asks to wait.
    fn nearest(&self) -> Option<usize> {
        let shut = |mark: &Mark| match *mark {
            Mark::Refused { after, waitable: false } => after,
            _ => None,
        };
        if self.marks.iter().any(|mark| matches!(mark, Mark::Refused { waitable: true, .. })) {
            return None;
        }
        let shut = self.marks.iter().enumerate().filter_map(|(place, mark)| Some((shut(mark)?, place)));
        shut.min().map(|(_, place)| place)
    }

    /// The target that failed last once more, as if there were no other: those that there are do not take the request.
    /// Not where another one takes it `sooner`.
    fn again(&mut self, around: &Around<'_>, sooner: Option<Duration>) -> Option<Step> {
        let last = self.last.as_ref().filter(|last| self.marks.get(last.place) == Some(&Mark::Closed))?;
        if last.place == self.place {
            return None;
        }
        let situation = Situation {
            max_retries: around.rules.max_retries,
            retries: last.retries,
            attempts_left: self.attempts_left(&around.rules),
            free_retry_used: self.free_retry_used,
            remaining: around.remaining,
            needs: around.needs(last.place),
            other_target: false,
            replayable: around.rules.replayable,
            draw: around.draw,
        };
        let (place, retries) = (last.place, last.retries);
        let decision = around.rules.retry.decide(&last.error, &situation);
        let wait = match decision {
            Decision::RetryAtOnce => Duration::ZERO,
            Decision::RetryAfter(wait) => wait,
            Decision::NextTarget | Decision::GiveUp => return None,
        };
        if sooner.is_some_and(|sooner| sooner < wait) {
            return None;
        }
        if !(around.pay)(place) {
            self.exhausted = true;
            return None;
        }
        self.reopen();
        self.go(place);
        if decision == Decision::RetryAtOnce {
            return Some(self.retry_at_once());
        }
        self.retries = retries + 1;
        Some(Step::Retry(wait))
    }
}
