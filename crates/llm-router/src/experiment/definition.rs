//! What an operator writes of an experiment, and what is wrong with it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use llm_core::{Cx, Usd, duration_text};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A comparison of targets on the requests of one route. As configuration:
///
/// ```toml
/// [[experiment]]
/// name = "haiku-vs-mini"
/// on_model = "fast"
/// sticky_by = "user"                  # user | session | tenant | tag:NAME | request
/// goal = "quality"                    # quality | success | latency | first_token | cost
/// arms = [
///     { name = "A", target = "anthropic/claude-haiku-4-5", share = 50 },
///     { name = "B", target = "openai/gpt-5.4-mini", share = 50 },
/// ]
/// stop = { min_samples = 2000, p_value = 0.01, max_cost = "20.00", max_duration = "336h" }
/// after = "winner"                    # winner | control
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Experiment {
    /// Its name: part of the hash that assigns, so another name divides the same users anew.
    pub name: Arc<str>,
    /// The route whose requests take part.
    pub on_model: Arc<str>,
    /// What keeps its arm. Default the user.
    #[serde(default)]
    pub sticky_by: StickyBy,
    /// What happens to a request that does not say that. Default: it does not take part.
    #[serde(default)]
    pub without_key: WithoutKey,
    /// The arms; the first one is the control.
    pub arms: Vec<ArmSpec>,
    /// What decides. Default quality.
    #[serde(default)]
    pub goal: Goal,
    /// When it ends by itself. Default never.
    #[serde(default)]
    pub stop: StopRules,
    /// Who answers when it has ended. Default the winner, and the control where there is none.
    #[serde(default)]
    pub after: AfterStop,
}

/// One of the targets that are compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ArmSpec {
    /// Its name, part of the hash that assigns.
    pub name: Arc<str>,
    /// `provider/model`, or a provider that has a default model. It is asked first, the route's others after it.
    pub target: String,
    /// Its part of the sum of all shares; 0 is nobody.
    #[serde(default = "one")]
    pub share: u32,
}

fn one() -> u32 {
    1
}

/// What keeps its arm. In configurations `user`, `session`, `tenant`, `tag:NAME` or `request`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum StickyBy {
    /// The user, from the hints.
    #[default]
    User,
    /// The session, from the hints.
    Session,
    /// On whose behalf it is asked.
    Tenant,
    /// The value of this label.
    Tag(String),
    /// Nothing: each request is assigned by its own id.
    Request,
}

/// What happens to a request without the key that assigns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithoutKey {
    /// It does not take part: it is planned as if there were no experiment, and counts for no arm.
    #[default]
    Exclude,
    /// It is assigned by its own id. The same user may meet several arms then.
    Random,
}

/// What decides an experiment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// The mean of the scores, by feedback and assessments.
    #[default]
    Quality,
    /// The share of requests that ended well.
    Success,
    /// The time to the end of the answer.
    Latency,
    /// The time to the first content of a stream.
    FirstToken,
    /// The cost of an answer.
    Cost,
}

impl Goal {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Quality, Self::Success, Self::Latency, Self::FirstToken, Self::Cost];
}

/// When an experiment ends by itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct StopRules {
    /// Observations of the goal that every arm must have before the difference is looked at.
    pub min_samples: Option<u64>,
    /// Chance of ending with a winner although the arms do not differ, over the whole experiment: each look spends a part
    /// of it. The looks are at `min_samples`, twice as many, four times as many and so on, and spend a half, a quarter,
    /// an eighth; so looking often does not make it wrong.
    pub p_value: Option<f64>,
    /// Cost of all arms together.
    pub max_cost: Option<Usd>,
    /// Time since the start.
    #[serde(with = "duration_text::option", skip_serializing_if = "Option::is_none")]
    pub max_duration: Option<Duration>,
}

/// Who answers when an experiment has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterStop {
    /// The winner, and the control where there is none.
    #[default]
    Winner,
    /// The control.
    Control,
}

impl Experiment {
    /// An experiment on a route, without arms.
    pub fn new(name: impl Into<Arc<str>>, on_model: impl Into<Arc<str>>) -> Self {
        Self {
            name: name.into(),
            on_model: on_model.into(),
            sticky_by: StickyBy::default(),
            without_key: WithoutKey::default(),
            arms: Vec::new(),
            goal: Goal::default(),
            stop: StopRules::default(),
            after: AfterStop::default(),
        }
    }

    /// With one more arm; the first one is the control.
    pub fn with_arm(mut self, name: impl Into<Arc<str>>, target: impl Into<String>, share: u32) -> Self {
        self.arms.push(ArmSpec { name: name.into(), target: target.into(), share });
        self
    }

    /// With what keeps its arm.
    pub fn with_sticky_by(mut self, sticky_by: StickyBy) -> Self {
        self.sticky_by = sticky_by;
        self
    }

    /// With what decides.
    pub fn with_goal(mut self, goal: Goal) -> Self {
        self.goal = goal;
        self
    }

    /// With rules for its end.
    pub fn with_stop(mut self, stop: StopRules) -> Self {
        self.stop = stop;
        self
    }

    /// What is wrong with it, in whole sentences.
    pub fn problems(&self) -> Vec<String> {
        let name = &self.name;
        let mut problems = Vec::new();
        let mut problem = |text: String| problems.push(format!("the experiment {name:?} {text}"));
        if self.arms.len() < 2 {
            problem("has fewer than two arms: give it a control and one more at least".to_owned());
        }
        let mut names = BTreeSet::new();
        for arm in &self.arms {
            if !names.insert(&arm.name) {
                problem(format!("has two arms named {:?}: rename one of them", arm.name));
            }
        }
        if self.arms.iter().all(|arm| arm.share == 0) && !self.arms.is_empty() {
            problem("has no arm with a share above 0: give one to each".to_owned());
        }
        if let Some(p_value) = self.stop.p_value {
            if !(p_value > 0.0 && p_value < 1.0) {
                problem(format!("has the p_value {p_value}: write one between 0 and 1, such as 0.01"));
            }
            if self.stop.min_samples.is_none_or(|samples| samples < 2) {
                problem("has a p_value without min_samples: say how many each arm needs at least".to_owned());
            }
        }
        problems
    }
}

impl StopRules {
    /// Ends when a difference has this chance of being none, and every arm has so many observations at least.
    pub fn significant(p_value: f64, min_samples: u64) -> Self {
        Self { min_samples: Some(min_samples), p_value: Some(p_value), ..Self::default() }
    }

    /// Also ends when all arms together cost so much.
    pub fn with_max_cost(mut self, cost: Usd) -> Self {
        self.max_cost = Some(cost);
        self
    }

    /// Also ends after this time.
    pub fn with_max_duration(mut self, duration: Duration) -> Self {
        self.max_duration = Some(duration);
        self
    }
}

impl StickyBy {
    /// What of a call assigns it, where it says so.
    pub(super) fn key<'a>(&self, cx: &'a Cx) -> Option<&'a str> {
        let hints = cx.hints.as_deref();
        let key = match self {
            Self::User => hints?.user.as_deref()?,
            Self::Session => hints?.session.as_deref()?,
            Self::Tenant => cx.tenant.as_deref()?,
            Self::Tag(name) => cx.tags.as_deref()?.get(name)?,
            Self::Request => cx.request_id.as_deref()?,
        };
        Some(key).filter(|key| !key.is_empty())
    }
}

impl Serialize for StickyBy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::User => serializer.serialize_str("user"),
            Self::Session => serializer.serialize_str("session"),
            Self::Tenant => serializer.serialize_str("tenant"),
            Self::Request => serializer.serialize_str("request"),
            Self::Tag(name) => serializer.collect_str(&format_args!("tag:{name}")),
        }
    }
}

impl<'de> Deserialize<'de> for StickyBy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Ok(match &*text {
            "user" => Self::User,
            "session" => Self::Session,
            "tenant" => Self::Tenant,
            "request" => Self::Request,
            other => match other.strip_prefix("tag:").filter(|name| !name.is_empty()) {
                Some(name) => Self::Tag(name.to_owned()),
                None => {
                    return Err(serde::de::Error::custom(format_args!(
                        "unknown sticky_by {other:?}: write user, session, tenant, tag:NAME or request"
                    )));
                }
            },
        })
    }
}
