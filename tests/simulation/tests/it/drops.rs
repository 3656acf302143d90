//! Every public future of the driver, the gates and the router, dropped at every poll: every gauge is zero again.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use llm_core::{Capabilities, ChatRequest, Cx, EmbedRequest, Provider, Request, Response, Support, Target};
use llm_resilience::{
    Asked, BreakerPolicy, Builder, Commit, GateSettings, Gates, HedgeAfter, HedgePolicy, LimitPolicy, OnBreak, Pass,
    Resilient, Settings, StreamPolicy, Window,
};
use llm_router::{Route, Router};
use llm_testkit::ScriptedTransport;
use llm_testkit::drops::{Trial, at_every_poll};
use llm_testkit::fault::{Answers, Cut, Episode, Fault, FaultyProvider, Ledger, Schedule, Stall};
use tokio::time::Instant;

const HOUR: Duration = Duration::from_secs(3600);

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Everything around a call, and its gauges.
struct Rig {
    vendors: [Arc<FaultyProvider>; 2],
    gates: Gates,
    ledger: Arc<Ledger>,
    cx: Cx,
}

impl Rig {
    /// The first vendor fails so, the second is well; one call at a time and breakers that open at once.
    fn new(fault: &Fault) -> Self {
        let mut capabilities = Capabilities::chat();
        (capabilities.embeddings, capabilities.assistant_prefill) = (Support::Yes, Support::Yes);
        let vendor = |id, episodes: Vec<Episode>| {
            let vendor = FaultyProvider::new(id, 5).with_schedule(Schedule::new(episodes));
            vendor.with_answers(Answers::OfTheRequest).with_capabilities(capabilities.clone()).build()
        };
        let vendors = [vendor("a", vec![Episode::new(fault.clone(), Duration::ZERO, HOUR)]), vendor("b", Vec::new())];
        let limits = LimitPolicy::default().with_max_in_flight(1).with_queue(8, Duration::from_secs(30));
        let breaker = BreakerPolicy::default().with_failures(2);
        let gates = Gates::new(GateSettings::default().with_breaker(breaker).with_limits(limits));
        let ledger = Arc::new(Ledger::default());
        let mut cx = ScriptedTransport::default().cx().with_observer(ledger.clone());
        cx.request_id = Some("one".into());
        cx.deadline = Some((Instant::now() + Duration::from_secs(90)).into_std());
        Self { vendors, gates, ledger, cx }
    }

    fn driver(&self) -> Builder {
        let driver = Resilient::builder().seed(1).gates(self.gates.clone());
        self.vendors.iter().fold(driver, |driver, vendor| driver.target(vendor.clone(), "m"))
    }

    fn trial<F: Future>(self, future: F) -> Trial<F> {
        let Self { vendors: [a, b], gates, ledger, .. } = self;
        let (attempts, requests, waiting) = (ledger.clone(), ledger.clone(), gates.clone());
        Trial::new(future)
            .gauge("calls at the first vendor", move || a.in_flight())
            .gauge("calls at the second vendor", move || b.in_flight())
            .gauge("calls behind the gates", move || gates.statuses().iter().map(|gate| gate.in_flight).sum::<u32>())
            .gauge("calls before the gates", move || waiting.statuses().iter().map(|gate| gate.queued).sum::<u32>())
            .gauge("open attempts", move || attempts.open_attempts())
            .gauge("open requests", move || requests.open_requests())
            .gauge("problems", move || ledger.problems().len() as u64)
    }
}

fn faults() -> Vec<Fault> {
    vec![
        Fault::Status(500),
        Fault::Closed { status: 429, wait: ms(3000), hint: true },
        Fault::Stall(Stall::FirstWord),
        Fault::Cut(Cut::FirstWord),
        Fault::Cut(Cut::MidStream),
        Fault::Drip(ms(700)),
        Fault::Reset(llm_core::Progress::NotSent),
    ]
}

async fn use_up(response: Result<Response, llm_core::Error>, collect: bool) {
    match response {
        Ok(Response::ChatStream(stream)) if collect => drop(stream.collect().await),
        Ok(Response::ChatStream(mut stream)) => while let Some(Ok(_)) = stream.next().await {},
        _ => {}
    }
}

/// Drops calls with these settings at every poll, whatever the first vendor does.
async fn dropped(settings: Settings, requests: &[fn() -> Request], collect: bool) {
    for fault in faults() {
        for request in requests {
            let fresh = || {
                let rig = Rig::new(&fault);
                let (driver, cx) = (rig.driver().settings(settings.clone()).build(), rig.cx.clone());
                rig.trial(async move { use_up(driver.call(&cx, request()).await, collect).await })
            };
            let polls = at_every_poll(fresh).await;
            assert!(polls.as_ref().is_ok_and(|polls| *polls > 1), "{fault:?}: {polls:?}");
        }
    }
}

fn question() -> Arc<ChatRequest> {
    Arc::new(ChatRequest::new("m").with_user("hello"))
}

const CHAT: fn() -> Request = || Request::Chat(question());
const STREAM: fn() -> Request = || Request::ChatStream(question());
const EMBED: fn() -> Request = || Request::Embed(Arc::new(EmbedRequest::new("m", ["a"])));
const MODELS: fn() -> Request = || Request::Models;

#[tokio::test(start_paused = true)]
async fn calls_leave_nothing_behind() {
    dropped(Settings::default(), &[CHAT, STREAM, EMBED, MODELS], false).await;
}

#[tokio::test(start_paused = true)]
async fn collected_streams_leave_nothing_behind() {
    dropped(Settings::default(), &[STREAM], true).await;
}

#[tokio::test(start_paused = true)]
async fn hedged_calls_leave_nothing_behind() {
    let hedge = HedgePolicy::after(HedgeAfter::Fixed(ms(200)));
    dropped(Settings::default().with_hedge(hedge), &[CHAT, STREAM], false).await;
}

#[tokio::test(start_paused = true)]
async fn held_and_resumed_streams_leave_nothing_behind() {
    for commit in [Commit::FirstOutput, Commit::Complete, Commit::Window(Window::new(10, ms(500)))] {
        let stream = StreamPolicy::default().with_commit(commit).with_on_break(OnBreak::Resume);
        dropped(Settings::default().with_stream(stream), &[STREAM], false).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_place_in_the_queue_of_a_gate_leaves_nothing_behind() {
    let fresh = || {
        let rig = Rig::new(&Fault::Status(500));
        let gate = rig.gates.gate(&Target::new("a", "m"));
        let asked = || Asked::new(Instant::now(), Instant::now() + HOUR, 0);
        rig.trial(async move {
            // Three others are before it: one has the place, two wait for it, one of whom gives up.
            let first: Pass = gate.enter(asked()).await.unwrap();
            let (second, third) = (gate.clone(), gate.clone());
            let second = tokio::spawn(async move { second.enter(asked()).await.map(drop) });
            let third = tokio::spawn(async move { third.enter(asked()).await.map(drop) });
            tokio::task::yield_now().await;
            third.abort();
            let leaves = tokio::spawn(async move {
                tokio::time::sleep(ms(500)).await;
                drop(first);
            });
            let pass = gate.enter(asked()).await.unwrap();
            tokio::task::yield_now().await;
            drop(pass);
            drop((second.await, leaves.await));
        })
    };
    // What others hold when it goes away is theirs: they give it back within a second.
    let settled = || {
        let trial = fresh();
        trial.rest(Duration::from_secs(1))
    };
    assert!(at_every_poll(settled).await.is_ok_and(|polls| polls > 2));
}

#[tokio::test(start_paused = true)]
async fn a_call_of_the_router_leaves_nothing_behind() {
    for fault in faults() {
        for request in [CHAT, STREAM] {
            let fresh = || {
                let rig = Rig::new(&fault);
                let router =
                    rig.vendors.iter().fold(Router::builder(), |router, vendor| router.provider(vendor.clone()));
                let router = router.route(Route::new("m", ["a/m", "b/m"])).states(Arc::new(rig.gates.clone()));
                let (router, cx) = (router.build().unwrap(), rig.cx.clone());
                rig.trial(async move { use_up(router.call(&cx, request()).await, false).await })
            };
            assert!(at_every_poll(fresh).await.is_ok(), "{fault:?}");
        }
    }
}
