//! A provider, prices and a ledger for tests of the layer: a tenth of a cent per token, everything else by hand.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use llm_budget::{
    Account, Alert, Balance, Budget, BudgetLayer, Budgets, CostEstimate, CostEstimator, Ledger, MemoryLedger, Pricing,
};
use llm_core::{
    Capabilities, ChatRequest, ChatResponse, ChatStream, Cost, CostSource, Cx, Error, Event, Finish, FinishReason,
    ImageResponse, Layer, Message, Origin, PartId, PartKind, Provider, Request, RerankResponse, Response, StreamFinish,
    StreamStart, TokenCount, Usage, Usd,
};
use llm_testkit::ScriptedTransport;

pub(crate) const INPUT: u64 = 10;
pub(crate) const MOST: u64 = 1000;

/// A thousandth of a dollar a token, in and out.
pub(crate) fn price(tokens: u64) -> Usd {
    Usd::from_micros(1000 * tokens)
}

/// Counts how often it is asked before a call.
#[derive(Default)]
pub(crate) struct Prices {
    pub(crate) estimates: AtomicU64,
}

impl CostEstimator for Prices {
    fn estimate(&self, _provider: &str, request: &Request) -> Option<CostEstimate> {
        self.estimates.fetch_add(1, Ordering::Relaxed);
        let most = match request {
            Request::Chat(chat) | Request::ChatStream(chat) => chat.sampling.max_output_tokens.map_or(MOST, u64::from),
            _ => 0,
        };
        (request.model() != "unpriced").then(|| CostEstimate::new(price(INPUT), price(1), most))
    }
}

impl Pricing for Prices {
    fn cost(&self, _provider: &str, model: &str, usage: &Usage, _tier: Option<&str>) -> Option<Cost> {
        let total = price(usage.input? + usage.output?);
        (model != "unpriced").then(|| Cost::new(total, CostSource::User))
    }
}

/// What the provider does with a call.
pub(crate) enum Act {
    /// Answers with so many tokens, after a wait.
    Answer(u64, Duration),
    /// Streams so many words of a token each, one a second, and ends as said.
    Stream(u64, End),
    /// Fails.
    Fail(Error),
}

#[derive(Clone)]
pub(crate) enum End {
    Whole,
    Cut,
    Fails(Error),
    Never,
}

pub(crate) struct Fake {
    acts: Mutex<Vec<Act>>,
    pub(crate) asked: Mutex<Vec<Option<u32>>>,
}

impl Fake {
    /// What it does after everything that it was told before.
    pub(crate) fn will(&self, act: Act) {
        self.acts.lock().unwrap().insert(0, act);
    }
}

#[async_trait]
impl Provider for Fake {
    fn id(&self) -> &'static str {
        "fake"
    }

    fn api(&self) -> &'static str {
        "fake"
    }

    fn capabilities(&self, _model: &str) -> Capabilities {
        Capabilities::default()
    }

    async fn call(&self, _cx: &Cx, request: Request) -> Result<Response, Error> {
        let (Request::Chat(chat) | Request::ChatStream(chat)) = &request else { return Ok(other(&request)) };
        self.asked.lock().unwrap().push(chat.sampling.max_output_tokens);
        let act = self.acts.lock().unwrap().pop().unwrap_or(Act::Answer(5, Duration::ZERO));
        let origin = Arc::new(Origin::new("fake", "fake", chat.model.clone()));
        match act {
            Act::Answer(tokens, wait) => {
                tokio::time::sleep(wait).await;
                let finish = Finish::new(FinishReason::Stop, "stop");
                let mut response = ChatResponse::new(origin, Message::assistant("yes"), finish);
                // No vendor answers at more length than it may.
                let most = chat.sampling.max_output_tokens.map_or(u64::MAX, u64::from);
                response.usage = Usage::new(INPUT, tokens.min(most));
                Ok(Response::Chat(Box::new(response)))
            }
            Act::Fail(error) => {
                tokio::task::yield_now().await;
                Err(error)
            }
            Act::Stream(words, end) => Ok(Response::ChatStream(stream(origin, words, end))),
        }
    }
}

/// What is no chat: an order takes the input and nothing else, a count is no work of the vendor's.
fn other(request: &Request) -> Response {
    let origin = Arc::new(Origin::new("fake", "fake", request.model()));
    match request {
        Request::Rerank(_) => {
            let mut response = RerankResponse::new(origin, Vec::new());
            response.usage = Usage::new(INPUT, 0);
            Response::Rerank(Box::new(response))
        }
        Request::Image(_) => Response::Image(Box::new(ImageResponse::new(origin, Vec::new()))),
        Request::CountTokens(_) => Response::CountTokens(Box::new(TokenCount::new(origin, INPUT))),
        other => panic!("{other:?}"),
    }
}

fn stream(origin: Arc<Origin>, words: u64, end: End) -> ChatStream {
    let start = [
        Ok(Event::Start(Box::new(StreamStart::new(origin)))),
        Ok(Event::PartStart {
            part: PartId(0),
            candidate: 0,
            shell: Box::new(PartKind::Text { text: String::new(), citations: Vec::new() }),
        }),
    ];
    let words_said = futures_util::stream::iter(0..words).then(|_| async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok(Event::TextDelta { part: PartId(0), text: "abc".into() })
    });
    let finish = move || {
        let finish = StreamFinish::new(Finish::new(FinishReason::Stop, "stop"), Usage::new(INPUT, words));
        Ok(Event::Finish(Box::new(finish)))
    };
    let last = match end {
        End::Whole => {
            let end = Event::PartEnd { part: PartId(0), truncated: false, ext: None };
            futures_util::stream::iter(vec![Ok(end), finish()]).boxed()
        }
        End::Cut => futures_util::stream::empty().boxed(),
        End::Fails(error) => futures_util::stream::iter(vec![Err(error)]).boxed(),
        End::Never => futures_util::stream::pending().boxed(),
    };
    ChatStream::new(futures_util::stream::iter(start).chain(words_said).chain(last))
}

/// A provider behind the layer, with everything that a test looks at.
pub(crate) struct Bench {
    pub(crate) provider: Arc<dyn Provider>,
    pub(crate) fake: Arc<Fake>,
    pub(crate) budgets: Arc<Budgets>,
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) prices: Arc<Prices>,
    pub(crate) alerts: Arc<Mutex<Vec<Alert>>>,
    pub(crate) cx: Cx,
}

impl Bench {
    pub(crate) fn new(budgets: impl IntoIterator<Item = Budget>, acts: impl IntoIterator<Item = Act>) -> Self {
        let ledger = Arc::new(MemoryLedger::new(tokio_clock()));
        Self::on(ledger, budgets, acts, |layer| layer)
    }

    pub(crate) fn on(
        ledger: Arc<dyn Ledger>,
        budgets: impl IntoIterator<Item = Budget>,
        acts: impl IntoIterator<Item = Act>,
        change: impl FnOnce(BudgetLayer) -> BudgetLayer,
    ) -> Self {
        let budgets = Budgets::new(budgets, ledger.clone(), tokio_clock()).unwrap();
        Self::of(ledger, budgets, acts, change)
    }

    pub(crate) fn of(
        ledger: Arc<dyn Ledger>,
        budgets: Budgets,
        acts: impl IntoIterator<Item = Act>,
        change: impl FnOnce(BudgetLayer) -> BudgetLayer,
    ) -> Self {
        let mut acts: Vec<Act> = acts.into_iter().collect();
        acts.reverse();
        let fake = Arc::new(Fake { acts: Mutex::new(acts), asked: Mutex::default() });
        let alerts = Arc::new(Mutex::new(Vec::new()));
        let told = alerts.clone();
        let sink = move |alert: &Alert| told.lock().unwrap().push(alert.clone());
        let budgets = Arc::new(budgets.with_alerts(sink));
        let prices = Arc::<Prices>::default();
        let layer = change(BudgetLayer::new(budgets.clone(), prices.clone(), prices.clone()));
        let provider = layer.layer(fake.clone());
        Self { provider, fake, budgets, ledger, prices, alerts, cx: ScriptedTransport::new([]).cx() }
    }

    /// The same with another list of budgets.
    pub(crate) fn replaced(&self, budgets: impl IntoIterator<Item = Budget>) -> Self {
        let budgets = Arc::new(self.budgets.replaced(budgets).unwrap());
        let layer = BudgetLayer::new(budgets.clone(), self.prices.clone(), self.prices.clone());
        Self {
            provider: layer.layer(self.fake.clone()),
            fake: self.fake.clone(),
            budgets,
            ledger: self.ledger.clone(),
            prices: self.prices.clone(),
            alerts: self.alerts.clone(),
            cx: self.cx.clone(),
        }
    }

    /// How often a call's cost was estimated.
    pub(crate) fn estimates(&self) -> u64 {
        self.prices.estimates.load(Ordering::Relaxed)
    }

    pub(crate) async fn chat(&self) -> Result<ChatResponse, Error> {
        self.ask(ChatRequest::new("m").with_user("hello")).await
    }

    pub(crate) async fn ask(&self, request: ChatRequest) -> Result<ChatResponse, Error> {
        match self.provider.call(&self.cx, Request::Chat(Arc::new(request))).await? {
            Response::Chat(response) => Ok(*response),
            other => panic!("{other:?}"),
        }
    }

    /// One attempt of a driver.
    pub(crate) async fn attempt(&self, request_id: &str, number: u32) -> Result<ChatResponse, Error> {
        let mut cx = self.cx.clone();
        (cx.request_id, cx.attempt) = (Some(request_id.into()), number);
        match self.provider.call(&cx, Request::Chat(Arc::new(ChatRequest::new("m").with_user("hello")))).await? {
            Response::Chat(response) => Ok(*response),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn stream(&self) -> Result<ChatStream, Error> {
        let request = ChatRequest::new("m").with_user("hello");
        match self.provider.call(&self.cx, Request::ChatStream(Arc::new(request))).await? {
            Response::ChatStream(stream) => Ok(stream),
            other => panic!("{other:?}"),
        }
    }

    /// Spent and reserved of the budget's whole account, in tokens.
    pub(crate) async fn tokens(&self, key: &str) -> (i64, i64) {
        let Balance { spent, reserved, .. } =
            self.ledger.read(&[Account { key: key.into(), ends: None }]).await.unwrap()[0];
        (spent / 1_000_000, reserved / 1_000_000)
    }
}

/// Unix milliseconds that move with tokio's clock, from noon of 20 November 2026.
pub(crate) fn tokio_clock() -> impl llm_budget::Clock {
    let start = tokio::time::Instant::now();
    move || 1_795_176_000_000 + u64::try_from(start.elapsed().as_millis()).unwrap()
}
