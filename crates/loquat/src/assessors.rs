//! From the configuration's words to those who say how good an answer is.

use std::fmt;
use std::sync::{Arc, OnceLock, Weak};

use llm_core::{
    Assessment, Assessor, Availability, Capabilities, ChatRequest, ChatResponse, Cx, Error, ErrorKind, Provider,
    Request, Response, async_trait,
};
use llm_resilience::QualityGate;
use llm_router::{AllAssessors, JsonSchemaAssessor, Judge};

use crate::config::{AssessorsConfig, QualityGateConfig};

/// The gate of a route, which stands in the configuration at `place`.
pub(crate) fn gate(config: &QualityGateConfig, place: &str, own: &OwnStack) -> Result<QualityGate, Error> {
    let wrong = |what: &str| Error::new(ErrorKind::Config, format!("reading {place}.quality_gate: {what}"));
    if !(0.0..=1.0).contains(&config.min_score) {
        return Err(wrong("min_score is from 0 to 1"));
    }
    let assessor = assessor(&config.assessors(), own)
        .ok_or_else(|| wrong("nobody says how good an answer is: add rules, json_schema or judge"))?;
    let assessor = Arc::new(OfOthers(assessor));
    Ok(QualityGate::new(assessor, config.min_score).with_strict(config.strict))
}

/// All of them as one; nobody where nobody is named.
fn assessor(config: &AssessorsConfig, own: &OwnStack) -> Option<Arc<dyn Assessor>> {
    let mut all: Vec<Arc<dyn Assessor>> = Vec::new();
    all.extend(config.rules.clone().map(|rules| Arc::new(rules) as _));
    if config.json_schema {
        all.push(Arc::new(JsonSchemaAssessor::of_request()));
    }
    all.extend(config.judge.as_ref().map(|judge| {
        let with = Judge::new(Arc::new(own.clone()), &judge.model);
        Arc::new(judge.criteria.iter().fold(with, Judge::with_criteria)) as _
    }));
    match all.len() {
        0 | 1 => all.pop(),
        _ => Some(Arc::new(AllAssessors::new(all))),
    }
}

tokio::task_local! {
    /// There within the call of a judge.
    static JUDGING: ();
}

/// Assesses no answers of a judge: one whose route has a gate would be judged by a judge that is judged, without end.
struct OfOthers(Arc<dyn Assessor>);

#[async_trait]
impl Assessor for OfOthers {
    fn name(&self) -> &str {
        self.0.name()
    }

    async fn assess(&self, cx: &Cx, request: &ChatRequest, response: &ChatResponse) -> Result<Assessment, Error> {
        if JUDGING.try_with(|()| ()).is_ok() {
            return Ok(Assessment::new(1.0, "answers of a judge are not assessed"));
        }
        self.0.assess(cx, request, response).await
    }
}

/// The client's own stack, which does not exist yet when its parts are built. It does not keep the stack alive.
#[derive(Clone, Default)]
pub(crate) struct OwnStack(Arc<OnceLock<Weak<dyn Provider>>>);

impl OwnStack {
    /// From now on it is this one.
    pub(crate) fn establish(&self, stack: &Arc<dyn Provider>) {
        // Only a builder calls this, once.
        let _ = self.0.set(Arc::downgrade(stack));
    }

    fn stack(&self) -> Option<Arc<dyn Provider>> {
        self.0.get()?.upgrade()
    }
}

#[async_trait]
impl Provider for OwnStack {
    fn id(&self) -> &'static str {
        "own"
    }

    fn api(&self) -> &'static str {
        ""
    }

    fn capabilities(&self, model: &str) -> Capabilities {
        self.stack().map(|stack| stack.capabilities(model)).unwrap_or_default()
    }

    fn availability(&self) -> Availability {
        self.stack().map_or(Availability::Shut { until: None }, |stack| stack.availability())
    }

    async fn call(&self, cx: &Cx, request: Request) -> Result<Response, Error> {
        let Some(stack) = self.stack() else {
            return Err(Error::new(ErrorKind::Cancelled, "the client is gone"));
        };
        JUDGING.scope((), stack.call(cx, request)).await
    }
}

impl fmt::Debug for OwnStack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnStack")
    }
}
