//! Calls the upstream as a program would and counts CPU time and allocations of this process.
//! `caller --port N --contender raw|loquat|stack|plugin --calls N --streams N` prints
//! `{"call_cpu_us","call_allocations","chunk_cpu_us","chunk_allocations"}`.
//!
//! `raw` is bare reqwest that neither writes nor reads JSON. `loquat` is the facade with its whole stack over real HTTP.
//! `plugin` and `stack` are the bare plugin and the whole stack over a transport without sockets.
#![allow(clippy::print_stdout, reason = "the driver reads the result from standard output")]

use std::alloc::System;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use cpu_time::ProcessTime;
use llm_core::{BuildCx, ChatRequest, Cx, Provider, Request, Response, Timeouts, Transport};
use loquat::{Client, Config, Environment, Piece, ProviderConfig};
use serde_json::json;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use workspace_bench::{answers, arguments, value};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What is measured.
enum Contender {
    Raw { client: reqwest::Client, url: String },
    Loquat(Client),
    Plugin { provider: Arc<dyn Provider>, cx: Box<Cx> },
}

impl Contender {
    fn new(name: &str, port: u16) -> Result<Self> {
        let base = format!("http://127.0.0.1:{port}/v1");
        let client = |transport: Option<Arc<dyn Transport>>| {
            let provider = ProviderConfig::new("openai").with("api_key", "sk-bench").with("base_url", base.as_str());
            let builder =
                Client::builder().config(Config::default()).environment(Environment::empty()).provider(provider);
            match transport {
                Some(transport) => builder.transport(transport),
                None => builder,
            }
            .build()
        };
        Ok(match name {
            #[expect(clippy::disallowed_methods, reason = "the baseline is reqwest itself")]
            "raw" => Self::Raw {
                client: reqwest::Client::builder().no_proxy().tcp_nodelay(true).build()?,
                url: format!("{base}/chat/completions"),
            },
            "loquat" => Self::Loquat(client(None)?),
            "stack" => Self::Loquat(client(Some(Arc::new(InMemory::new())))?),
            "plugin" => {
                let config = json!({"api_key": "sk-bench", "base_url": base});
                let config = config.as_object().cloned().context("an object")?;
                let provider = loquat::registry()?.plugin("openai")?.build(config, &BuildCx::new("openai"))?;
                let cx = Cx::new(Arc::new(InMemory::new())).with_timeouts(Timeouts::OFF);
                Self::Plugin { provider, cx: Box::new(cx) }
            }
            other => bail!("no contender {other:?}"),
        })
    }

    async fn call(&self) -> Result<usize> {
        Ok(match self {
            Self::Raw { client, url } => raw(client, url, false).await?.bytes().await?.len(),
            Self::Loquat(client) => client.send(&client.cx(None), request("openai/bench-model-1")).await?.text().len(),
            Self::Plugin { provider, cx } => {
                match provider.call(cx, Request::Chat(Arc::new(request("bench-model-1")))).await? {
                    Response::Chat(response) => response.text().len(),
                    other => bail!("{other:?}"),
                }
            }
        })
    }

    async fn stream(&self) -> Result<usize> {
        let mut seen = 0;
        match self {
            Self::Raw { client, url } => {
                let mut response = raw(client, url, true).await?;
                while let Some(bytes) = response.chunk().await? {
                    seen += bytes.len();
                }
            }
            Self::Loquat(client) => {
                let mut pieces = client.request(request("openai/bench-model-1")).stream().await?;
                while let Some(piece) = pieces.next().await {
                    if let Piece::Text(text) = piece? {
                        seen += text.len();
                    }
                }
            }
            Self::Plugin { provider, cx } => {
                let Response::ChatStream(mut events) =
                    provider.call(cx, Request::ChatStream(Arc::new(request("bench-model-1")))).await?
                else {
                    bail!("not a stream")
                };
                while let Some(event) = events.next().await {
                    if let llm_core::Event::TextDelta { text, .. } = event? {
                        seen += text.len();
                    }
                }
            }
        }
        Ok(seen)
    }
}

async fn raw(client: &reqwest::Client, url: &str, stream: bool) -> Result<reqwest::Response> {
    let body = answers::request("bench-model-1", stream);
    let request = client.post(url).header("content-type", "application/json").bearer_auth("sk-bench").body(body);
    Ok(request.send().await?.error_for_status()?)
}

fn request(model: &str) -> ChatRequest {
    let mut request = ChatRequest::new(model)
        .with_message(llm_core::Message::system("You are a careful assistant."))
        .with_user(answers::prompt());
    request.sampling.temperature = Some(0.7);
    request.sampling.max_output_tokens = Some(256);
    request
}

/// Answers from memory: what is left is the cost of our own code.
struct InMemory {
    unary: bytes::Bytes,
    stream: Vec<bytes::Bytes>,
}

impl InMemory {
    fn new() -> Self {
        Self { unary: answers::unary(), stream: answers::stream() }
    }
}

#[llm_core::async_trait]
impl Transport for InMemory {
    async fn send(&self, _: &Cx, request: llm_core::HttpRequest) -> Result<llm_core::HttpResponse, llm_core::Error> {
        let streamed = request.body.windows(13).any(|window| window == br#""stream":true"#);
        if !streamed {
            return Ok(llm_core::HttpResponse::full(http::StatusCode::OK, http::HeaderMap::new(), self.unary.clone()));
        }
        let mut response = llm_core::HttpResponse::full(http::StatusCode::OK, http::HeaderMap::new(), "");
        response.body = llm_core::Body::stream(Frames(self.stream.clone().into_iter()));
        Ok(response)
    }
}

struct Frames(std::vec::IntoIter<bytes::Bytes>);

impl futures_core::Stream for Frames {
    type Item = Result<bytes::Bytes, llm_core::Error>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(self.0.next().map(Ok))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments = arguments()?;
    let count = |name: &str| anyhow::Ok(value(&arguments, name)?.parse::<u32>()?);
    let (calls, streams) = (count("calls")?, count("streams")?);
    let contender = Contender::new(value(&arguments, "contender")?, value(&arguments, "port")?.parse()?)?;
    for _ in 0..calls / 10 {
        anyhow::ensure!(contender.call().await? > 400, "a short answer");
    }
    anyhow::ensure!(contender.stream().await? >= answers::CHUNKS * 8, "a short stream");

    let (time, allocations) = (ProcessTime::now(), Region::new(ALLOCATOR));
    for _ in 0..calls {
        contender.call().await?;
    }
    let (call_time, call_allocations) = (time.elapsed(), allocations.change().allocations);

    let (time, allocations) = (ProcessTime::now(), Region::new(ALLOCATOR));
    for _ in 0..streams {
        contender.stream().await?;
    }
    let (stream_time, stream_allocations) = (time.elapsed(), allocations.change().allocations);

    let chunks = f64::from(streams) * f64::from(u32::try_from(answers::CHUNKS)?);
    let calls = f64::from(calls);
    #[expect(clippy::cast_precision_loss, reason = "counts of allocations are far below 2^52")]
    let per = |count: usize, of: f64| count as f64 / of;
    println!(
        "{}",
        json!({
            "call_cpu_us": call_time.as_secs_f64() * 1e6 / calls,
            "call_allocations": per(call_allocations, calls),
            "chunk_cpu_us": stream_time.as_secs_f64() * 1e6 / chunks,
            "chunk_allocations": per(stream_allocations, chunks),
        })
    );
    Ok(())
}
