//! Filters: why a target is not asked. Only what is known keeps a target out; what is unknown is tried.

use std::fmt;
use std::time::Duration;

use llm_core::Usd;
use serde::{Deserialize, Serialize};

use crate::bound::Held;
use crate::contest::Contest;
use crate::health::Health;
use crate::needs::{Given, Need};
use crate::snapshot::{Condition, TargetView};
use crate::target::REQUIRE;

/// Why a target is not asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WhyNot {
    /// It is known not to have something that the request needs.
    Lacks(Need),
    /// It is known not to take such media.
    Media {
        /// The type.
        media_type: String,
        /// How it is given.
        given: Given,
    },
    /// The request is thought to be longer than its context window.
    Window {
        /// Tokens that the request is thought to take, its answer included.
        tokens: u64,
        /// The window.
        window: u64,
    },
    /// It is not known to run in the region that the request asks for.
    Region(String),
    /// The request lacks the label without which it takes none.
    OnlyIf(String),
    /// It lacks a label that the request asks for.
    Label(String),
    /// Its answers are known to be worse than the route wants them.
    Quality {
        /// How good they are.
        is: f64,
        /// The least.
        least: f64,
    },
    /// The request is thought to cost more than may be spent on one there.
    Cost {
        /// What it is thought to cost.
        estimate: Usd,
        /// The most.
        most: Usd,
    },
    /// Its budget of the day is spent.
    Budget,
    /// Its weight is 0.
    Weight,
    /// It belongs to an experiment, and the request not to its arm.
    OtherArm,
    /// The request carries state that is somewhere else.
    Elsewhere(Held),
    /// The request carries signed state of another target and does not allow to leave it out.
    Signed,
    /// It only steps in for others, and the request allows no fallback.
    NoFallback,
    /// It takes no requests now, and others do.
    Shut {
        /// For so long, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        wait: Option<Duration>,
    },
    /// It failed too often a short while ago, and others did not.
    Unavailable,
    /// The route's strategy left it out.
    Strategy(String),
}

impl fmt::Display for WhyNot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lacks(need) => write!(f, "it does not support {need}"),
            Self::Media { media_type, given: Given::Url } => write!(f, "it does not take {media_type} by URL"),
            Self::Media { media_type, .. } => write!(f, "it does not take {media_type}"),
            Self::Window { tokens, window } => {
                write!(f, "its context window of {window} tokens is too small for about {tokens}")
            }
            Self::Region(region) => write!(f, "it is not in the region {region}"),
            Self::OnlyIf(tag) => write!(f, "it takes requests with the right tag {tag} only"),
            Self::Label(label) => write!(f, "it has no tag {label}"),
            Self::Quality { is, least } => write!(f, "its quality {is} is below {least}"),
            Self::Cost { estimate, most } => write!(f, "the request would cost about ${estimate}, more than ${most}"),
            Self::Budget => f.write_str("its daily budget is spent"),
            Self::Weight => f.write_str("its weight is 0"),
            Self::OtherArm => f.write_str("it is only for an arm of an experiment"),
            Self::Elsewhere(held) => write!(f, "the request needs {} of another provider", held.as_str()),
            Self::Signed => f.write_str("the request carries state that only another target can read"),
            Self::NoFallback => f.write_str("the request allows no fallback"),
            Self::Shut { wait: None } => f.write_str("it takes no requests now"),
            Self::Shut { wait: Some(wait) } => write!(f, "it takes no requests for {:.1} s", wait.as_secs_f64()),
            Self::Unavailable => f.write_str("it failed too often a short while ago"),
            Self::Strategy(name) => write!(f, "the strategy {name} leaves it out"),
        }
    }
}

/// What keeps a target from answering at any time, in the order in which it is looked for.
pub(crate) fn removes(contest: &Contest<'_>, place: usize) -> Option<WhyNot> {
    lacks(contest, place).or_else(|| window(contest, place)).or_else(|| others(contest, place))
}

/// The same without the context window, which is compared with an estimate only.
pub(crate) fn removes_beside_window(contest: &Contest<'_>, place: usize) -> Option<WhyNot> {
    lacks(contest, place).or_else(|| others(contest, place))
}

fn others(contest: &Contest<'_>, place: usize) -> Option<WhyNot> {
    labels(contest, place)
        .or_else(|| quality(contest, place))
        .or_else(|| money(contest, place))
        .or_else(|| (contest.place(place).weight == Some(0)).then_some(WhyNot::Weight))
        .or_else(|| other_arm(contest, place).then_some(WhyNot::OtherArm))
        .or_else(|| bound(contest, place))
}

fn other_arm(contest: &Contest<'_>, place: usize) -> bool {
    let of = contest.place(place);
    of.arm_only && contest.facts.assigned.as_ref().is_none_or(|assigned| assigned.target != of.target)
}

fn lacks(contest: &Contest<'_>, place: usize) -> Option<WhyNot> {
    let of = contest.place(place);
    if let Some(need) = contest.facts.needs.first_of(of.lacks) {
        return Some(WhyNot::Lacks(need));
    }
    let refused = contest.facts.media.iter().find(|media| !media.may(&of.media_inline, &of.media_url))?;
    Some(WhyNot::Media { media_type: refused.media_type.clone(), given: refused.given })
}

fn window(contest: &Contest<'_>, place: usize) -> Option<WhyNot> {
    let window = contest.place(place).context_window?;
    let tokens = contest.facts.input_tokens.saturating_add(contest.facts.max_output.unwrap_or(0));
    (tokens > window).then_some(WhyNot::Window { tokens, window })
}

fn labels(contest: &Contest<'_>, place: usize) -> Option<WhyNot> {
    let (of, facts) = (contest.place(place), contest.facts);
    if let Some(region) = &facts.region
        && of.region.as_ref() != Some(region)
    {
        return Some(WhyNot::Region(region.to_string()));
    }
    if let Some(only_if) = &of.only_if
        && !only_if.admits(facts.tag(&only_if.tag))
    {
        return Some(WhyNot::OnlyIf(only_if.tag.clone()));
    }
    let mut required = facts.tag(REQUIRE)?.split(',').map(str::trim).filter(|label| !label.is_empty());
    let missing = required.find(|label| !of.tags.iter().any(|tag| tag == label))?;
    Some(WhyNot::Label(missing.to_owned()))
}

fn quality(contest: &Contest<'_>, place: usize) -> Option<WhyNot> {
    let least = contest.view.min_quality?;
    let is = contest.quality(place)?;
    (is < least).then_some(WhyNot::Quality { is, least })
}

fn money(contest: &Contest<'_>, place: usize) -> Option<WhyNot> {
    if contest.now(place).budget_left.is_some_and(|left| left <= 0.0) {
        return Some(WhyNot::Budget);
    }
    let most = contest.place(place).max_usd_per_request?;
    let estimate = contest.cost(place)?;
    (estimate > most).then_some(WhyNot::Cost { estimate, most })
}

fn bound(contest: &Contest<'_>, place: usize) -> Option<WhyNot> {
    let (of, bound) = (contest.place(place), &contest.facts.bound);
    if let Some(held) = bound.missing_at(&of.target.provider, &of.api) {
        return Some(WhyNot::Elsewhere(held));
    }
    (bound.strict && bound.signed_by.as_ref() != Some(&of.target)).then_some(WhyNot::Signed)
}

/// What keeps a target from answering now.
pub(crate) fn refuses(now: &TargetView) -> Option<WhyNot> {
    match now.condition {
        Condition::Shut { wait } => Some(WhyNot::Shut { wait }),
        Condition::Ready => (now.pulse.health == Health::Unavailable).then_some(WhyNot::Unavailable),
    }
}
