//! Resilience without a router and without a network: retries, a fallback, and a breaker that opens, is seen and is reset.
//!
//! `cargo run -p llm-resilience --example breaker_and_fallback`

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use llm_core::{
    Adapter, ChatRequest, ChatResponse, Cx, Error, ErrorKind, Finish, FinishReason, HttpRequest, HttpResponse, Message,
    Origin, Request, Response, Target, Transport,
};
use llm_resilience::{BreakerPolicy, GateSettings, Gates, Resilient, RetryPolicy};

/// A provider that answers when it is well.
struct Vendor {
    id: &'static str,
    well: AtomicBool,
}

#[llm_core::async_trait]
impl Adapter for Vendor {
    fn id(&self) -> &str {
        self.id
    }
    fn api(&self) -> &'static str {
        "example"
    }
    async fn chat(&self, _cx: &Cx, request: &ChatRequest) -> Result<ChatResponse, Error> {
        if !self.well.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorKind::Server, "out of order").with_status(500));
        }
        let origin = Arc::new(Origin::new("example", self.id, request.model.clone()));
        Ok(ChatResponse::new(origin, Message::assistant("hello"), Finish::new(FinishReason::Stop, "stop")))
    }
}

/// Nothing is sent anywhere.
struct Offline;

#[llm_core::async_trait]
impl Transport for Offline {
    async fn send(&self, _cx: &Cx, _request: HttpRequest) -> Result<HttpResponse, Error> {
        Err(Error::new(ErrorKind::Network, "this example has no network"))
    }
}

#[allow(clippy::print_stdout, reason = "an example shows what it does")]
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let primary = Arc::new(Vendor { id: "primary", well: AtomicBool::new(false) });
    let backup = Arc::new(Vendor { id: "backup", well: AtomicBool::new(true) });
    // The gates are a handle: another driver with the same ones knows what this one learned.
    let gates = Gates::new(GateSettings::default().with_breaker(BreakerPolicy::default().with_failures(3)));
    let driver = Resilient::builder()
        .target(primary.clone(), "large")
        .target(backup, "small")
        .retry(RetryPolicy::none())
        .gates(gates.clone())
        .build();
    let ask = async || {
        let request = Request::Chat(Arc::new(ChatRequest::new("any").with_user("Good morning")));
        let Response::Chat(answer) = driver.call(&Cx::new(Arc::new(Offline)), request).await? else {
            return Err(Error::new(ErrorKind::Internal, "a chat is answered by a chat"));
        };
        for attempt in &answer.attempts {
            println!("  {attempt}");
        }
        Ok(())
    };
    for number in 1..=4 {
        println!("request {number}");
        ask().await?;
    }
    for status in gates.statuses() {
        println!("breaker of {}: {} ({})", status.target, status.breaker.as_str(), status.reason.as_str());
    }
    println!("the primary is mended, and its breaker reset");
    primary.well.store(true, Ordering::Relaxed);
    gates.reset(&Target::new("primary", "large"));
    ask().await
}
