//! Routing without a driver and without a network: by task, by price and by rule, and why.
//!
//! `cargo run -p llm-router --example tasks_and_prices`

use std::sync::Arc;

use llm_core::{
    Adapter, Capabilities, ChatRequest, Cx, Error, ErrorKind, Hints, HttpRequest, HttpResponse, Planner, Request,
    Transport,
};
use llm_router::{Decision, Price, Route, Router, Rule, StrategyKind, TargetSpec, TaskRoute, Tasks, Usd, When};

/// A provider that is only planned with, never called.
struct Vendor(&'static str);

#[llm_core::async_trait]
impl Adapter for Vendor {
    fn id(&self) -> &str {
        self.0
    }
    fn api(&self) -> &'static str {
        "example"
    }
    fn capabilities(&self, _model: &str) -> Capabilities {
        Capabilities::chat()
    }
}

/// Planning sends nothing.
struct Offline;

#[llm_core::async_trait]
impl Transport for Offline {
    async fn send(&self, _cx: &Cx, _request: HttpRequest) -> Result<HttpResponse, Error> {
        Err(Error::new(ErrorKind::Network, "this example has no network"))
    }
}

#[allow(clippy::print_stdout, reason = "an example shows what it does")]
fn main() -> Result<(), Error> {
    // Dollars for a million tokens of input and of output.
    let target = |id: &str, input: u64, output: u64, quality: f64| {
        let price = Price::new(Usd::from_micros(input * 1_000_000), Usd::from_micros(output * 1_000_000));
        TargetSpec::new(id).with_price(price).with_quality(quality)
    };
    let all = || {
        [
            target("anthropic/claude-opus", 15, 75, 0.97),
            target("anthropic/claude-haiku", 1, 5, 0.75),
            target("openai/gpt", 3, 15, 0.9),
        ]
    };
    let tasks = Tasks::default()
        .with(
            "code_generation",
            TaskRoute::new("anthropic/claude-opus", "creative reasoning").with_fallback("openai/gpt"),
        )
        .with("classification", TaskRoute::new("anthropic/claude-haiku", "small and fast"));
    let router = Router::builder()
        .provider(Arc::new(Vendor("anthropic")))
        .provider(Arc::new(Vendor("openai")))
        .route(Route::new("by-task", all()).with_strategy(tasks))
        .route(Route::new("thrifty", all()).with_strategy(StrategyKind::Cost).with_min_quality(0.8))
        .rule(Rule::new(When::task("code_generation"), "by-task"))
        .default_model("thrifty")
        .build()?;

    let request = Request::Chat(Arc::new(ChatRequest::new("thrifty").with_user("Write a parser for TOML")));
    let mut hints = Hints::default();
    hints.task = Some("code_generation".into());
    let (plain, coding) = (Cx::new(Arc::new(Offline)), Cx::new(Arc::new(Offline)).with_hints(hints));
    println!("{}\n", router.explain(&plain, &request)?);
    println!("{}\n", router.explain(&coding, &request)?);

    // What a driver would be given, and the same decision once more from its log.
    let made = router.plan(&coding, &request)?;
    println!("asked first: {}", made.targets[0].target);
    let log = serde_json::to_string(&router.explain(&coding, &request)?).unwrap_or_default();
    let read: Decision =
        serde_json::from_str(&log).map_err(|error| Error::new(ErrorKind::Internal, error.to_string()))?;
    println!("repeated from {} bytes of log: {}", log.len(), read.replay()? == read);

    // The best of all targets of all routes, by name.
    println!("cheapest: {}, best quality: {}", router.cheapest()[0], router.best_quality()[0]);

    // Another active model, while requests are under way.
    router.set_default("by-task")?;
    println!("active model: {}", router.default_model().unwrap_or_default());
    Ok(())
}
