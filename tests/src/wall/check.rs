//! What must hold after a scenario. Pure: it looks at [`Facts`] only.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::answer::Outcome;
use super::facts::{Call, Facts};

/// One thing that must hold.
#[derive(Clone, Debug)]
pub enum Check {
    /// Every request got the whole answer.
    Served,
    /// The request got an error of this status and code.
    Refused {
        /// Status.
        status: u16,
        /// Machine code.
        code: &'static str,
    },
    /// This target answered, and the answer names its model.
    By(usize),
    /// The answer tells its tokens.
    Usage,
    /// So many requests came to this target.
    Attempts(usize, RangeInclusive<usize>),
    /// At most so many requests came to the primary in this time since the first.
    Burst(Duration, usize),
    /// The second request to the primary came so much later than the first, and there was one.
    SecondAfter(Duration),
    /// The answer was whole, or its error there, in this time.
    Within(Duration),
    /// While the primary was down for the first of these times, every request was served; in the second after it the
    /// primary answered again.
    Recovers(Duration, Duration),
}

impl Check {
    /// Holds it against the facts; the error says what was seen instead.
    pub fn hold(&self, facts: &Facts) -> Result<(), String> {
        match self {
            Self::Served => facts.calls.iter().try_for_each(served),
            Self::Refused { status, code } => refused(facts, *status, code),
            Self::By(target) => by(facts, *target),
            Self::Usage => ensure(facts.answer().is_some_and(|answer| answer.usage), || "no usage".to_owned()),
            Self::Attempts(target, wanted) => {
                let seen = facts.seen.get(*target).map_or(0, Vec::len);
                ensure(wanted.contains(&seen), || format!("{seen} attempts at target {target}, not {wanted:?}"))
            }
            Self::Burst(window, most) => {
                let began = facts.began().unwrap_or_default();
                let primary = facts.seen.first().map(Vec::as_slice).unwrap_or_default();
                let seen = primary.iter().filter(|seen| seen.at.saturating_sub(began) < *window).count();
                ensure(seen <= *most, || format!("{seen} attempts in {window:?}, not at most {most}"))
            }
            Self::SecondAfter(wait) => match facts.gaps(0).first() {
                None => Err("no second attempt at the primary".to_owned()),
                Some(gap) => ensure(gap >= wait, || format!("the second attempt came after {gap:.2?}, not {wait:?}")),
            },
            Self::Within(limit) => {
                let took = facts.calls.iter().map(|call| call.took).max().unwrap_or_default();
                ensure(took <= *limit, || format!("took {took:.1?}, not at most {limit:?}"))
            }
            Self::Recovers(down, back) => recovers(facts, *down, *back),
        }
    }
}

/// The words of every healthy answer.
pub(super) fn sixty_words() -> String {
    let words: Vec<String> = (1..=60).map(|nth| format!("word{nth}")).collect();
    words.join(" ")
}

fn ensure(so: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if so { Ok(()) } else { Err(otherwise()) }
}

fn served(call: &Call) -> Result<(), String> {
    let answer = &call.answer;
    match &answer.outcome {
        Outcome::Finished if answer.text == sixty_words() => Ok(()),
        Outcome::Finished => {
            let words = answer.text.split_whitespace().count();
            Err(format!("an answer of {words} words passes for the whole one"))
        }
        Outcome::Failed { code, message } => {
            let message: String = message.chars().take(120).collect();
            Err(format!("an error ({} {}): {message}", answer.status, code.as_deref().unwrap_or("without code")))
        }
        Outcome::Broken => Err(format!("it ends without an end: {}", answer.oddities.join(", "))),
        Outcome::Hung => Err("it hangs".to_owned()),
    }
}

fn refused(facts: &Facts, status: u16, code: &str) -> Result<(), String> {
    let Some(answer) = facts.answer() else { return Err("nothing was asked".to_owned()) };
    match &answer.outcome {
        Outcome::Failed { code: Some(seen), .. } if answer.status == status && seen == code => Ok(()),
        other => Err(format!("{status} {code} must reach the client, not {} {other:?}", answer.status)),
    }
}

fn by(facts: &Facts, target: usize) -> Result<(), String> {
    let by = facts.answered_by();
    ensure(by == Some(target), || match by {
        Some(by) => format!("target {by} answered, not {target}"),
        None => "nobody is named as who answered".to_owned(),
    })?;
    let (model, named) = (facts.models.get(target), facts.answer().and_then(|answer| answer.model.as_ref()));
    ensure(model == named, || format!("the answer names {named:?} as its model, not {model:?}"))
}

fn recovers(facts: &Facts, down: Duration, back: Duration) -> Result<(), String> {
    let began = facts.began().ok_or("the primary was never asked")?;
    let up = began + down;
    let during = facts.calls.iter().filter(|call| call.sent < up);
    let unserved = during.filter(|call| served(call).is_err()).count();
    ensure(unserved == 0, || format!("{unserved} requests were not served while the primary was down"))?;
    let first = facts.seen[0].iter().find(|seen| seen.status == Some(200));
    let first = first.ok_or("the primary was never used again")?.at;
    ensure(first <= up + back, || {
        format!("the primary was used again {:.1?} after it was back", first.saturating_sub(up))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wall::{Answer, Seen};

    const SECOND: Duration = Duration::from_secs(1);

    fn facts(text: &str, by: usize, primary: &[(u32, u16)]) -> Facts {
        let models = vec!["a".to_owned(), "b".to_owned()];
        let answer = Answer {
            status: 200,
            outcome: Outcome::Finished,
            text: text.to_owned(),
            model: Some(models[by].clone()),
            usage: true,
            target: Some(format!("vendor/{}", models[by])),
            oddities: Vec::new(),
        };
        let seen = |&(at, status): &(u32, u16)| Seen { at: SECOND * at / 10, status: Some(status) };
        let calls = vec![Call { sent: Duration::ZERO, took: SECOND * 3, answer }];
        Facts { calls, seen: vec![primary.iter().map(seen).collect(), Vec::new()], models, open: 0, alive: true }
    }

    #[test]
    fn a_short_answer_is_not_served() {
        assert_eq!(Check::Served.hold(&facts(&sixty_words(), 0, &[])), Ok(()));
        assert!(Check::Served.hold(&facts("word1 word2", 0, &[])).unwrap_err().contains("2 words"));
        let mut hung = facts("", 0, &[]);
        hung.calls[0].answer = Answer::hung();
        assert_eq!(Check::Served.hold(&hung), Err("it hangs".to_owned()));
    }

    #[test]
    fn attempts_are_counted_and_timed() {
        let facts = facts("", 1, &[(0, 429), (12, 429), (31, 200)]);
        assert!(Check::Attempts(0, 1..=3).hold(&facts).is_ok() && Check::Attempts(0, 1..=2).hold(&facts).is_err());
        assert!(
            Check::Burst(SECOND * 3 / 2, 2).hold(&facts).is_ok() && Check::Burst(SECOND * 2, 1).hold(&facts).is_err()
        );
        assert!(
            Check::SecondAfter(SECOND).hold(&facts).is_ok() && Check::SecondAfter(SECOND * 2).hold(&facts).is_err()
        );
        assert!(Check::Within(SECOND * 3).hold(&facts).is_ok() && Check::Within(SECOND * 2).hold(&facts).is_err());
        assert!(Check::By(1).hold(&facts).is_ok() && Check::By(0).hold(&facts).is_err());
    }

    #[test]
    fn a_primary_that_is_back_must_be_used_again() {
        let recovers = Check::Recovers(SECOND * 2, SECOND);
        let back = |primary| recovers.hold(&facts(&sixty_words(), 0, primary));
        assert_eq!(back(&[(0, 503), (21, 200)]), Ok(()));
        assert!(back(&[(0, 503), (31, 200)]).unwrap_err().contains("1.1s after"));
        assert!(back(&[(0, 503)]).unwrap_err().contains("never used again"));
        assert!(recovers.hold(&facts("word1", 0, &[(0, 503), (21, 200)])).unwrap_err().contains("1 requests"));
    }
}
