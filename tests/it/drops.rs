//! Every call of a client, dropped at every poll: nothing is left at the vendors, nor open for the observer.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use llm_testkit::drops::{Trial, at_every_poll};
use llm_testkit::fault::{Episode, Fault, FaultyProvider, Ledger, Schedule, Stall};
use loquat::core::{ChatRequest, EmbedRequest};
use loquat::{Client, Config, Environment};

const HOUR: Duration = Duration::from_secs(3600);

/// A client whose first vendor does this and whose second one is well, and a use of it.
fn trial<F: Future>(fault: Fault, call: impl FnOnce(Client) -> F) -> Trial<F> {
    let schedule = Schedule::new([Episode::new(fault, Duration::ZERO, HOUR)]);
    let first = FaultyProvider::new("first", 1).with_schedule(schedule).build();
    let second = FaultyProvider::new("second", 2).build();
    let ledger = Arc::new(Ledger::default());
    let client = Client::builder()
        .config(Config::default())
        .environment(Environment::empty())
        .instance(first.clone())
        .instance(second.clone())
        .model("first/m")
        .fallback("second/m")
        .observer(ledger.clone())
        .build()
        .unwrap();
    let (attempts, requests) = (ledger.clone(), ledger.clone());
    Trial::new(call(client))
        .gauge("calls at the first vendor", move || first.in_flight())
        .gauge("calls at the second vendor", move || second.in_flight())
        .gauge("open attempts", move || attempts.open_attempts())
        .gauge("open requests", move || requests.open_requests())
        .gauge("problems", move || ledger.problems().len() as u64)
}

fn faults() -> [Fault; 4] {
    [
        Fault::Status(500),
        Fault::Closed { status: 429, wait: Duration::from_secs(5), hint: true },
        Fault::Stall(Stall::FirstWord),
        Fault::Crowded(1),
    ]
}

async fn dropped<F: Future>(call: impl Fn(Client) -> F) {
    for fault in faults() {
        let polls = at_every_poll(|| trial(fault.clone(), &call)).await;
        assert!(polls.as_ref().is_ok_and(|polls| *polls > 1), "{fault:?}: {polls:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_chat_leaves_nothing_behind() {
    dropped(async |client: Client| drop(client.chat("hello").await)).await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_leaves_nothing_behind() {
    dropped(async |client: Client| {
        let Ok(mut stream) = client.chat("hello").stream().await else { return };
        while let Some(Ok(_)) = stream.next().await {}
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_collected_stream_leaves_nothing_behind() {
    dropped(async |client: Client| {
        let request = ChatRequest::new("first/m").with_user("hello");
        let cx = client.cx(Some(Duration::from_secs(20)));
        let Ok(stream) = client.send_stream(&cx, request).await else { return };
        drop(stream.collect().await);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn vectors_leave_nothing_behind() {
    dropped(async |client: Client| {
        drop(client.embed(EmbedRequest::new("first/m", ["a"])).await);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_look_at_the_models_leaves_nothing_behind() {
    dropped(async |client: Client| drop(client.models().await)).await;
}
