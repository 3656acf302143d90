//! Dropping a request at any moment, with everything on: nothing is left at work, every gauge returns to zero.

use std::sync::Arc;

use llm_core::{Assessment, Assessor, ChatRequest, ChatResponse, Cx, Error, ErrorKind, Request, Response};
use llm_resilience::{
    GateSettings, Gates, HedgeAfter, HedgePolicy, LimitPolicy, QualityGate, Settings, Share, TimeoutPolicy,
};

use crate::drops::poll_at_most;
use crate::support::{Act, Memory, Piece, Scripted, driver, error, fail, ms, pieces, request, words};

/// Takes its time, and likes nothing but the words of `b`.
struct Slow;

#[llm_core::async_trait]
impl Assessor for Slow {
    fn name(&self) -> &'static str {
        "slow"
    }

    async fn assess(&self, _cx: &Cx, _request: &ChatRequest, response: &ChatResponse) -> Result<Assessment, Error> {
        tokio::time::sleep(ms(5)).await;
        Ok(Assessment::new(if response.text() == "b" { 1.0 } else { 0.0 }, "by its words"))
    }
}

#[tokio::test(start_paused = true)]
async fn drop_at_every_poll_with_everything_on() {
    let mut slow = pieces(words("c", &["x", "y"]));
    for place in (0..slow.len()).rev() {
        slow.insert(place, Piece::Wait(10));
    }
    let limited = error(ErrorKind::RateLimited).with_retry_after(ms(40));
    let scripts: [&[Act]; 4] = [
        &[Act::Fail(5, limited), Act::Answer(25)],
        &[fail(ErrorKind::Server), Act::Hang, Act::Answer(0)],
        &[Act::Answer(30), Act::Stream(slow.clone())],
        &[Act::Stream(slow[..4].to_vec()), Act::Stream(slow)],
    ];
    let hedge = HedgePolicy::after(HedgeAfter::Fixed(ms(12))).with_budget(Share::percent(100)).with_max_extra(2);
    let settings = Settings::default()
        .with_hedge(hedge)
        .with_quality(QualityGate::new(Arc::new(Slow), 0.5))
        .with_timeouts(TimeoutPolicy::default().with_attempt(ms(100)).with_total(ms(2000)));
    for script in scripts {
        for streamed in [false, true] {
            let mut polls = 0;
            loop {
                polls += 1;
                assert!(polls < 1000, "it never gets done");
                let limits = LimitPolicy::default().with_max_in_flight(1).with_queue(4, ms(500));
                let gates = Gates::new(GateSettings::default().with_limits(limits));
                let providers = ["a", "b", "c"].map(|id| Scripted::new(id, script.to_vec()));
                let builder = driver(&[&providers[0], &providers[1], &providers[2]]).settings(settings.clone());
                let driver = builder.gates(gates.clone()).build();
                let (memory, cx) = Memory::cx();
                let request = if streamed { Request::ChatStream(request()) } else { Request::Chat(request()) };
                let call = async {
                    if let Ok(Response::ChatStream(mut stream)) = driver.call(&cx, request).await {
                        while let Some(Ok(_)) = stream.next().await {}
                    }
                };
                let done = poll_at_most(polls, call).await;
                let lines = memory.lines();
                assert_eq!(memory.completions(), 1, "after {polls} polls: {lines:?}");
                assert_eq!(memory.open_attempts(), 0, "after {polls} polls: {lines:?}");
                assert!(lines.last().unwrap().starts_with("completed"), "{lines:?}");
                let live: usize = providers.iter().map(|provider| provider.live()).sum();
                assert_eq!(live, 0, "after {polls} polls: still at work");
                for gate in gates.statuses() {
                    assert_eq!((gate.in_flight, gate.queued), (0, 0), "after {polls} polls: {gate:?}");
                }
                if done {
                    break;
                }
            }
            assert!(polls > 2, "there was something to drop");
        }
    }
}
