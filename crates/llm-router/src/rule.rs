//! Rules: which model answers by what the request is, whatever route it names.

use std::fmt;
use std::sync::Arc;

use llm_core::Request;
use serde::{Deserialize, Serialize};

use crate::facts::Facts;
use crate::needs::Need;
use crate::target::has_value;

/// A rule: when a request is like this, another model is meant. As configuration
/// `when = { task = "code_generation" }`, `model = "smart"`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Rule {
    /// Which requests. All conditions must hold.
    #[serde(default)]
    pub when: When,
    /// What answers them: any name that a request could use. Rules are not asked again for it.
    pub model: String,
}

/// Which requests a rule is for. What is left out is not asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct When {
    /// The model name that the request uses. A rule without it is for every request except those that name
    /// `provider/model` outright.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The task in the hints.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// Estimated input tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_tokens: Option<Between>,
    /// Whether it has tools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_tools: Option<bool>,
    /// Whether it has images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_images: Option<bool>,
    /// A label that it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The value of that label; any when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is: Option<String>,
}

/// Bounds of a number; neither bound is in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Between {
    /// It is smaller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub below: Option<u64>,
    /// It is larger.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub above: Option<u64>,
}

impl Rule {
    /// A rule.
    pub fn new(when: When, model: impl Into<String>) -> Self {
        Self { when, model: model.into() }
    }
}

impl When {
    /// With a task.
    pub fn task(task: impl Into<String>) -> Self {
        Self { task: Some(task.into()), ..Self::default() }
    }

    /// What is wrong with it.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        match self {
            Self { tag: None, is: Some(_), .. } => Some("`is` stands without `tag`: name the tag"),
            Self { prompt_tokens: Some(Between { below: None, above: None }), .. } => {
                Some("`prompt_tokens` has no bound: write `below` or `above`")
            }
            _ => None,
        }
    }

    /// Whether a request is meant. `is_outright` says that it names `provider/model`.
    pub(crate) fn admits(&self, facts: &Facts, is_outright: bool) -> bool {
        let Self { model, task, prompt_tokens, has_tools, has_images, tag, is } = self;
        let images = || facts.media.iter().any(|media| media.family().eq_ignore_ascii_case("image"));
        model.as_ref().map_or(!is_outright, |model| **model == *facts.model)
            && task.as_deref().is_none_or(|task| facts.task.as_deref() == Some(task))
            && has_tools.is_none_or(|has| has == facts.needs.has(Need::Tools))
            && has_images.is_none_or(|has| has == images())
            && prompt_tokens.is_none_or(|between| between.holds(facts.input_tokens))
            && tag.as_ref().is_none_or(|tag| has_value(facts.tag(tag), is.as_deref()))
    }
}

impl Between {
    /// Whether a number is in it.
    pub fn holds(self, number: u64) -> bool {
        self.below.is_none_or(|below| number < below) && self.above.is_none_or(|above| number > above)
    }
}

/// The rules of a router, in order.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    rules: Vec<(Rule, Arc<str>)>,
    /// Whether one of them asks for tokens.
    pub(crate) reads_tokens: bool,
}

impl Rules {
    pub(crate) fn new(rules: &[Rule]) -> Self {
        let reads_tokens = rules.iter().any(|rule| rule.when.prompt_tokens.is_some());
        let named = |(number, rule): (usize, &Rule)| (rule.clone(), format!("rule {number} ({rule})").into());
        Self { rules: (1..).zip(rules).map(named).collect(), reads_tokens }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The first rule that is for a request: its words and its model.
    pub(crate) fn first(&self, facts: &Facts, is_outright: bool) -> Option<(&Arc<str>, &str)> {
        let (rule, words) = self.rules.iter().find(|(rule, _)| rule.when.admits(facts, is_outright))?;
        Some((words, &rule.model))
    }

    /// Whether rules are for requests of this kind at all.
    pub(crate) fn are_for(request: &Request) -> bool {
        !matches!(request, Request::Models)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let When { model, task, prompt_tokens, has_tools, has_images, tag, is } = &self.when;
        let mut words: Vec<String> = Vec::new();
        let mut say = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                words.push(format!("{name} {value}"));
            }
        };
        say("model", model.clone());
        say("task", task.clone());
        say("prompt_tokens below", prompt_tokens.and_then(|between| between.below).map(|below| below.to_string()));
        say("prompt_tokens above", prompt_tokens.and_then(|between| between.above).map(|above| above.to_string()));
        say("has_tools", has_tools.map(|has| has.to_string()));
        say("has_images", has_images.map(|has| has.to_string()));
        say("tag", tag.as_ref().map(|tag| is.as_ref().map_or_else(|| tag.clone(), |is| format!("{tag} = {is}"))));
        if words.is_empty() {
            words.push("always".to_owned());
        }
        write!(f, "{}: {}", words.join(", "), self.model)
    }
}
