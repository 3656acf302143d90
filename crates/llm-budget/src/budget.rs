//! What an operator writes: how much money, for whom, for how long, and what happens when it is gone.

use std::sync::Arc;

use llm_core::{Error, ErrorKind, Usd};
use serde::{Deserialize, Serialize};

use crate::window::{Window, Zone};

/// The largest limit: 2⁵³ billionths of a dollar ($9,007,199), up to which every store counts exactly.
pub const LARGEST_LIMIT: Usd = Usd::from_nanos(1 << 53);

/// A limit of money: the `[[budget]]` of a configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Budget {
    /// Its name: in errors, alerts and metrics, and in the ledger, where another name is another account.
    pub name: Arc<str>,
    /// Whose money. Everybody's when nothing is said.
    #[serde(default)]
    pub scope: Scope,
    /// How much, in dollars.
    pub limit: Usd,
    /// For how long.
    #[serde(default)]
    pub window: Window,
    /// Where the window begins and ends.
    #[serde(default)]
    pub timezone: Zone,
    /// How strictly it holds.
    #[serde(default)]
    pub kind: Kind,
    /// What happens to a request that does not fit.
    #[serde(default)]
    pub on_exceed: OnExceed,
    /// Parts of the limit at which to tell, once per window. Default 0.8.
    #[serde(default = "eighty_percent")]
    pub alert_at: Vec<f64>,
}

/// Whose money a budget limits. What is said must all be so; `"*"` is everybody, each with an account of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Scope {
    /// Calls of this provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<Arc<str>>,
    /// Calls of this model, by the provider's name of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<Arc<str>>,
    /// Requests with this key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Arc<str>>,
    /// Requests of this user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<Arc<str>>,
    /// Requests of this team.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<Arc<str>>,
    /// Requests with this label; which value of it says `is`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<Arc<str>>,
    /// The label's value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is: Option<Arc<str>>,
}

impl Scope {
    /// Whether everybody has an account of their own.
    pub fn is_of_each(&self) -> bool {
        let Self { provider, model, key, user, team, tag, is } = self;
        [provider, model, key, user, team, is].into_iter().flatten().any(|said| **said == *"*")
            || (tag.is_some() && is.is_none())
    }

    /// Whether it is about calls of certain targets, so that it is known only when one is chosen.
    pub fn is_of_targets(&self) -> bool {
        self.provider.is_some() || self.model.is_some()
    }
}

/// How strictly a budget holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Never overspent: what a request may cost at most is set aside before it is sent. Without its ledger nothing goes.
    #[default]
    Hard,
    /// Nothing more is begun once it is spent; what is at work then may go over it. Without its ledger all goes.
    Soft,
}

/// What happens to a request that does not fit in a budget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnExceed {
    /// It is refused.
    #[default]
    Deny,
    /// Another target is asked: for budgets of a provider or a model.
    Fallback,
    /// It goes to the cheapest target that can answer it, over the limit.
    Cheapest,
    /// It goes as if there were no limit, and somebody is told.
    Warn,
}

fn eighty_percent() -> Vec<f64> {
    vec![0.8]
}

impl Budget {
    /// A hard limit for everybody together.
    pub fn new(name: impl Into<Arc<str>>, limit: Usd, window: Window) -> Self {
        Self {
            name: name.into(),
            scope: Scope::default(),
            limit,
            window,
            timezone: Zone::default(),
            kind: Kind::default(),
            on_exceed: OnExceed::default(),
            alert_at: eighty_percent(),
        }
    }

    /// With whose money it is.
    pub fn with_scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// In a time zone.
    pub fn with_timezone(mut self, timezone: Zone) -> Self {
        self.timezone = timezone;
        self
    }

    /// As strict as this.
    pub fn with_kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// With what happens to what does not fit.
    pub fn with_on_exceed(mut self, on_exceed: OnExceed) -> Self {
        self.on_exceed = on_exceed;
        self
    }

    /// With other parts at which to tell.
    pub fn with_alert_at(mut self, parts: impl Into<Vec<f64>>) -> Self {
        self.alert_at = parts.into();
        self
    }

    /// Whether a request that does not fit is stopped here.
    pub(crate) fn stops(&self) -> bool {
        matches!(self.on_exceed, OnExceed::Deny | OnExceed::Fallback)
    }

    /// What a configuration of it has wrong, if anything.
    pub fn check(&self) -> Result<(), Error> {
        let wrong = |why: String| Err(Error::new(ErrorKind::Config, format!("budget {:?}: {why}", self.name)));
        if self.name.is_empty() {
            return wrong("it has no name: give it one".to_owned());
        }
        if self.name.contains(['@', '[', ']']) {
            return wrong(
                "its name has one of @ [ ]: accounts are named with them, choose other characters".to_owned(),
            );
        }
        if self.limit.is_zero() || self.limit > LARGEST_LIMIT || self.limit != self.limit.rounded() {
            return wrong(format!(
                "the limit ${} cannot be kept: it is more than nothing, at most ${LARGEST_LIMIT}, and has at most nine \
                 digits after the point",
                self.limit
            ));
        }
        if let Some(part) = self.alert_at.iter().find(|part| !(**part > 0.0 && **part <= 1.0)) {
            return wrong(format!("alert_at {part} is no part of the limit: it is above 0 and at most 1"));
        }
        if self.on_exceed == OnExceed::Fallback && !self.scope.is_of_targets() {
            return wrong(
                "on_exceed = \"fallback\" needs a scope with a provider or a model: every other target would be as far \
                 over the limit"
                    .to_owned(),
            );
        }
        if self.scope.is.is_some() && self.scope.tag.is_none() {
            return wrong("its scope says `is` without `tag`: name the tag".to_owned());
        }
        Ok(())
    }

    /// The amounts at which to tell, in billionths of a dollar, smallest first.
    pub(crate) fn alerts(&self) -> Arc<[u64]> {
        let limit = u128::from(self.limit.nanos());
        // A budget that stops nothing tells at least when it is gone.
        let at_limit = (!self.stops()).then_some(1.0);
        let mut amounts: Vec<u64> = self
            .alert_at
            .iter()
            .copied()
            .chain(at_limit)
            .map(|part| u64::try_from(limit * u128::from(millionths(part)) / 1_000_000).unwrap_or(u64::MAX).max(1))
            .collect();
        amounts.sort_unstable();
        amounts.dedup();
        amounts.into()
    }
}

/// A part as a number of millionths.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be between 0 and 1")]
pub(crate) fn millionths(part: f64) -> u32 {
    (part.clamp(0.0, 1.0) * 1e6).round() as u32
}
