//! A credential that ends: asked for when there is none yet and again before it ends, by one call for all that wait.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use llm_core::{Error, ErrorKind, Progress};

/// The time by which the ends of credentials are judged; plugins take it as a function, so that tests have their own.
pub fn this_machines_time() -> SystemTime {
    #[expect(clippy::disallowed_methods, reason = "the one place where a credential's time comes from")]
    SystemTime::now()
}

/// What was renewed because it was refused, and is refused again so soon, is not the reason of the refusal.
const DOUBT: Duration = Duration::from_secs(60);

/// Something with an end, such as a token.
///
/// Before its end one call renews it, and all others go on with the old one; where there is none that holds, all wait for
/// the one answer. Nothing is asked for in vain: a failure is told to all who waited for it, and while the old one holds it
/// is asked again only after a tenth of the time that was left for renewing.
#[derive(Debug)]
pub struct Renewed<T> {
    before_end: Duration,
    /// Apart, so that a provider which may do without one is not the larger for it.
    known: Box<Mutex<Known<T>>>,
    /// Held by who asks.
    asking: futures_util::lock::Mutex<()>,
}

#[derive(Debug)]
struct Known<T> {
    value: Option<Held<T>>,
    /// Times that it was asked for, and the error of the last one.
    asked: u64,
    error: Option<Error>,
    /// After a failure nobody asks before.
    not_before: Option<SystemTime>,
}

#[derive(Debug)]
struct Held<T> {
    value: T,
    end: Option<SystemTime>,
    since: SystemTime,
    /// It took the place of one that was refused.
    in_place_of_refused: bool,
    refused: bool,
}

impl<T> Held<T> {
    fn holds(&self, now: SystemTime) -> bool {
        !self.refused && self.end.is_none_or(|end| now < end)
    }
}

impl<T: Clone> Renewed<T> {
    /// Nothing yet; later it is renewed so long before its end.
    pub fn new(before_end: Duration) -> Self {
        let known = Known { value: None, asked: 0, error: None, not_before: None };
        Self { before_end, known: Box::new(Mutex::new(known)), asking: futures_util::lock::Mutex::new(()) }
    }

    /// What holds at `now`; `ask` gives a new one and when it ends. Should that fail, the old one is given while it holds.
    pub async fn at<A>(&self, now: SystemTime, ask: impl FnOnce() -> A + Send) -> Result<T, Error>
    where
        A: Future<Output = Result<(T, Option<SystemTime>), Error>> + Send,
    {
        let (old, asked) = self.old(now);
        let held = match &old {
            Some((value, false)) => return Ok(value.clone()),
            // Somebody renews it.
            Some((value, true)) => match self.asking.try_lock() {
                Some(held) => held,
                None => return Ok(value.clone()),
            },
            None => self.asking.lock().await,
        };
        // What became of it meanwhile.
        match self.old(now) {
            (Some((value, false)), _) => return Ok(value),
            (None, later) if later != asked => {
                if let Some(error) = self.lock().error.clone() {
                    return Err(error);
                }
            }
            _ => {}
        }
        let answer = ask().await;
        let mut known = self.lock();
        known.asked += 1;
        let told = match answer {
            Ok((value, end)) => {
                let in_place_of_refused = known.value.as_ref().is_some_and(|held| held.refused);
                known.value = Some(Held { value: value.clone(), end, since: now, in_place_of_refused, refused: false });
                (known.error, known.not_before) = (None, None);
                Ok(value)
            }
            Err(error) => {
                known.error = Some(error.clone());
                known.not_before = now.checked_add(self.before_end / 10);
                let old = known.value.as_ref().filter(|held| held.holds(now));
                old.map(|held| held.value.clone()).ok_or(error)
            }
        };
        drop(known);
        drop(held);
        told
    }

    /// The old one where it holds, with whether it is to be renewed now; and how often it was asked for.
    fn old(&self, now: SystemTime) -> (Option<(T, bool)>, u64) {
        let known = self.lock();
        let old = known.value.as_ref().filter(|held| held.holds(now)).map(|held| {
            let is_due = held.end.is_some_and(|end| now + self.before_end >= end);
            let may_ask = known.not_before.is_none_or(|not_before| now >= not_before);
            (held.value.clone(), is_due && may_ask)
        });
        (old, known.asked)
    }

    fn lock(&self) -> MutexGuard<'_, Known<T>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Clone + PartialEq> Renewed<T> {
    /// The vendor refused `value` at `now`, although it should hold. True when it is worth asking again, once: another one
    /// is there, or will be asked for. One that took the place of a refused one within a minute is believed to be good.
    pub fn refused(&self, value: &T, now: SystemTime) -> bool {
        let mut known = self.lock();
        let Some(held) = &mut known.value else { return true };
        if held.value != *value || held.refused {
            return true;
        }
        let is_young = now.duration_since(held.since).is_ok_and(|age| age < DOUBT);
        if held.in_place_of_refused && is_young {
            return false;
        }
        held.refused = true;
        known.not_before = None;
        true
    }

    /// A call with what holds. Where the vendor refuses it as no good, it is renewed and the call is made once more.
    pub async fn call<R, A, C>(
        &self,
        now: impl Fn() -> SystemTime + Send,
        ask: impl Fn() -> A + Send + Sync,
        call: impl Fn(T) -> C + Send,
    ) -> Result<R, Error>
    where
        A: Future<Output = Result<(T, Option<SystemTime>), Error>> + Send,
        C: Future<Output = Result<R, Error>> + Send,
    {
        let value = self.at(now(), &ask).await?;
        let error = match call(value.clone()).await {
            Err(error) if error.kind() == ErrorKind::Auth && error.progress() == Progress::Sent => error,
            done => return done,
        };
        if !self.refused(&value, now()) {
            return Err(error);
        }
        match self.at(now(), &ask).await {
            Ok(other) if other != value => call(other).await,
            // The refusal says more than why there is nothing better.
            _ => Err(error),
        }
    }
}
