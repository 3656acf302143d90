//! By the kind of task: which model does it best, with the reason kept.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::{Priority, Reads, Strategy, lead};
use crate::contest::Contest;

/// The target of the request's task, then its fallbacks, then the others by tier. A task without an entry, or none, goes
/// by tier and as listed. The task stands in the hints of the call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tasks(pub BTreeMap<String, TaskRoute>);

/// Who does a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskRoute {
    /// Who is asked, as `provider/model`.
    pub target: String,
    /// Who is asked when it fails, in order: a text or a list.
    #[serde(default, deserialize_with = "one_or_many", skip_serializing_if = "Vec::is_empty")]
    pub fallback: Vec<String>,
    /// Why, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl TaskRoute {
    /// A target for a task, and why.
    pub fn new(target: impl Into<String>, why: impl Into<String>) -> Self {
        Self { target: target.into(), fallback: Vec::new(), why: Some(why.into()) }
    }

    /// With one more fallback.
    pub fn with_fallback(mut self, fallback: impl Into<String>) -> Self {
        self.fallback.push(fallback.into());
        self
    }
}

impl Tasks {
    /// With one more task.
    pub fn with(mut self, task: impl Into<String>, route: TaskRoute) -> Self {
        self.0.insert(task.into(), route);
        self
    }

    /// Every target that is named.
    pub(super) fn targets_mut(&mut self) -> impl Iterator<Item = &mut String> {
        self.0.values_mut().flat_map(|route| std::iter::once(&mut route.target).chain(&mut route.fallback))
    }
}

impl Strategy for Tasks {
    fn name(&self) -> &'static str {
        "task"
    }

    fn reads(&self) -> Reads {
        Reads::NONE
    }

    fn rank(&self, contest: &Contest<'_>, order: &mut Vec<usize>) -> Cow<'static, str> {
        let others = Priority.rank(contest, order);
        let Some(task) = contest.facts.task.as_deref() else {
            return Cow::Owned(format!("the request names no task: {others}"));
        };
        let Some(route) = self.0.get(task) else {
            return Cow::Owned(format!("the task {task} has no entry: {others}"));
        };
        for name in route.fallback.iter().rev().chain([&route.target]) {
            if let Some(place) = order.iter().copied().find(|&place| is_named(contest, place, name)) {
                lead(order, place);
            }
        }
        match &route.why {
            Some(why) => Cow::Owned(format!("the task {task}: {why}")),
            None => Cow::Owned(format!("the task {task}")),
        }
    }
}

/// Whether a target has this name.
pub(super) fn is_named(contest: &Contest<'_>, place: usize, name: &str) -> bool {
    let target = &contest.place(place).target;
    name.split_once('/').is_some_and(|(provider, model)| *target.provider == *provider && *target.model == *model)
}

fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    struct OneOrMany;

    impl<'de> Visitor<'de> for OneOrMany {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a target such as \"openai/gpt-5.4-mini\", or a list of them")
        }

        fn visit_str<E: serde::de::Error>(self, one: &str) -> Result<Vec<String>, E> {
            Ok(vec![one.to_owned()])
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut many: A) -> Result<Vec<String>, A::Error> {
            let mut all = Vec::new();
            while let Some(one) = many.next_element()? {
                all.push(one);
            }
            Ok(all)
        }
    }

    deserializer.deserialize_any(OneOrMany)
}
