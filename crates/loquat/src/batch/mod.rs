//! Many requests: so many at a time, each with its own result, and none read before its turn.

mod progress;
mod stream;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use llm_core::{CancellationToken, ChatRequest, Cx, Error, Hints, Priority};

use crate::client::Client;
use crate::reply::Reply;

pub use progress::{BatchProgress, Stop};
pub use stream::BatchStream;

/// Requests at a time unless something else is said.
const CONCURRENCY: usize = 8;

/// Many requests while they are put together: [`run`](Self::run) for all results, or [`stream`](Self::stream) for each as it
/// comes.
///
/// ```
/// # async fn run(client: loquat::Client, questions: Vec<String>) {
/// use loquat::ChatRequest;
///
/// let requests = questions.into_iter().map(|question| ChatRequest::default().with_user(question));
/// let outcome = client.batch(requests).concurrency(16).run().await;
/// for (number, result) in outcome.results.iter().enumerate() {
///     match result {
///         Ok(reply) => println!("{number}: {reply}"),
///         Err(error) => eprintln!("{number}: {error}"),
///     }
/// }
/// println!("{}", outcome.progress);
/// # }
/// ```
///
/// One request's error is its own result. Nothing more is begun, and what is under way is awaited, when the batch is cancelled,
/// when more fail than [`max_failures`](Self::max_failures) allows, when the budget is used up, or when the configuration or
/// the key is wrong and nothing has been answered yet: that all would have in common.
#[must_use = "a batch does nothing until it is run"]
pub struct Batch<I> {
    client: Client,
    requests: I,
    terms: Terms,
}

/// Who is told how far it is.
type Told = Arc<dyn Fn(&BatchProgress) + Send + Sync>;

/// How a batch is run.
#[derive(Clone)]
struct Terms {
    concurrency: usize,
    max_failures: Option<u64>,
    keep_going: bool,
    timeout: Option<Duration>,
    priority: Priority,
    cancel: Option<CancellationToken>,
    told: Option<Told>,
}

impl Terms {
    /// The environment of one request.
    fn cx(&self, client: &Client) -> Cx {
        let cx = client.cx(self.timeout);
        if self.priority == Priority::Normal {
            return cx;
        }
        let mut hints = Hints::default();
        hints.priority = self.priority;
        cx.with_hints(hints)
    }
}

/// One result.
#[derive(Debug)]
#[non_exhaustive]
pub struct BatchItem {
    /// Which request it is of, from 0.
    pub index: usize,
    /// What became of it.
    pub result: Result<Reply, Error>,
}

/// What became of a batch.
#[derive(Debug)]
#[non_exhaustive]
pub struct BatchOutcome {
    /// One result for each request, in their order. When the batch was stopped, for those that had begun.
    pub results: Vec<Result<Reply, Error>>,
    /// The sums.
    pub progress: BatchProgress,
    /// Why not all were begun.
    pub stop: Option<Stop>,
}

impl Client {
    /// Many requests. They are taken from the iterator one by one, when it is their turn.
    pub fn batch<I: IntoIterator<Item = ChatRequest>>(&self, requests: I) -> Batch<I::IntoIter> {
        let terms = Terms {
            concurrency: CONCURRENCY,
            max_failures: None,
            keep_going: false,
            timeout: None,
            priority: Priority::Normal,
            cancel: None,
            told: None,
        };
        Batch { client: self.clone(), requests: requests.into_iter(), terms }
    }
}

impl<I: Iterator<Item = ChatRequest>> Batch<I> {
    /// So many requests at a time, at least one. Default 8.
    pub fn concurrency(mut self, requests: usize) -> Self {
        self.terms.concurrency = requests.max(1);
        self
    }

    /// Begins nothing more when more requests than so many have failed. Default: however many fail.
    pub fn max_failures(mut self, failures: u64) -> Self {
        self.terms.max_failures = Some(failures);
        self
    }

    /// Goes on even where every request is likely to fail for the same reason.
    pub fn keep_going(mut self) -> Self {
        self.terms.keep_going = true;
        self
    }

    /// Longest time for one request; at most what the client allows.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.terms.timeout = Some(timeout);
        self
    }

    /// How much it matters that they are answered now: with [`Priority::Batch`] they are refused before others under load.
    pub fn priority(mut self, priority: Priority) -> Self {
        self.terms.priority = priority;
        self
    }

    /// Begins nothing more when this is cancelled; what is under way is still answered. Dropping the stream ends that too.
    pub fn cancelled_by(mut self, cancel: CancellationToken) -> Self {
        self.terms.cancel = Some(cancel);
        self
    }

    /// Is told after every result. Must not block.
    pub fn on_progress(mut self, told: impl Fn(&BatchProgress) + Send + Sync + 'static) -> Self {
        self.terms.told = Some(Arc::new(told));
        self
    }

    /// Each result as it comes, in no order; requests go on only while somebody reads.
    pub fn stream(self) -> BatchStream<I> {
        BatchStream::new(self.client, self.requests, self.terms)
    }

    /// All results in the order of the requests.
    pub async fn run(self) -> BatchOutcome
    where
        I: Unpin,
    {
        let mut stream = self.stream();
        let mut results: Vec<Option<Result<Reply, Error>>> = Vec::new();
        while let Some(BatchItem { index, result }) = stream.next().await {
            if results.len() <= index {
                results.resize_with(index + 1, || None);
            }
            results[index] = Some(result);
        }
        // What has begun has ended, so there is no hole.
        let results = results.into_iter().flatten().collect();
        BatchOutcome { results, progress: stream.progress().clone(), stop: stream.stop().cloned() }
    }
}

impl<I> fmt::Debug for Batch<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("concurrency", &self.terms.concurrency).finish_non_exhaustive()
    }
}
