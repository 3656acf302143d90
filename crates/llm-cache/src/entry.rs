//! What is kept: an answer without what belonged to its first request only, and what it took to get it.

use std::io;
use std::time::Duration;

use llm_core::{
    CacheStatus, ChatResponse, ChatStream, Cost, EmbedResponse, Replay, Request, Response, Timing, Usage, Usd,
};
use serde::{Deserialize, Serialize};

use crate::clock::millis;

/// How far clocks of replicas may be apart before an entry of the future is not believed.
const SKEW: u64 = 60_000;

/// A kept answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When it was made, in Unix milliseconds.
    pub created: u64,
    /// How long it is good, in milliseconds.
    pub ttl: u64,
    /// How long the vendor took.
    #[serde(default)]
    pub took: Duration,
    /// What it cost, where that was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Usd>,
    /// The answer.
    pub answer: Answer,
    /// Its bytes as JSON, about.
    #[serde(skip)]
    pub bytes: usize,
}

/// The answer of an [`Entry`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Answer {
    /// Of a chat, streamed or not.
    Chat(Box<ChatResponse>),
    /// Vectors.
    Embed(Box<EmbedResponse>),
}

impl Entry {
    /// An entry of an answer: attempts, limits and times belonged to the first request, and the next ones cost nothing.
    pub fn new(answer: Answer, created: u64, ttl: Duration, took: Duration) -> Self {
        let mut answer = answer;
        let cost = match &mut answer {
            Answer::Chat(chat) => {
                chat.attempts.clear();
                chat.rate_limits = None;
                chat.timing = Timing::default();
                chat.cache = None;
                chat.cost.replace(Cost::cached())
            }
            Answer::Embed(embed) => {
                embed.attempts.clear();
                embed.cache = None;
                embed.cost.replace(Cost::cached())
            }
        };
        let bytes = size(&answer);
        Self { created, ttl: millis(ttl), took, cost: cost.map(|cost| cost.total), answer, bytes }
    }

    /// Whether it may still be given at a time in Unix milliseconds.
    pub fn is_fresh(&self, now: u64) -> bool {
        now < self.created.saturating_add(self.ttl) && self.created <= now.saturating_add(SKEW)
    }

    /// The tokens of the answer.
    pub fn usage(&self) -> &Usage {
        match &self.answer {
            Answer::Chat(chat) => &chat.usage,
            Answer::Embed(embed) => &embed.usage,
        }
    }

    /// The answer in the form that the request wants; `None` when it is one to another operation.
    pub(crate) fn respond(&self, request: &Request, status: CacheStatus) -> Option<Response> {
        match (&self.answer, request) {
            (Answer::Chat(chat), Request::Chat(_)) => {
                let mut chat = chat.clone();
                chat.cache = Some(status);
                Some(Response::Chat(chat))
            }
            (Answer::Chat(chat), Request::ChatStream(_)) => {
                let mut chat = chat.clone();
                chat.cache = Some(status);
                Some(Response::ChatStream(ChatStream::new(Replay::new(*chat))))
            }
            (Answer::Embed(embed), Request::Embed(_)) => {
                let mut embed = embed.clone();
                embed.cache = Some(status);
                Some(Response::Embed(embed))
            }
            _ => None,
        }
    }
}

/// Bytes of the answer as JSON, counted without making it.
pub(crate) fn size(answer: &Answer) -> usize {
    struct Count(usize);
    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    match serde_json::to_writer(&mut count, answer) {
        Ok(()) => count.0,
        Err(_) => usize::MAX,
    }
}
