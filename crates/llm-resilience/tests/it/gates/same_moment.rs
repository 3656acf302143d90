//! What happens in the very moment in which a turn comes.

use std::future::Future as _;
use std::pin::pin;
use std::task::{Context, Waker};

use llm_resilience::{GateSettings, LimitPolicy};

use super::{ErrorKind, Gates, Instant, Verdict, asked, enter, failure, target};

#[tokio::test(start_paused = true)]
async fn a_key_that_was_refused_while_somebody_waited_for_no_time_is_refused_to_them() {
    let gates = Gates::new(GateSettings::default().with_limits(LimitPolicy::default().with_max_in_flight(1)));
    let gate = gates.gate(&target());
    let mut first = enter(&gate).await.unwrap();
    let mut second = pin!(gate.enter(asked()));
    assert!(second.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    first.verdict(Verdict::Failed(&failure(ErrorKind::RateLimited, 5)), Instant::now());
    drop(first);
    assert_eq!(second.await.unwrap_err().kind(), ErrorKind::RateLimited);
    let status = &gates.statuses()[0];
    assert_eq!((status.in_flight, status.queued), (0, 0));
}
