//! The errors of attempts that a gate does not let start. Nothing was sent, and nothing of it counts against the target.

use llm_core::{Error, ErrorKind, Progress, Target};

use crate::breaker::{BreakerState, Refusal};
use crate::cooldown::Cooled;

/// The code of an error of a key that is left alone; its class is that of the vendor's own refusal.
pub const COOLED_DOWN: &str = "cooled_down";

/// The breaker does not let it through.
pub(super) fn circuit_open(target: &Target, refusal: Refusal) -> Error {
    let why = match (refusal.state, refusal.retry_after) {
        (BreakerState::Isolated, _) => "it was isolated by hand: reset its breaker to use it again".to_owned(),
        (_, Some(wait)) => {
            format!("its breaker is open because it failed: ask again in {} s", wait.as_millis().div_ceil(1000))
        }
        (_, None) => "its breaker is open because it failed".to_owned(),
    };
    unsent(ErrorKind::CircuitOpen, target, &why).with_retry_after(refusal.retry_after)
}

/// The key is left alone for a while. The class is the vendor's, so that what follows is what followed from its refusal.
pub(super) fn cooled_down(target: &Target, cooled: Cooled) -> Error {
    let Cooled { kind, wait } = cooled;
    let what = match kind {
        ErrorKind::Auth => "the vendor refused the key: check it",
        ErrorKind::QuotaExhausted => "the credit or quota of the key is used up",
        ErrorKind::RateLimited => "the vendor asked to wait",
        ErrorKind::Permission => "the key may not use the model",
        _ => "the key does not find the model",
    };
    let why = format!("{what}; it is asked again in {} s", wait.as_millis().div_ceil(1000));
    unsent(kind, target, &why).with_code(COOLED_DOWN).with_retry_after(wait)
}

/// An error of `target` of which nothing was sent.
fn unsent(kind: ErrorKind, target: &Target, why: &str) -> Error {
    Error::new(kind, format!("calling {target}: {why}"))
        .with_progress(Progress::NotSent)
        .with_provider(target.provider.clone())
        .with_model(target.model.clone())
}
