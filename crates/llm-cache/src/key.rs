//! The name under which an answer is kept: a keyed 256-bit hash of whose request it is and of all that it means.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use llm_core::{Cx, Error, ErrorKind, QualityNeed, Request};

use crate::canon::canonical;

/// What the canonical form of a request looks like; another number makes every old key unknown.
const VERSION: u8 = 1;

/// Fields of a chat request that are no part of its meaning.
///
/// `model` stands here because the resolved model is a part of the key by itself.
/// `end_user` and `metadata` are labels for the vendor's records. Whether an answer is streamed is no field.
pub const IGNORED_IN_CHAT: &[&str] = &["model", "end_user", "metadata"];

/// Fields of an embedding request that are no part of its meaning.
pub const IGNORED_IN_EMBED: &[&str] = &["model", "end_user"];

/// Who may be given an answer. There is no key without it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantScope(Scope);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Scope {
    Tenant(Arc<str>),
    Shared,
}

impl TenantScope {
    /// Nobody but this tenant.
    pub fn tenant(tenant: impl Into<Arc<str>>) -> Self {
        Self(Scope::Tenant(tenant.into()))
    }

    /// Everybody. Only where no request says anything that another tenant may not see.
    pub const fn shared() -> Self {
        Self(Scope::Shared)
    }
}

/// The key of an answer. It says nothing about the request to somebody who has not the secret, and is never shown.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CacheKey([u8; 32]);

impl CacheKey {
    /// The key as bytes, for stores.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// A key that a store kept.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for CacheKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CacheKey(..)")
    }
}

/// The secrets behind keys and values. Replicas that share a store need the same one.
#[derive(Clone)]
pub struct Keyring {
    keys: [u8; 32],
    frames: [u8; 32],
}

/// What a secret must have at least.
const SHORTEST: usize = 16;

impl Keyring {
    /// From the operator's secret, 16 bytes or more.
    pub fn new(secret: &[u8]) -> Result<Self, Error> {
        if secret.len() < SHORTEST {
            return Err(Error::new(
                ErrorKind::Config,
                "the secret of the response cache is too short: use 16 random bytes or more",
            ));
        }
        Ok(Self::derived(secret))
    }

    /// From a random secret that nobody knows: for a store that lives no longer than the process.
    pub fn ephemeral() -> Self {
        let mut secret = [0; 32];
        for chunk in secret.chunks_exact_mut(8) {
            // The standard library's hasher is keyed by the operating system's random bytes.
            chunk.copy_from_slice(&RandomState::new().hash_one(0).to_le_bytes());
        }
        Self::derived(&secret)
    }

    fn derived(secret: &[u8]) -> Self {
        Self {
            keys: blake3::derive_key("loquat response cache 2026-11-20 keys", secret),
            frames: blake3::derive_key("loquat response cache 2026-11-20 frames", secret),
        }
    }

    /// The secret that authenticates stored values.
    pub(crate) const fn frames(&self) -> &[u8; 32] {
        &self.frames
    }

    /// The key of a request; `None` for operations whose answers are not kept.
    ///
    /// `resolved` is what the model name stands for: the target, or the route as it is configured now.
    pub fn key(&self, scope: &TenantScope, cx: &Cx, resolved: &str, request: &Request) -> Option<CacheKey> {
        self.key_of(b"answer", scope, cx, resolved, request)
    }

    /// The same for another use than answers; keys of different uses have nothing in common.
    pub(crate) fn key_of(
        &self,
        usage: &[u8],
        scope: &TenantScope,
        cx: &Cx,
        resolved: &str,
        request: &Request,
    ) -> Option<CacheKey> {
        let operation = match request {
            Request::Chat(_) | Request::ChatStream(_) => "chat",
            Request::Embed(_) => "embed",
            _ => return None,
        };
        let mut parts = Parts(Vec::with_capacity(2048));
        parts.add(usage);
        parts.add(&[VERSION]);
        match &scope.0 {
            Scope::Tenant(tenant) => parts.some(tenant.as_bytes()),
            Scope::Shared => parts.none(),
        }
        parts.option(cx.cache.as_ref().and_then(|cache| cache.namespace.as_deref()));
        parts.add(resolved.as_bytes());
        // An answer from an address that a caller chose, or bought with a caller's key, is no other caller's.
        parts.option(cx.endpoint.as_deref());
        parts.option(cx.credential.as_ref().map(llm_core::Secret::expose));
        // What decides which targets may answer.
        let hints = cx.hints.as_deref();
        parts.option(hints.and_then(|hints| hints.region.as_deref()));
        parts.option(hints.and_then(|hints| hints.task.as_deref()));
        parts.add(&[hints.and_then(|hints| hints.quality).map_or(0, |quality| match quality {
            QualityNeed::Low => 1,
            QualityNeed::Standard => 2,
            QualityNeed::High => 3,
        })]);
        parts.add(operation.as_bytes());
        // The last part needs no length.
        let whole = match request {
            Request::Chat(chat) | Request::ChatStream(chat) => canonical(parts.0, &**chat, IGNORED_IN_CHAT),
            Request::Embed(embed) => canonical(parts.0, &**embed, IGNORED_IN_EMBED),
            _ => return None,
        };
        Some(CacheKey(*blake3::keyed_hash(&self.keys, &whole.ok()?).as_bytes()))
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring(..)")
    }
}

/// Parts so written that no two lists of parts are the same bytes.
struct Parts(Vec<u8>);

impl Parts {
    fn add(&mut self, part: &[u8]) {
        self.0.extend_from_slice(&(part.len() as u64).to_le_bytes());
        self.0.extend_from_slice(part);
    }

    fn some(&mut self, part: &[u8]) {
        self.0.push(1);
        self.add(part);
    }

    fn none(&mut self) {
        self.0.push(0);
    }

    fn option(&mut self, part: Option<&str>) {
        match part {
            Some(part) => self.some(part.as_bytes()),
            None => self.none(),
        }
    }
}
