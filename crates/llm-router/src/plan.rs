//! The decision over one request: who is asked in which order, and why others are not.

use std::fmt;
use std::sync::Arc;

use llm_core::{Availability, Capabilities, PlanTarget, Request, Support, Target};

/// Who is asked for one request, in which order, and who is not.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Decision {
    /// The route; `None` when the request names its target outright.
    pub route: Option<Arc<str>>,
    /// The strategy that made the order; `direct` without a route.
    pub strategy: &'static str,
    /// Who is asked, best first.
    pub targets: Arc<[PlanTarget]>,
    /// Who is not.
    pub skipped: Vec<Skipped>,
}

/// A target that is not asked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skipped {
    /// Which.
    pub target: Target,
    /// Why.
    pub why: WhyNot,
}

/// Why a target is not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhyNot {
    /// It is known not to have a capability that the request needs.
    Lacks(&'static str),
    /// It takes no requests now, and others do.
    Shut,
    /// The route's strategy left it out.
    Strategy(&'static str),
}

impl fmt::Display for WhyNot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lacks(capability) => write!(f, "it does not support {capability}"),
            Self::Shut => f.write_str("it takes no requests now"),
            Self::Strategy(name) => write!(f, "the strategy {name} asks the first target only"),
        }
    }
}

/// One place of a route, with what is known of its target.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) target: PlanTarget,
    /// As it was when the router was built; capabilities are facts, not states.
    pub(crate) capabilities: Capabilities,
}

/// What keeps a target from answering a request, as far as it is known. Unknown capabilities are tried.
pub(crate) fn lacks(capabilities: &Capabilities, request: &Request) -> Option<&'static str> {
    let first_missing = |needs: &[(bool, Support, &'static str)]| {
        needs.iter().find(|(needed, support, _)| *needed && !support.may()).map(|(.., name)| *name)
    };
    match request {
        Request::Chat(chat) | Request::ChatStream(chat) => first_missing(&[
            (true, capabilities.chat, "chat"),
            (matches!(request, Request::ChatStream(_)), capabilities.streaming, "streaming"),
            (!chat.tools.is_empty(), capabilities.tools, "tools"),
            (matches!(chat.output, llm_core::OutputFormat::JsonSchema(_)), capabilities.json_schema, "json_schema"),
        ]),
        Request::Embed(_) => first_missing(&[(true, capabilities.embeddings, "embeddings")]),
        _ => None,
    }
}

/// Sorts the places of a route into who is asked and who is not. `None`: all are asked, nothing needs to be made.
///
/// When every target that could answer is shut, they stay: the one that opens first is better than no answer, and
/// who calls them learns when to come back.
pub(crate) fn filter(places: &[Place], request: &Request) -> Option<(Vec<PlanTarget>, Vec<Skipped>)> {
    let is_shut = |place: &Place| matches!(place.target.provider.availability(), Availability::Shut { .. });
    if places.iter().all(|place| lacks(&place.capabilities, request).is_none() && !is_shut(place)) {
        return None;
    }
    let (mut asked, mut shut, mut skipped) = (Vec::new(), Vec::new(), Vec::new());
    for place in places {
        let skip = |why| Skipped { target: place.target.target.clone(), why };
        if let Some(capability) = lacks(&place.capabilities, request) {
            skipped.push(skip(WhyNot::Lacks(capability)));
        } else if is_shut(place) {
            shut.push(place.target.clone());
        } else {
            asked.push(place.target.clone());
        }
    }
    if asked.is_empty() {
        asked = shut;
    } else {
        skipped.extend(shut.into_iter().map(|place| Skipped { target: place.target, why: WhyNot::Shut }));
    }
    Some((asked, skipped))
}
