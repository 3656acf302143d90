//! A vendor that answers after a while and writes its own bills, and what it costs.

use std::fs::File;
use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use llm_budget::{CostEstimate, CostEstimator, Pricing};
use llm_core::{
    Capabilities, ChatResponse, ChatStream, Cost, CostSource, Cx, Error, ErrorKind, Event, Finish, FinishReason,
    Message, Origin, PartId, PartKind, Provider, Request, Response, StreamFinish, StreamStart, Usage, Usd,
};

/// Tokens of input of every request.
const INPUT: u64 = 20;
/// The longest answer of the model, in tokens.
const MOST: u64 = 180;

/// A tenth of a cent and a bit, so that amounts are not round.
fn price(tokens: u64) -> Usd {
    Usd::from_nanos(1_000_037 * tokens)
}

/// The vendor's prices.
pub(crate) struct Prices;

impl CostEstimator for Prices {
    fn estimate(&self, _provider: &str, request: &Request) -> Option<CostEstimate> {
        Some(CostEstimate::new(price(INPUT), price(1), bound(request)))
    }
}

impl Pricing for Prices {
    fn cost(&self, _provider: &str, _model: &str, usage: &Usage, _tier: Option<&str>) -> Option<Cost> {
        Some(Cost::new(price(usage.input? + usage.output?), CostSource::User))
    }
}

fn bound(request: &Request) -> u64 {
    match request {
        Request::Chat(chat) | Request::ChatStream(chat) => {
            chat.sampling.max_output_tokens.map_or(MOST, u64::from).min(MOST)
        }
        _ => 0,
    }
}

/// Answers whole or in a stream, and writes what it bills in a file of its own before it says the last word.
pub(crate) struct Vendor {
    bills: Arc<Mutex<File>>,
    random: Mutex<fastrand::Rng>,
    at_once: bool,
}

impl Vendor {
    pub(crate) fn new(bills: File, seed: u64) -> Self {
        let random = Mutex::new(fastrand::Rng::with_seed(seed));
        Self { bills: Arc::new(Mutex::new(bills)), random, at_once: false }
    }

    /// Answers without a wait, and its bills go nowhere.
    pub(crate) fn at_once(seed: u64) -> std::io::Result<Self> {
        let nowhere = File::options().write(true).open("/dev/null")?;
        Ok(Self { at_once: true, ..Self::new(nowhere, seed) })
    }
}

fn bill(bills: &Mutex<File>, tokens: u64) -> Result<(), Error> {
    let line = format!("{}\n", price(INPUT + tokens).nanos());
    bills
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .write_all(line.as_bytes())
        .map_err(|error| Error::new(ErrorKind::Internal, format!("the bill cannot be written: {error}")))
}

#[async_trait]
impl Provider for Vendor {
    fn id(&self) -> &'static str {
        "vendor"
    }

    fn api(&self) -> &'static str {
        "vendor"
    }

    fn capabilities(&self, _model: &str) -> Capabilities {
        Capabilities::default()
    }

    async fn call(&self, _cx: &Cx, request: Request) -> Result<Response, Error> {
        let (tokens, wait) = {
            let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
            (random.u64(1..=bound(&request).max(1)), Duration::from_millis(random.u64(50..1500)))
        };
        let (bills, origin) = (self.bills.clone(), Arc::new(Origin::new("vendor", "vendor", "m")));
        let (finish, usage) = (Finish::new(FinishReason::Stop, "stop"), Usage::new(INPUT, tokens));
        if let Request::Chat(_) = request {
            if !self.at_once {
                tokio::time::sleep(wait).await;
            }
            bill(&bills, tokens)?;
            let mut response = ChatResponse::new(origin, Message::assistant("yes"), finish);
            response.usage = usage;
            return Ok(Response::Chat(Box::new(response)));
        }
        let shell = Box::new(PartKind::Text { text: String::new(), citations: Vec::new() });
        let start = [
            Ok(Event::Start(Box::new(StreamStart::new(origin)))),
            Ok(Event::PartStart { part: PartId(0), candidate: 0, shell }),
        ];
        let pieces = 6;
        // Three bytes are thought to be a token, so never more than it will cost is observed.
        let text = "abc".repeat(usize::try_from(tokens / pieces).unwrap_or(0));
        let words = futures_util::stream::iter(0..pieces).then(move |_| {
            let text = text.clone();
            async move {
                tokio::time::sleep(wait / 6).await;
                Ok(Event::TextDelta { part: PartId(0), text })
            }
        });
        let end = [Ok(Event::PartEnd { part: PartId(0), truncated: false, ext: None })];
        let last = futures_util::stream::once(async move {
            bill(&bills, tokens)?;
            Ok(Event::Finish(Box::new(StreamFinish::new(finish, usage))))
        });
        let events = futures_util::stream::iter(start).chain(words).chain(futures_util::stream::iter(end)).chain(last);
        Ok(Response::ChatStream(ChatStream::new(events)))
    }
}
