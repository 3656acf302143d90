//! Assessment after the fact: a share of the answers is assessed beside the traffic, and the scores are learned from.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use llm_core::{Assessor, ChatRequest, ChatResponse, Cx};
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::feedback::Quality;
use crate::experiment::sampled;

/// Chooses the answers that are assessed after the fact. Cheap to clone; never waits.
#[derive(Clone)]
pub struct Sampler {
    share: f64,
    queue: Sender<Sample>,
    counts: Arc<Counts>,
}

/// Assesses the chosen answers. Each running clone assesses one at a time.
#[derive(Clone)]
pub struct SampleWorker {
    queue: Arc<Mutex<Receiver<Sample>>>,
    assessor: Arc<dyn Assessor>,
    quality: Quality,
    counts: Arc<Counts>,
}

struct Sample {
    id: Arc<str>,
    cx: Cx,
    request: Arc<ChatRequest>,
    response: ChatResponse,
}

#[derive(Debug, Default)]
struct Counts {
    chosen: AtomicU64,
    dropped: AtomicU64,
    assessed: AtomicU64,
    failed: AtomicU64,
}

/// What became of the answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SampleCounts {
    /// Chosen to be assessed.
    pub chosen: u64,
    /// Of those: left out, because too many were waiting.
    pub dropped: u64,
    /// Of those: with a score.
    pub assessed: u64,
    /// Of those: that could not be assessed.
    pub failed: u64,
}

impl Sampler {
    /// Assesses this share (0 to 1) of the answers, by request id. At most `waiting` answers wait for it; further ones are
    /// left out. Somebody must run the worker, as often as answers may be assessed at a time.
    pub fn new(share: f64, assessor: Arc<dyn Assessor>, quality: Quality, waiting: usize) -> (Self, SampleWorker) {
        let (sender, receiver) = channel(waiting.max(1));
        let counts = Arc::new(Counts::default());
        let queue = Arc::new(Mutex::new(receiver));
        let worker = SampleWorker { queue, assessor, quality, counts: counts.clone() };
        (Self { share, queue: sender, counts }, worker)
    }

    /// Takes an answer if it is chosen; only then it is asked for. The environment should have the request's id.
    pub fn offer(&self, cx: &Cx, answer: impl FnOnce() -> (Arc<ChatRequest>, ChatResponse)) {
        let Some(id) = cx.request_id.clone().filter(|id| sampled("assessment", id, self.share)) else { return };
        self.counts.chosen.fetch_add(1, Ordering::Relaxed);
        let Ok(place) = self.queue.try_reserve() else {
            self.counts.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let (request, response) = answer();
        // The caller's deadline and its going away are not those of an assessment.
        let mut cx = cx.clone();
        (cx.deadline, cx.cancel, cx.observer) = (None, None, None);
        place.send(Sample { id, cx, request, response });
    }

    /// What became of the answers so far.
    pub fn counts(&self) -> SampleCounts {
        let read = |number: &AtomicU64| number.load(Ordering::Relaxed);
        SampleCounts {
            chosen: read(&self.counts.chosen),
            dropped: read(&self.counts.dropped),
            assessed: read(&self.counts.assessed),
            failed: read(&self.counts.failed),
        }
    }
}

impl SampleWorker {
    /// Assesses answers until every [`Sampler`] is gone. Dropping it ends it at once.
    pub async fn run(self) {
        loop {
            let next = self.queue.lock().await.recv().await;
            let Some(Sample { id, cx, request, response }) = next else { return };
            let assessed = self.assessor.assess(&cx, &request, &response).await;
            let now = tokio::time::Instant::now().into_std();
            let learned = assessed.and_then(|one| self.quality.score(&id, one.score, Some(self.assessor.name()), now));
            let count = if learned.is_ok() { &self.counts.assessed } else { &self.counts.failed };
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl fmt::Debug for Sampler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sampler").field("share", &self.share).field("counts", &self.counts()).finish_non_exhaustive()
    }
}

impl fmt::Debug for SampleWorker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SampleWorker").field("assessor", &self.assessor.name()).finish_non_exhaustive()
    }
}
