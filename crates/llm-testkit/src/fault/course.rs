//! What becomes of one call: how long until its headers, and then an error, or the steps of its answer.

use std::time::Duration;

use llm_core::{Cx, Error, ErrorKind, Progress, RateLimits, Request, TimeoutStage, Timeouts};
use tokio::time::Instant;

use super::body::Step;
use super::provider::refusal;
use super::record::State;
use super::schedule::{Cut, Fault, Pace, Stall};

/// What the caller is told of when to come back.
pub(super) struct Told {
    pub(super) wait: Duration,
    pub(super) kind: ErrorKind,
}

/// What becomes of one call.
pub(super) struct Course {
    /// Until the headers, the whole answer or the error.
    pub(super) after: Duration,
    pub(super) told: Option<Told>,
    /// Then the steps of a stream, or the error. A whole answer has no steps; one that never comes has the step `Hang`.
    pub(super) end: Result<Vec<Step>, Error>,
    pub(super) limits: Option<RateLimits>,
}

/// How long an answer takes, and how it is cut into pieces.
struct Shape {
    streamed: bool,
    timers: Timeouts,
    headers: Duration,
    first_word: Duration,
    word: Duration,
    words: u32,
    pieces: u32,
}

impl Course {
    pub(super) fn refused(status: u16) -> Self {
        Self::failed(Duration::from_millis(1), refusal(status))
    }

    fn failed(after: Duration, error: Error) -> Self {
        Self { after, told: None, end: Err(error), limits: None }
    }

    /// A refusal that may say how long to wait.
    fn limited(after: Duration, error: Error, wait: Option<Duration>) -> Self {
        // A hint is whole milliseconds and never nothing, as vendors write it.
        let wait = wait.map(|wait| Duration::from_millis(millis_up(wait).max(1)));
        let told = wait.map(|wait| Told { wait, kind: error.kind() });
        Self { after, told, end: Err(error.with_retry_after(wait)), limits: None }
    }

    pub(super) fn of(
        fault: Option<&Fault>,
        request: &Request,
        cx: &Cx,
        (words, pace): (u32, Pace),
        credential: Option<u64>,
        now: Instant,
        state: &mut State,
    ) -> Self {
        let random = &mut state.random;
        let shape = Shape {
            streamed: matches!(request, Request::ChatStream(_)),
            timers: cx.timeouts,
            headers: pace.headers.draw(random),
            first_word: pace.first_word.draw(random),
            word: pace.word.draw(random),
            words,
            pieces: pace.pieces.max(1),
        };
        let Some(fault) = fault else { return shape.healthy(None) };
        match *fault {
            Fault::Status(status) => Self::failed(shape.headers, refusal(status)),
            Fault::Closed { status, wait, hint } => match state.limiter.close(credential, now, wait) {
                Some(left) => Self::limited(shape.headers, refusal(status), hint.then_some(left)),
                None => shape.healthy(None),
            },
            Fault::Limited { requests, per, hint } => match state.limiter.count(credential, now, requests, per) {
                Ok(limits) => shape.healthy(hint.then_some(limits)),
                Err(left) => Self::limited(shape.headers, refusal(429), hint.then_some(left)),
            },
            // This call is not counted yet.
            Fault::Crowded(most) if state.in_flight >= most => Self::failed(shape.headers, refusal(529)),
            Fault::Crowded(_) => shape.healthy(None),
            Fault::Quota { reset } => {
                let left = reset.map_or(Some(None), |reset| state.limiter.close(credential, now, reset).map(Some));
                match left {
                    Some(left) => {
                        let error = refusal(429).with_kind(ErrorKind::QuotaExhausted).with_code("insufficient_quota");
                        Self::limited(shape.headers, error, left)
                    }
                    None => shape.healthy(None),
                }
            }
            Fault::Stall(Stall::Headers) => shape.silent(),
            Fault::Stall(_) | Fault::KeepAlive(_) if !shape.streamed => shape.silent(),
            Fault::Stall(Stall::FirstWord) => shape.stream_to(0, Step::Hang),
            Fault::Stall(Stall::MidStream) => shape.stream_to(words / 2, Step::Hang),
            Fault::KeepAlive(gap) => shape.stream_to(0, Step::KeepAlive(gap)),
            Fault::Cut(_) if !shape.streamed => Self::failed(shape.whole(), Error::truncated()),
            Fault::Cut(Cut::FirstWord) => shape.stream_to(0, Step::Cut),
            Fault::Cut(Cut::MidStream) => shape.stream_to(words.div_ceil(2), Step::Cut),
            Fault::Drip(gap) => Shape { word: gap, pieces: words.max(1), ..shape }.healthy(None),
            Fault::Reset(Progress::NotSent) => Self::failed(Duration::from_millis(1), reset(Progress::NotSent)),
            Fault::Reset(Progress::Committed) if shape.streamed => {
                shape.stream_to(words.div_ceil(2), Step::Fail(reset(Progress::Sent)))
            }
            Fault::Reset(_) => Self::failed(shape.headers, reset(Progress::Sent)),
            Fault::Malformed if shape.streamed => {
                let said = if state.random.bool() { 0 } else { words.div_ceil(2) };
                shape.stream_to(said, Step::Fail(malformed()))
            }
            Fault::Malformed => Self::failed(shape.whole(), malformed()),
        }
    }
}

impl Shape {
    /// How long a whole answer takes.
    fn whole(&self) -> Duration {
        self.headers + self.first_word + self.word * self.words
    }

    fn healthy(&self, limits: Option<RateLimits>) -> Course {
        let course =
            if self.streamed { self.stream_to(self.words, Step::End) } else { self.in_time(self.whole(), Vec::new()) };
        Course { limits, ..course }
    }

    /// Nothing comes before the headers.
    fn silent(&self) -> Course {
        match self.timers.first_byte {
            Some(limit) => Course::failed(limit, timeout(TimeoutStage::FirstByte)),
            None => Course { after: Duration::ZERO, told: None, end: Ok(vec![Step::Hang]), limits: None },
        }
    }

    /// Unless the headers take longer than the caller's timer allows.
    fn in_time(&self, after: Duration, steps: Vec<Step>) -> Course {
        if self.timers.first_byte.is_some_and(|limit| limit < after) {
            return self.silent();
        }
        Course { after, told: None, end: Ok(steps), limits: None }
    }

    /// A stream of so many words and this end.
    fn stream_to(&self, words: u32, end: Step) -> Course {
        let mut steps = Vec::with_capacity(2 * self.pieces as usize + 3);
        let piece = self.words.div_ceil(self.pieces).max(1);
        let mut said = 0;
        while said < words {
            let count = piece.min(words - said);
            steps.push(Step::Wait(if said == 0 { self.first_word } else { self.word * count }));
            steps.push(Step::Words(count));
            said += count;
        }
        // An end that is no word comes when the next word would have come.
        if words == 0 {
            steps.push(Step::Wait(self.first_word));
        }
        steps.push(end);
        self.in_time(self.headers, self.within_idle(steps))
    }

    /// A silence longer than the caller's timer is an error of the transport.
    fn within_idle(&self, mut steps: Vec<Step>) -> Vec<Step> {
        let Some(idle) = self.timers.idle else { return steps };
        let silence = |step: &Step| match step {
            Step::Wait(wait) | Step::KeepAlive(wait) => *wait > idle,
            Step::Hang => true,
            _ => false,
        };
        if let Some(place) = steps.iter().position(silence) {
            steps.truncate(place);
            steps.extend([Step::Wait(idle), Step::Fail(timeout(TimeoutStage::Idle))]);
        }
        steps
    }
}

fn timeout(stage: TimeoutStage) -> Error {
    Error::new(ErrorKind::Timeout(stage), "the scripted vendor is silent")
}

fn reset(progress: Progress) -> Error {
    Error::new(ErrorKind::Network, "the scripted connection broke").with_progress(progress)
}

fn malformed() -> Error {
    Error::new(ErrorKind::Malformed, "the scripted vendor says what no protocol knows")
}

fn millis_up(time: Duration) -> u64 {
    u64::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}
