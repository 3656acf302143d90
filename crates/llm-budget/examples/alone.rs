//! A budget around a provider of one's own, with nothing but `llm-core` and `llm-budget`.
//!
//! `cargo run -p llm-budget --example alone`
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::sync::Arc;

use llm_budget::{Alert, Budget, BudgetLayer, Budgets, CostEstimate, CostEstimator, MemoryLedger, Pricing, Window};
use llm_core::{
    Adapter, ChatRequest, ChatResponse, Cost, CostSource, Cx, Error, Finish, FinishReason, HttpRequest, HttpResponse,
    Layer, Message, Origin, Request, Transport, Usage, Usd, async_trait,
};

/// Answers everything with twenty tokens.
struct Parrot;

#[async_trait]
impl Adapter for Parrot {
    fn id(&self) -> &'static str {
        "parrot"
    }

    fn api(&self) -> &'static str {
        "parrot"
    }

    async fn chat(&self, _cx: &Cx, request: &ChatRequest) -> Result<ChatResponse, Error> {
        let origin = Arc::new(Origin::new("parrot", "parrot", request.model.clone()));
        let finish = Finish::new(FinishReason::Stop, "stop");
        let mut response = ChatResponse::new(origin, Message::assistant("hello yourself"), finish);
        response.usage = Usage::new(10, 20);
        Ok(response)
    }
}

/// A cent a token, and never more than fifty of them.
struct Prices;

fn price(tokens: u64) -> Usd {
    Usd::from_micros(10_000 * tokens)
}

impl CostEstimator for Prices {
    fn estimate(&self, _provider: &str, _request: &Request) -> Option<CostEstimate> {
        Some(CostEstimate::new(price(10), price(1), 50))
    }
}

impl Pricing for Prices {
    fn cost(&self, _provider: &str, _model: &str, usage: &Usage, _tier: Option<&str>) -> Option<Cost> {
        Some(Cost::new(price(usage.input? + usage.output?), CostSource::User))
    }
}

/// The parrot lives here, so nothing is sent.
struct Nowhere;

#[async_trait]
impl Transport for Nowhere {
    async fn send(&self, _cx: &Cx, _request: HttpRequest) -> Result<HttpResponse, Error> {
        Err(Error::unsupported("nowhere", "send"))
    }
}

#[expect(clippy::disallowed_methods, reason = "an application reads the clock and gives it to the library")]
fn unix_milliseconds() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let ledger = Arc::new(MemoryLedger::new(unix_milliseconds));
    let budget = Budget::new("pocket-money", price(100), Window::Day);
    let budgets = Budgets::new([budget], ledger, unix_milliseconds)?.with_alerts(|alert: &Alert| {
        println!("alert: {} has spent ${} of ${}", alert.budget, alert.spent, alert.limit);
    });
    let budgets = Arc::new(budgets);
    let provider = BudgetLayer::new(budgets.clone(), Arc::new(Prices), Arc::new(Prices)).layer(Arc::new(Parrot));

    let cx = Cx::new(Arc::new(Nowhere));
    loop {
        let request = Request::Chat(Arc::new(ChatRequest::new("grey").with_user("hello")));
        match provider.call(&cx, request).await {
            Ok(_) => println!("answered; left: {:?}", budgets.left(&llm_budget::Subject::default())),
            Err(error) => {
                println!("refused: {}", error.message());
                break;
            }
        }
    }
    for (provider, spending) in budgets.spending() {
        println!("{provider}: {} requests for ${}", spending.requests, spending.cost);
    }
    Ok(())
}
