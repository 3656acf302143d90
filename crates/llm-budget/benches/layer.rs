//! What the layer adds to a call on the ledger in memory: two budgets, a call that answers at once.
#![allow(missing_docs, clippy::unwrap_used, reason = "criterion's macros, and a benchmark may fail where it stands")]

use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use llm_budget::{
    Budget, BudgetLayer, Budgets, CostEstimate, CostEstimator, JournalFile, Ledger, MemoryLedger, Pricing, Window,
};
use llm_core::{
    Capabilities, ChatRequest, ChatResponse, Cost, CostSource, Cx, Error, Finish, FinishReason, Layer as _, Message,
    Origin, Provider, Request, Response, Usage, Usd, async_trait,
};
use llm_testkit::ScriptedTransport;

struct AtOnce(Arc<Origin>);

#[async_trait]
impl Provider for AtOnce {
    fn id(&self) -> &'static str {
        "vendor"
    }

    fn api(&self) -> &'static str {
        "vendor"
    }

    fn capabilities(&self, _model: &str) -> Capabilities {
        Capabilities::default()
    }

    async fn call(&self, _cx: &Cx, _request: Request) -> Result<Response, Error> {
        let finish = Finish::new(FinishReason::Stop, "stop");
        let mut response = ChatResponse::new(self.0.clone(), Message::assistant("yes"), finish);
        response.usage = Usage::new(10, 20);
        Ok(Response::Chat(Box::new(response)))
    }
}

struct Prices;

impl CostEstimator for Prices {
    fn estimate(&self, _provider: &str, _request: &Request) -> Option<CostEstimate> {
        Some(CostEstimate::new(Usd::from_nanos(10), Usd::from_nanos(1), 50))
    }
}

impl Pricing for Prices {
    fn cost(&self, _provider: &str, _model: &str, usage: &Usage, _tier: Option<&str>) -> Option<Cost> {
        Some(Cost::new(Usd::from_nanos(usage.input? + usage.output?), CostSource::User))
    }
}

const LIMIT: Usd = Usd::from_micros(9_000_000_000_000);

fn two() -> Vec<Budget> {
    vec![Budget::new("day", LIMIT, Window::Day), Budget::new("month", LIMIT, Window::Month)]
}

fn layered(ledger: impl Ledger, budgets: Vec<Budget>, inner: &Arc<dyn Provider>) -> Arc<dyn Provider> {
    let budgets = Arc::new(Budgets::new(budgets, Arc::new(ledger), || 1_795_176_000_000).unwrap());
    BudgetLayer::new(budgets, Arc::new(Prices), Arc::new(Prices)).layer(inner.clone())
}

fn calls(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let inner: Arc<dyn Provider> = Arc::new(AtOnce(Arc::new(Origin::new("vendor", "vendor", "m"))));
    let folder = std::env::temp_dir().join(format!("loquat-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let journal = MemoryLedger::open(|| 0, JournalFile::new(folder.join("journal"))).unwrap();
    let each = vec![Budget::new("each", LIMIT, Window::Request)];
    let providers = [
        ("without", inner.clone()),
        ("no budgets", layered(MemoryLedger::new(|| 0), Vec::new(), &inner)),
        ("a budget of each request", layered(MemoryLedger::new(|| 0), each, &inner)),
        ("memory", layered(MemoryLedger::new(|| 0), two(), &inner)),
        ("memory with a journal", layered(journal, two(), &inner)),
    ];
    let (mut cx, chat) = (ScriptedTransport::new([]).cx(), Arc::new(ChatRequest::new("m").with_user("hello")));
    (cx.request_id, cx.attempt) = (Some("request".into()), 1);
    for (name, provider) in providers {
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| runtime.block_on(provider.call(&cx, Request::Chat(chat.clone()))).unwrap());
        });
    }
    std::fs::remove_dir_all(folder).unwrap();
}

criterion_group!(benches, calls);
criterion_main!(benches);
