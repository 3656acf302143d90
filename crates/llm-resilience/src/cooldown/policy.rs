//! For how long a key is left alone.

use std::time::Duration;

use llm_core::{ErrorKind, duration_text};
use serde::{Deserialize, Serialize};

const MINUTE: Duration = Duration::from_secs(60);

/// How long a key is left alone after a vendor refused it. A wait that the vendor itself asked for is kept as it is.
///
/// The times double with each refusal that follows without an answer between. Zero means: not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct CoolDownPolicy {
    /// The first time after a wrong key: after one refusal, or after three in a row where the model answered lately.
    /// Default 5 min.
    #[serde(with = "duration_text")]
    pub auth: Duration,
    /// The longest after a wrong key. Default 1 h.
    #[serde(with = "duration_text")]
    pub max_auth: Duration,
    /// The first time after the credit or quota was used up and nobody said until when. Default 15 min.
    #[serde(with = "duration_text")]
    pub quota: Duration,
    /// The longest after that. Default 6 h.
    #[serde(with = "duration_text")]
    pub max_quota: Duration,
    /// Each time after a key may not use a model, or does not find it. Default 5 min.
    #[serde(with = "duration_text")]
    pub missing: Duration,
    /// Whether a vendor's wait after too many requests holds back everybody with this key at this model. Default true.
    pub rate_limits: bool,
}

impl Default for CoolDownPolicy {
    fn default() -> Self {
        Self {
            auth: 5 * MINUTE,
            max_auth: 60 * MINUTE,
            quota: 15 * MINUTE,
            max_quota: 360 * MINUTE,
            missing: 5 * MINUTE,
            rate_limits: true,
        }
    }
}

impl CoolDownPolicy {
    /// No key is ever left alone.
    pub fn off() -> Self {
        let none = Duration::ZERO;
        Self { auth: none, max_auth: none, quota: none, max_quota: none, missing: none, rate_limits: false }
    }

    /// How long a key is left alone after its `strikes`-th refusal in a row; `None` for errors that are not about keys.
    pub(super) fn time(&self, kind: ErrorKind, retry_after: Option<Duration>, strikes: u32) -> Option<Duration> {
        let told = retry_after.filter(|wait| !wait.is_zero());
        let doubled = |first: Duration, longest: Duration| {
            let times = 2_u32.saturating_pow(strikes.saturating_sub(1));
            first.saturating_mul(times).min(longest.max(first))
        };
        let time = match kind {
            ErrorKind::Auth => doubled(self.auth, self.max_auth),
            ErrorKind::QuotaExhausted if self.quota.is_zero() => Duration::ZERO,
            ErrorKind::QuotaExhausted => told.unwrap_or_else(|| doubled(self.quota, self.max_quota)),
            ErrorKind::Permission | ErrorKind::NotFound => self.missing,
            ErrorKind::RateLimited if self.rate_limits => told?,
            _ => return None,
        };
        (!time.is_zero()).then_some(time)
    }
}
