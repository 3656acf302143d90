//! Who takes a failing target out of plans: its breaker where there is one, otherwise the statistics.

use std::sync::Arc;
use std::time::Instant;

use llm_core::{Availability, ErrorKind, Planner, Target, TargetState, TargetStates};
use llm_router::{Route, Router, Stats};

use crate::support::{chat, cx, named};

/// Breakers that have not opened.
struct Closed;

impl TargetStates for Closed {
    fn state(&self, _target: &Target) -> Arc<dyn TargetState> {
        Arc::new(Self)
    }
}

impl TargetState for Closed {
    fn availability(&self, _now: Instant) -> Availability {
        Availability::Ready
    }
}

#[test]
fn what_a_breaker_lets_through_the_statistics_do_not_hold_back() {
    let stats = Stats::default();
    let now = tokio::time::Instant::now().into_std();
    for _ in 0..3 {
        stats.probed(&Target::new("a", "1"), Some(ErrorKind::Overloaded), now);
    }
    let builder = || {
        let builder = Router::builder().provider(named("a").arc()).provider(named("b").arc());
        builder.route(Route::new("r", ["a/1", "b/1"])).stats(Arc::new(stats.clone()))
    };
    let first = |router: Router| router.plan(&cx(), &chat("r")).unwrap().targets[0].target.to_string();
    assert_eq!(first(builder().build().unwrap()), "b/1", "nobody else takes it out");
    assert_eq!(first(builder().states(Arc::new(Closed)).build().unwrap()), "a/1");
}
