//! Shadows: the same request to another target, for comparison only.

use std::sync::Arc;

use llm_core::{ErrorKind, Observed, PlanTarget, Provider, Usage};
use llm_resilience::{Builder, Resilient};
use tokio::time::{Instant, sleep};

use super::Planned;
use crate::support::{Act, Memory, Piece, Scripted, chat, error, ms, open, pieces, words};

fn shadowed(first: &Arc<Scripted>, shadow: &Arc<Scripted>) -> Builder {
    let planned = Planned {
        route: None,
        targets: vec![PlanTarget::new(first.clone(), "m")],
        shadow: Some(PlanTarget::new(shadow.clone(), "s")),
    };
    Resilient::builder().planner(Arc::new(planned))
}

#[tokio::test(start_paused = true)]
async fn a_shadow_is_observed_and_changes_nothing() {
    let mut slow = pieces(words("b", &["x", "y"]));
    slow.insert(3, Piece::Wait(3000));
    let broken = Act::Fail(2000, error(ErrorKind::InvalidRequest));
    for (act, streamed, line, usage) in [
        (Act::Answer(4000), false, "0 b/s ok", Some(Usage::new(3, 5))),
        (Act::Stream(slow), true, "0 b/s ok", Some(Usage::new(3, 5))),
        (broken, false, "0 b/s invalid_request: scripted invalid_request", None),
    ] {
        let (a, b) = (Scripted::new("a", [Act::Answer(100)]), Scripted::new("b", [act]));
        let driver: Arc<dyn Provider> = shadowed(&a, &b).build();
        let (memory, cx) = Memory::cx();
        let started = Instant::now();
        let response = if streamed {
            open(&driver, &cx).await.unwrap().collect().await.unwrap()
        } else {
            chat(&driver, &cx).await.unwrap()
        };
        assert_eq!((response.text().as_str(), started.elapsed()), ("a", ms(100)), "nobody waits for it");
        assert_eq!(response.attempts.len(), 1);
        sleep(ms(10_000)).await;
        assert_eq!((b.count(), b.live()), (1, 0));
        assert_eq!((memory.completions(), memory.open_attempts()), (1, 0));
        let lines = memory.lines();
        assert_eq!(lines.iter().filter(|line| line.starts_with("1 a/m")).count(), 2);
        assert!(lines.iter().any(|other| other == "0 b/s starts"), "{lines:?}");
        assert_eq!(lines.last().unwrap(), line);
        assert_eq!(memory.last_usage(), usage);
    }
}

#[tokio::test(start_paused = true)]
async fn shadows_outlive_their_request_but_not_their_bounds() {
    let (a, b) = (Scripted::new("a", [Act::Answer(0)]), Scripted::new("b", [Act::Hang]));
    let driver = shadowed(&a, &b).max_shadows(3).build();
    let (memory, cx) = Memory::cx();
    for _ in 0..10 {
        chat(&driver, &cx).await.unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!((b.count(), b.live()), (3, 3), "further ones are left out");
    sleep(std::time::Duration::from_secs(601)).await;
    assert_eq!(b.live(), 0, "the total timeout ends them");
    assert_eq!((memory.completions(), memory.open_attempts()), (10, 0));
    chat(&driver, &cx).await.unwrap();
    tokio::task::yield_now().await;
    assert_eq!(b.count(), 4, "there is room again");
}

#[tokio::test(start_paused = true)]
async fn whole_answers_tell_their_usage_with_the_attempt() {
    let only = Scripted::new("a", [Act::Answer(0)]);
    let (memory, cx) = Memory::cx();
    chat(&crate::support::driver(&[&only]).build(), &cx).await.unwrap();
    assert!(memory.events().iter().any(|event| {
        matches!(event, Observed::AttemptDone { usage: Some(usage), .. } if *usage == Usage::new(3, 5))
    }));
}

#[tokio::test(start_paused = true)]
async fn a_callers_own_key_goes_to_no_shadow() {
    let (a, b) = (Scripted::new("a", [Act::Answer(0)]), Scripted::new("b", [Act::Answer(0)]));
    let driver = shadowed(&a, &b).build();
    let (_, mut cx) = Memory::cx();
    cx.credential = Some(llm_core::Secret::new("sk-of-a-caller"));
    chat(&driver, &cx).await.unwrap();
    sleep(ms(1000)).await;
    assert_eq!((a.count(), b.count()), (1, 0));
}
