//! The errors of attempts that a gate does not let start. Nothing was sent, and nothing of it counts against the target.

use llm_core::{Error, ErrorKind, Progress, Target};

use crate::breaker::{BreakerState, Refusal};

/// The breaker does not let it through.
pub(super) fn circuit_open(target: &Target, refusal: Refusal) -> Error {
    let why = match (refusal.state, refusal.retry_after) {
        (BreakerState::Isolated, _) => "it was isolated by hand: reset its breaker to use it again".to_owned(),
        (_, Some(wait)) => format!("its breaker is open because it failed: ask again in {} s", wait.as_secs() + 1),
        (_, None) => "its breaker is open because it failed".to_owned(),
    };
    unsent(ErrorKind::CircuitOpen, target, &why).with_retry_after(refusal.retry_after)
}

/// An error of `target` of which nothing was sent.
fn unsent(kind: ErrorKind, target: &Target, why: &str) -> Error {
    Error::new(kind, format!("calling {target}: {why}"))
        .with_progress(Progress::NotSent)
        .with_provider(target.provider.clone())
        .with_model(target.model.clone())
}
