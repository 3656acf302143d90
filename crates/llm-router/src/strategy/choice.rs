//! Who is meant by a word such as "cheapest".

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::task::is_named;
use super::{Priority, Reads, Score, Strategy, cost, fastest, lead, quality};
use crate::contest::Contest;

/// Who is asked first: by a property, or by name. As configuration a word (`cheapest`, `fastest`, `best_quality`,
/// `as_listed`) or `provider/model`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Choice {
    /// The cheapest first.
    Cheapest,
    /// The fastest first.
    Fastest,
    /// The best first.
    BestQuality,
    /// By tier and as listed.
    AsListed,
    /// This one first, then by tier and as listed.
    Target(String),
}

impl Choice {
    /// What it reads.
    pub(super) fn reads(&self) -> Reads {
        match self {
            Self::Cheapest => Reads::PRICES,
            Self::Fastest => Reads::STATS.and(Reads::LOAD),
            Self::BestQuality => Reads::STATS,
            Self::AsListed | Self::Target(_) => Reads::NONE,
        }
    }

    /// Orders by it.
    pub(super) fn rank(&self, contest: &Contest<'_>, order: &mut Vec<usize>) {
        match self {
            Self::Cheapest => cost::sort(contest, order),
            Self::Fastest => fastest::sort(contest, order),
            Self::BestQuality => quality::sort(contest, order),
            Self::AsListed => drop(Priority.rank(contest, order)),
            Self::Target(name) => {
                Priority.rank(contest, order);
                if let Some(place) = order.iter().copied().find(|&place| is_named(contest, place, name)) {
                    lead(order, place);
                }
            }
        }
    }

    /// What its order came from.
    pub(super) fn scores(&self, contest: &Contest<'_>, place: usize) -> Vec<Score> {
        match self {
            Self::Cheapest => cost::Cost.scores(contest, place),
            Self::Fastest => fastest::scores(contest, place),
            Self::BestQuality => quality::BestQuality.scores(contest, place),
            Self::AsListed | Self::Target(_) => Priority.scores(contest, place),
        }
    }

    /// The target that it names.
    pub(super) fn target_mut(&mut self) -> Option<&mut String> {
        match self {
            Self::Target(name) => Some(name),
            _ => None,
        }
    }
}

impl From<&str> for Choice {
    fn from(text: &str) -> Self {
        match text {
            "cheapest" => Self::Cheapest,
            "fastest" => Self::Fastest,
            "best_quality" => Self::BestQuality,
            "as_listed" => Self::AsListed,
            name => Self::Target(name.to_owned()),
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cheapest => "cheapest",
            Self::Fastest => "fastest",
            Self::BestQuality => "best_quality",
            Self::AsListed => "as_listed",
            Self::Target(name) => name,
        })
    }
}

impl Serialize for Choice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Choice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from(&*Cow::<'de, str>::deserialize(deserializer)?))
    }
}
