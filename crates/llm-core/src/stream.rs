//! Streamed answers: the events, in the one order that is allowed, and the stream of them.
//!
//! `Start`, then for every part `PartStart`, its deltas and `PartEnd`, then `Finish`, then nothing.
//! Parts may interleave. `Ping`, `Usage` and `Unknown` may stand anywhere after `Start` (a `Ping` also before it).
//! A stream that ends without `Finish` is truncated. [`Accumulator`] holds every stream to this.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::accumulate::Accumulator;
use crate::attempt::Attempt;
use crate::cache::CacheStatus;
use crate::cost::Cost;
use crate::error::{Error, Progress};
use crate::ext::Extensions;
use crate::id::Origin;
use crate::part::{Citation, PartKind};
use crate::response::{ChatResponse, Finish, RateLimits, Timing};
use crate::savings::PromptSavings;
use crate::secret::Secret;
use crate::usage::Usage;
use crate::warning::Warning;

/// Number of a part within one stream; parts of an answer stand in the order of their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PartId(pub u32);

/// One event of a streamed answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// The vendor took the request. Not content: a failure after it may still fall over to another target.
    Start(Box<StreamStart>),
    /// A part begins.
    PartStart {
        /// Its number.
        part: PartId,
        /// Which of several answers it belongs to; 0 unless several were asked for.
        #[serde(default)]
        candidate: u32,
        /// The part as far as it is known: its type, ids and names.
        shell: Box<PartKind>,
    },
    /// More words of a text or refusal part.
    TextDelta {
        /// Which part.
        part: PartId,
        /// The words.
        text: String,
    },
    /// More words of a reasoning part.
    ReasoningDelta {
        /// Which part.
        part: PartId,
        /// The words.
        text: String,
    },
    /// More of the vendor's signature over a part.
    SignatureDelta {
        /// Which part.
        part: PartId,
        /// The piece.
        signature: String,
    },
    /// More raw JSON of a tool call's arguments.
    ArgumentsDelta {
        /// Which part.
        part: PartId,
        /// The piece.
        json: String,
    },
    /// More bytes of a media part.
    MediaDelta {
        /// Which part.
        part: PartId,
        /// The bytes.
        bytes: Bytes,
    },
    /// A source of a text part.
    Citation {
        /// Which part.
        part: PartId,
        /// The source.
        citation: Box<Citation>,
    },
    /// A part is complete. Sent for every part that was started, cut-off ones included.
    PartEnd {
        /// Which part.
        part: PartId,
        /// It was cut off (a tool call whose arguments are not whole).
        #[serde(default)]
        truncated: bool,
        /// Vendor facts about the part.
        #[serde(default)]
        ext: Option<Box<Extensions>>,
    },
    /// Tokens so far: a snapshot that replaces the one before.
    Usage(Box<Usage>),
    /// The connection lives.
    Ping,
    /// Something the decoder does not know; never swallowed.
    Unknown {
        /// The vendor's word for it.
        kind: String,
        /// As it came.
        data: Value,
    },
    /// The answer is whole.
    Finish(Box<StreamFinish>),
}

/// What is known when a stream starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StreamStart {
    /// Who answers.
    pub origin: Arc<Origin>,
    /// The vendor's id of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The model, as the answer names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// When the vendor began it, in Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<u64>,
    /// The vendor's id of the HTTP request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The vendor's mark of its configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_fingerprint: Option<String>,
    /// What the caller should know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
    /// Every attempt so far, the one that answers last; empty below the driver.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
    /// What the response cache did for it; `None` where there is no cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<CacheStatus>,
    /// By how much the prompt was made shorter before it was sent; `None` where it went as it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_savings: Option<PromptSavings>,
    /// What the vendor said of its limits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limits: Option<RateLimits>,
}

impl StreamStart {
    /// A start of which only the origin is known.
    pub fn new(origin: Arc<Origin>) -> Self {
        Self {
            origin,
            id: None,
            model: None,
            created: None,
            request_id: None,
            system_fingerprint: None,
            warnings: Vec::new(),
            attempts: Vec::new(),
            cache: None,
            prompt_savings: None,
            rate_limits: None,
        }
    }
}

/// What is known when a stream is whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StreamFinish {
    /// The vendor's id of the answer, where it says it, or another one, only now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Why the answer ended.
    pub finish: Finish,
    /// Why the further answers ended, where several were asked for, by their number from 1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more: Vec<Finish>,
    /// Tokens of the whole call.
    #[serde(default)]
    pub usage: Usage,
    /// What it cost, where that is known: all attempts that were billed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
    /// Price and speed class that was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<String>,
    /// How long it took; filled by the driver.
    #[serde(default)]
    pub timing: Timing,
    /// What the caller should know and the start could not say yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
    /// Every attempt, where some were made after the start; empty when the start told them all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
    /// What the vendor said and this crate has no field for.
    #[serde(default, skip_serializing_if = "Extensions::is_empty")]
    pub ext: Extensions,
    /// Fields that this version does not know, kept.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl StreamFinish {
    /// The end of an answer.
    pub fn new(finish: Finish, usage: Usage) -> Self {
        Self {
            id: None,
            finish,
            more: Vec::new(),
            usage,
            cost: None,
            service_tier: None,
            timing: Timing::default(),
            warnings: Vec::new(),
            attempts: Vec::new(),
            ext: Extensions::default(),
            extra: Map::new(),
        }
    }
}

impl Event {
    /// True for the first event that the caller can see as an answer: from it on, nothing is tried again unseen.
    pub fn is_content(&self) -> bool {
        match self {
            Self::TextDelta { text, .. } | Self::ReasoningDelta { text, .. } => !text.is_empty(),
            Self::ArgumentsDelta { json, .. } => !json.is_empty(),
            Self::MediaDelta { .. } | Self::Citation { .. } => true,
            Self::PartStart { shell, .. } => match &**shell {
                PartKind::Text { text, .. } | PartKind::Refusal { text } => !text.is_empty(),
                PartKind::Reasoning { text, encrypted, .. } => !text.is_empty() || encrypted.is_some(),
                _ => true,
            },
            _ => false,
        }
    }
}

/// A streamed answer. Ends after `Finish` or after the first error; dropping it ends the call at the vendor.
pub struct ChatStream {
    events: Pin<Box<dyn Stream<Item = Result<Event, Error>> + Send>>,
    secret: Option<Secret>,
}

impl ChatStream {
    /// Wraps a stream of events.
    pub fn new(events: impl Stream<Item = Result<Event, Error>> + Send + 'static) -> Self {
        Self { events: Box::pin(events), secret: None }
    }

    /// The same stream, whose errors do not show this secret: see [`Error::scrubbed`].
    pub fn scrubbed(mut self, secret: Secret) -> Self {
        self.secret = Some(secret);
        self
    }

    /// The next event; `None` after the end.
    pub async fn next(&mut self) -> Option<Result<Event, Error>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Waits for the end and puts the answer together. An error carries what had arrived.
    pub async fn collect(mut self) -> Result<ChatResponse, Error> {
        let mut accumulator = Accumulator::default();
        while let Some(event) = self.next().await {
            match event {
                Ok(event) => accumulator.push(event)?,
                Err(error) => {
                    return Err(match accumulator.partial() {
                        Some(partial) => error.with_partial(partial),
                        None => error,
                    });
                }
            }
        }
        accumulator.finish()
    }

    /// Waits for the end and returns the words only.
    pub async fn text(self) -> Result<String, Error> {
        self.collect().await.map(|response| response.text())
    }
}

impl Stream for ChatStream {
    type Item = Result<Event, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let poll = self.events.as_mut().poll_next(cx);
        match (&self.secret, poll) {
            (Some(secret), Poll::Ready(Some(Err(error)))) => Poll::Ready(Some(Err(error.scrubbed(secret)))),
            (_, poll) => poll,
        }
    }
}

impl fmt::Debug for ChatStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChatStream")
    }
}

/// Marks an error as having come after content.
pub(crate) fn committed(error: Error) -> Error {
    error.with_progress(Progress::Committed)
}
