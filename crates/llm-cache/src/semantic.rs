//! Answers to questions of nearly the same words: the last words of the user are compared by their embedding, and
//! everything else must be the same.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use llm_core::{ChatRequest, Cx, EmbedRequest, Message, Part, PartKind, Provider, Request, Response, Role};

use crate::cache::{Found, Inner};
use crate::entry::Entry;
use crate::key::{CacheKey, TenantScope};

/// Finds the vector that is most alike, within one partition.
///
/// A partition is a tenant, a model and everything of a request but its last words. Nothing is ever found in another.
pub trait VectorIndex: Send + Sync + 'static {
    /// The key whose vector has the greatest cosine, if that is at least so much.
    fn nearest(&self, partition: &CacheKey, vector: &[f32], at_least: f32) -> Option<(CacheKey, f32)>;
    /// Adds one.
    fn insert(&self, partition: &CacheKey, vector: Vec<f32>, key: CacheKey);
    /// Removes one whose answer is gone.
    fn remove(&self, partition: &CacheKey, key: &CacheKey);
    /// Removes all.
    fn clear(&self);
    /// How many there are.
    fn len(&self) -> usize;
    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// How similar questions are found.
#[derive(Clone)]
pub struct Semantic {
    embedder: Arc<dyn Provider>,
    model: Arc<str>,
    floor: f32,
    patience: Duration,
    index: Arc<dyn VectorIndex>,
}

/// A question with its place and its vector.
pub(crate) struct Question {
    partition: CacheKey,
    vector: Vec<f32>,
}

impl Semantic {
    /// The least cosine of an answer's question unless the operator says otherwise.
    pub const FLOOR: f32 = 0.95;

    /// Embeddings by a model of a provider, ten thousand of them in memory.
    pub fn new(embedder: Arc<dyn Provider>, model: impl Into<Arc<str>>) -> Self {
        Self {
            embedder,
            model: model.into(),
            floor: Self::FLOOR,
            patience: Duration::from_secs(1),
            index: Arc::new(MemoryIndex::new(10_000)),
        }
    }

    /// With the least cosine, 0 to 1. A caller may ask for more, never for less.
    pub fn with_floor(mut self, floor: f32) -> Self {
        self.floor = if floor.is_nan() { 1.0 } else { floor.clamp(0.0, 1.0) };
        self
    }

    /// With how long an embedding may take; after that the question counts as new.
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// With another index.
    pub fn with_index(mut self, index: impl VectorIndex) -> Self {
        self.index = Arc::new(index);
        self
    }

    pub(crate) fn clear(&self) {
        self.index.clear();
    }

    /// The question of a request, embedded; `None` where only the very same request will do.
    pub(crate) async fn ask(&self, cache: &Inner, scope: &TenantScope, cx: &Cx, request: &Request) -> Option<Question> {
        let (Request::Chat(chat) | Request::ChatStream(chat)) = request else {
            return None;
        };
        let (text, rest) = split(chat)?;
        let partition = cache.partition(scope, cx, &Request::Chat(Arc::new(rest)))?;
        let vector = tokio::time::timeout(self.patience, self.embed(cx, text)).await.ok()??;
        Some(Question { partition, vector })
    }

    async fn embed(&self, cx: &Cx, text: String) -> Option<Vec<f32>> {
        let mut cx = cx.clone();
        // The caller's key and address are for the chat; the embedding is a request of its own.
        (cx.credential, cx.endpoint, cx.cache, cx.request_id, cx.idempotency_key) = (None, None, None, None, None);
        let request = Request::Embed(Arc::new(EmbedRequest::new(&*self.model, [text])));
        match self.embedder.call(&cx, request).await {
            Ok(Response::Embed(mut response)) => normalised(response.vectors.pop()?),
            Ok(_) => None,
            Err(error) => {
                tracing::debug!(%error, "a question was not embedded");
                None
            }
        }
    }

    /// The answer to a question that is alike enough.
    pub(crate) async fn similar(&self, cache: &Inner, cx: &Cx, question: &Question) -> Option<Arc<Entry>> {
        let wanted = cx.cache.as_ref().and_then(|cache| cache.similarity).unwrap_or(self.floor);
        let (key, _) = self.index.nearest(&question.partition, &question.vector, self.floor.max(wanted))?;
        match cache.load(&key).await {
            Found::Entry(entry) => Some(entry),
            Found::Nothing => {
                self.index.remove(&question.partition, &key);
                None
            }
            Found::Gone => None,
        }
    }

    /// An answer was kept under this key.
    pub(crate) fn learn(&self, question: Question, key: CacheKey) {
        self.index.insert(&question.partition, question.vector, key);
    }
}

impl fmt::Debug for Semantic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Semantic").field("model", &self.model).field("floor", &self.floor).finish_non_exhaustive()
    }
}

/// The last words of the user, and the request without them; `None` when the last message is more than words.
fn split(chat: &ChatRequest) -> Option<(String, ChatRequest)> {
    let last = chat.messages.last().filter(|message| message.role == Role::User)?;
    let plain = |part: &Part| {
        matches!(&part.kind, PartKind::Text { .. })
            && part.signature.is_none()
            && part.ext.is_empty()
            && part.extra.is_empty()
    };
    if last.content.is_empty() || !last.content.iter().all(plain) {
        return None;
    }
    let mut rest = chat.clone();
    rest.messages.pop();
    rest.messages.push(Arc::new(Message { content: Vec::new(), ..Message::clone(last) }));
    Some((last.text(), rest))
}

/// A vector of length one; `None` when it has no direction.
fn normalised(mut vector: Vec<f32>) -> Option<Vec<f32>> {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if !length.is_finite() || length <= f32::EPSILON {
        return None;
    }
    for x in &mut vector {
        *x /= length;
    }
    Some(vector)
}

/// Vectors in memory, at most so many; the oldest goes first. Every vector of a partition is compared.
#[derive(Debug)]
pub struct MemoryIndex {
    max: usize,
    vectors: Mutex<Vectors>,
}

#[derive(Debug, Default)]
struct Vectors {
    by_partition: HashMap<CacheKey, Vec<(CacheKey, Vec<f32>)>>,
    /// In the order they came; those that were removed or replaced may still stand here.
    order: VecDeque<(CacheKey, CacheKey)>,
    count: usize,
}

impl MemoryIndex {
    /// At most so many vectors.
    pub fn new(max: usize) -> Self {
        Self { max, vectors: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Vectors> {
        self.vectors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Vectors {
    fn remove(&mut self, partition: &CacheKey, key: &CacheKey) {
        let Some(vectors) = self.by_partition.get_mut(partition) else {
            return;
        };
        let before = vectors.len();
        vectors.retain(|(other, _)| other != key);
        self.count -= before - vectors.len();
        if vectors.is_empty() {
            self.by_partition.remove(partition);
        }
    }
}

impl VectorIndex for MemoryIndex {
    fn nearest(&self, partition: &CacheKey, vector: &[f32], at_least: f32) -> Option<(CacheKey, f32)> {
        let vectors = self.lock();
        let alike = vectors.by_partition.get(partition)?.iter().filter(|(_, other)| other.len() == vector.len());
        let cosines = alike.map(|(key, other)| (*key, other.iter().zip(vector).map(|(a, b)| a * b).sum::<f32>()));
        cosines.filter(|(_, cosine)| *cosine >= at_least).max_by(|a, b| a.1.total_cmp(&b.1))
    }

    fn insert(&self, partition: &CacheKey, vector: Vec<f32>, key: CacheKey) {
        let mut vectors = self.lock();
        vectors.remove(partition, &key);
        vectors.order.retain(|place| *place != (*partition, key));
        while vectors.count >= self.max
            && let Some((partition, key)) = vectors.order.pop_front()
        {
            vectors.remove(&partition, &key);
        }
        if self.max > 0 {
            vectors.by_partition.entry(*partition).or_default().push((key, vector));
            vectors.order.push_back((*partition, key));
            vectors.count += 1;
        }
    }

    fn remove(&self, partition: &CacheKey, key: &CacheKey) {
        let mut vectors = self.lock();
        vectors.remove(partition, key);
        vectors.order.retain(|place| *place != (*partition, *key));
    }

    fn clear(&self) {
        *self.lock() = Vectors::default();
    }

    fn len(&self) -> usize {
        self.lock().count
    }
}
