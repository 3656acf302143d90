//! What budgets, the cache and limits on the stores in memory add to a request, over the same client without them.
//!
//! Processor time of one thread, in turns within one run; medians. The provider answers at once, so that only our own
//! work is measured. Every prompt is new: the cache looks, misses and stores.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::cast_precision_loss, reason = "a benchmark that prints")]

use std::time::Duration;

use cpu_time::ThreadTime;
use loquat::core::{
    Adapter, ChatRequest, ChatResponse, ChatStream, Cx, Error, Finish, FinishReason, Message, Origin, Usage,
    async_trait,
};
use loquat::{Client, Config, Environment};

/// The most that they may add.
const AT_MOST: Duration = Duration::from_micros(10);
const ROUNDS: usize = 31;
const CALLS: u32 = 2000;

struct Instant;

#[async_trait]
impl Adapter for Instant {
    fn id(&self) -> &'static str {
        "instant"
    }

    fn api(&self) -> &'static str {
        "openai-chat"
    }

    async fn chat(&self, _: &Cx, request: &ChatRequest) -> Result<ChatResponse, Error> {
        let origin = std::sync::Arc::new(Origin::new("openai-chat", "instant", &*request.model));
        let mut response =
            ChatResponse::new(origin, Message::assistant("Yes."), Finish::new(FinishReason::Stop, "stop"));
        response.usage = Usage::new(20, 2);
        Ok(response)
    }

    async fn chat_stream(&self, _: &Cx, _: &ChatRequest) -> Result<ChatStream, Error> {
        Err(Error::unsupported("instant", "chat_stream"))
    }
}

const PRICES: &str = "
    [[prices.model]]
    provider = \"instant\"
    model = \"*\"
    price = { input = \"1\", output = \"2\" }
";

const ALL: &str = "
    cache = {}
    limits.target = { rpm = 1000000000, tpm = 1000000000000, max_in_flight = 1000 }
    limits.tenant = { rpm = 1000000000 }
    budget = [
        { name = \"day\", limit = \"1000000\", window = \"1d\" },
        { name = \"key\", limit = \"1000000\", window = \"1mo\", scope = { key = \"*\" } },
    ]
";

fn client(config: &str) -> Client {
    let config = Config::from_toml(&format!("{config}\n{PRICES}")).unwrap();
    let builder = Client::builder().config(config).environment(Environment::empty());
    builder.instance(std::sync::Arc::new(Instant)).model("instant/m").build().unwrap()
}

struct Measured {
    client: Client,
    times: Vec<Duration>,
    number: u64,
}

impl Measured {
    fn new(config: &str) -> Self {
        Self { client: client(config), times: Vec::new(), number: 0 }
    }

    async fn round(&mut self) {
        let since = ThreadTime::now();
        for _ in 0..CALLS {
            self.number += 1;
            let mut request = ChatRequest::new("instant/m")
                .with_user(format!("Is {} a number? Answer in one word, without any explanation.", self.number));
            request.sampling.temperature = Some(0.0);
            request.sampling.max_output_tokens = Some(16);
            let mut cx = self.client.cx(None);
            cx.tenant = Some("tenant".into());
            self.client.send(&cx, request).await.unwrap();
        }
        self.times.push(since.elapsed() / CALLS);
    }

    fn median(&mut self) -> Duration {
        self.times.sort_unstable();
        self.times[self.times.len() / 2]
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let only =
        |what: &str| ALL.lines().filter(|line| line.trim_start().starts_with(what)).collect::<Vec<_>>().join("\n");
    let budgets = format!("budget = [{}]", "{ name = \"day\", limit = \"1000000\", window = \"1d\" }");
    let mut all = [
        ("nothing", Measured::new("")),
        ("cache", Measured::new(&only("cache"))),
        ("limits", Measured::new(&only("limits"))),
        ("one budget", Measured::new(&budgets)),
        ("all of it", Measured::new(ALL)),
    ];
    for round in 0..=ROUNDS {
        for (_, measured) in &mut all {
            measured.round().await;
            if round == 0 {
                // The first one warms up.
                measured.times.clear();
            }
        }
    }
    let medians = all.each_mut().map(|(name, measured)| (*name, measured.median()));
    let bare = medians[0].1;
    for (name, median) in medians {
        let added = median.saturating_sub(bare);
        println!("{name:<12} {:>6.2} µs a call, {:>6.2} added", micros(median), micros(added));
    }
    let added = medians[4].1.saturating_sub(bare);
    println!("all of it adds {:.2} µs, at most {:.0} wanted", micros(added), micros(AT_MOST));
    if added > AT_MOST {
        std::process::exit(1);
    }
}

fn micros(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1000.0
}
