//! Why a request goes where it goes, for people and for JSON. Nothing is called.

use std::fmt;

use llm_core::{Error, Request, Target};
use serde::Serialize;

use crate::plan::{Decision, Skipped};
use crate::router::Router;

/// Why a request goes where it goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Explanation {
    /// The model that the request names.
    pub asked: String,
    /// The route behind the name; none when it names its target outright.
    pub route: Option<String>,
    /// What made the order.
    pub strategy: &'static str,
    /// Who is asked, best first.
    pub targets: Vec<Target>,
    /// Who is not, with the reason.
    pub skipped: Vec<ExplainedSkip>,
}

/// A target that is not asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ExplainedSkip {
    /// Which.
    pub target: Target,
    /// Why, in words.
    pub why: String,
}

impl Router {
    /// Why a request goes where it goes. The error is that of the request itself.
    pub fn explain(&self, request: &Request) -> Result<Explanation, Error> {
        let Decision { route, strategy, targets, mut skipped } = self.decide(request)?;
        if let Some(route) = &route {
            skipped.extend(self.left_out(route));
        }
        let skipped = skipped.into_iter().map(|Skipped { target, why }| ExplainedSkip { target, why: why.to_string() });
        Ok(Explanation {
            asked: request.model().to_owned(),
            route: route.map(|route| route.to_string()),
            strategy,
            targets: targets.iter().map(|place| place.target.clone()).collect(),
            skipped: skipped.collect(),
        })
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.asked)?;
        if let Some(route) = &self.route {
            write!(f, ", route {route:?}")?;
        }
        write!(f, ", strategy {}", self.strategy)?;
        for (number, target) in (1..).zip(&self.targets) {
            write!(f, "\n  {number}. {target}")?;
        }
        for ExplainedSkip { target, why } in &self.skipped {
            write!(f, "\n  –  {target}: {why}")?;
        }
        Ok(())
    }
}
