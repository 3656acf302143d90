//! What a vendor does when: its pace when it is well, and the episodes in which it is not.

use std::time::Duration;

use llm_core::Progress;

use super::random;

/// A time that is drawn between two bounds, short ones more often than long ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spread {
    /// The shortest.
    pub least: Duration,
    /// The longest.
    pub most: Duration,
}

impl Spread {
    /// Between these, so that each doubling of the time is as likely as the next.
    pub const fn between(least: Duration, most: Duration) -> Self {
        Self { least, most }
    }

    /// Always this.
    pub const fn always(time: Duration) -> Self {
        Self { least: time, most: time }
    }

    pub(super) fn draw(self, random: &mut fastrand::Rng) -> Duration {
        let least = self.least.max(Duration::from_micros(1)).as_secs_f64();
        let growth = self.most.as_secs_f64() / least;
        if growth <= 1.0 { self.least } else { Duration::from_secs_f64(least * growth.powf(random.f64())) }
    }
}

/// How fast a vendor answers when it is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Until the headers of a stream. Default 50 ms to 500 ms.
    pub headers: Spread,
    /// From there to the first word, of a stream and of a whole answer alike. Default 100 ms to 2 s.
    pub first_word: Spread,
    /// From word to word. Default 10 ms to 50 ms.
    pub word: Spread,
    /// Words of an answer, at least and at most. Default 4 to 40.
    pub words: (u32, u32),
    /// Pieces in which the words of a stream arrive; fewer pieces make a simulation cheaper. Default 4.
    pub pieces: u32,
}

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            headers: Spread::between(ms(50), ms(500)),
            first_word: Spread::between(ms(100), ms(2000)),
            word: Spread::between(ms(10), ms(50)),
            words: (4, 40),
            pieces: 4,
        }
    }
}

/// Where a call gets stuck until a timer of the caller ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stall {
    /// Before the headers.
    Headers,
    /// After the headers of a stream and before its first word. A whole answer stalls before its headers.
    FirstWord,
    /// In the middle of a stream. A whole answer stalls before its headers.
    MidStream,
}

/// Where a stream ends without its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cut {
    /// Before the first word.
    FirstWord,
    /// In the middle.
    MidStream,
}

/// A way to fail.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// An error answer with this HTTP status, and the class of errors that the status has by itself.
    Status(u16),
    /// The credential that calls is refused with this status (429, 503, 529) for this long.
    ///
    /// With `hint`, each refusal says how long is left, and the vendor notes who comes earlier: [`Call::early`].
    ///
    /// [`Call::early`]: super::Call::early
    Closed {
        /// HTTP status of the refusal.
        status: u16,
        /// How long it stays closed from the first refusal on; the next call is served.
        wait: Duration,
        /// Whether the refusal says so.
        hint: bool,
    },
    /// A true rate limit per credential: this many requests in each window, 429 for more until the window ends.
    Limited {
        /// Requests in a window.
        requests: u32,
        /// The window.
        per: Duration,
        /// Whether a refusal says how long the window still lasts. Answers then say how many requests are left, too.
        hint: bool,
    },
    /// More calls at a time than this are refused as overload (529).
    Crowded(u32),
    /// The quota is used up (429), until this long after the first refusal where that is said.
    Quota {
        /// When it is there again.
        reset: Option<Duration>,
    },
    /// Nothing comes any more, until the caller's timer ends it.
    Stall(Stall),
    /// The stream ends without its end; a whole answer is cut.
    Cut(Cut),
    /// A word of a stream this often, and no end before all are said. A whole answer takes as long.
    Drip(Duration),
    /// Signs of life this often, and never a word.
    KeepAlive(Duration),
    /// The connection breaks: before anything was sent, before an answer, or in the middle of a stream (`Committed`).
    Reset(Progress),
    /// The answer is not what the protocol says.
    Malformed,
}

/// A time in which a vendor fails.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Episode {
    /// How.
    pub fault: Fault,
    /// From when, counted from the building of the provider.
    pub from: Duration,
    /// Until when.
    pub until: Duration,
    /// How many of 1000 calls it meets. Default all.
    pub per_mille: u32,
    /// For a vendor that flaps: the first half of each such period only.
    pub period: Option<Duration>,
}

impl Episode {
    /// All calls that start between these times fail so.
    pub fn new(fault: Fault, from: Duration, until: Duration) -> Self {
        Self { fault, from, until, per_mille: 1000, period: None }
    }

    /// Only so many of 1000 calls.
    pub fn with_share(mut self, per_mille: u32) -> Self {
        self.per_mille = per_mille;
        self
    }

    /// Only in the first half of each such period.
    pub fn flapping(mut self, period: Duration) -> Self {
        self.period = Some(period);
        self
    }

    fn meets(&self, at: Duration, random: &mut fastrand::Rng) -> bool {
        let down = self.period.is_none_or(|period| {
            let period = period.as_nanos().max(2);
            at.as_nanos().saturating_sub(self.from.as_nanos()) % period < period / 2
        });
        self.from <= at && at < self.until && down && (self.per_mille >= 1000 || random.u32(..1000) < self.per_mille)
    }
}

/// The life of a vendor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// How fast it answers when nothing is wrong.
    pub pace: Pace,
    /// When something is wrong. The first episode that meets a call counts.
    pub episodes: Vec<Episode>,
}

impl Schedule {
    /// The default pace, with these episodes.
    pub fn new(episodes: impl IntoIterator<Item = Episode>) -> Self {
        Self { pace: Pace::default(), episodes: episodes.into_iter().collect() }
    }

    /// Up to six episodes of any kind, all over by `until`.
    pub fn random(seed: u64, until: Duration) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let count = random.usize(0..=6);
        Self::new((0..count).map(|_| random::episode(&mut random, until)))
    }

    /// With another pace.
    pub fn with_pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// What is wrong with a call that starts at this time.
    pub(super) fn fault(&self, at: Duration, random: &mut fastrand::Rng) -> Option<&Fault> {
        self.episodes.iter().find(|episode| episode.meets(at, random)).map(|episode| &episode.fault)
    }
}
