//! What a hit costs: the key, the look-up and the copy of the answer, and of these the key and the copy alone.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use cpu_time::ThreadTime;
use criterion::{Criterion, criterion_group, criterion_main};
use llm_cache::{Cache, Keyring, MemoryStore, TenantScope};
use llm_core::{
    Adapter, ChatRequest, ChatResponse, Cx, Error, ErrorKind, Finish, FinishReason, HttpRequest, HttpResponse, Layer,
    Message, Origin, Request, Response, Transport, Usage, async_trait,
};

struct Offline;

#[async_trait]
impl Transport for Offline {
    async fn send(&self, _: &Cx, _: HttpRequest) -> Result<HttpResponse, Error> {
        Err(Error::new(ErrorKind::Internal, "offline"))
    }
}

struct Vendor;

fn answer(bytes: usize) -> ChatResponse {
    let origin = Arc::new(Origin::new("bench", "vendor", "m"));
    let finish = Finish { reason: FinishReason::Stop, raw: None };
    let mut response = ChatResponse::new(origin, Message::assistant("x".repeat(bytes)), finish);
    response.usage = Usage::new(10, 20);
    response
}

#[async_trait]
impl Adapter for Vendor {
    fn id(&self) -> &'static str {
        "vendor"
    }

    fn api(&self) -> &'static str {
        "bench"
    }

    async fn chat(&self, _: &Cx, request: &ChatRequest) -> Result<ChatResponse, Error> {
        Ok(answer(request.messages.last().map_or(0, |message| message.text().len())))
    }
}

fn request(bytes: usize) -> Request {
    let mut request = ChatRequest::new("m").with_message(Message::system("be brief")).with_user("q".repeat(bytes));
    request.sampling.temperature = Some(0.0);
    Request::Chat(Arc::new(request))
}

/// Processor time of so many rounds: other work on the machine does not count.
fn measured(rounds: u64, mut round: impl FnMut()) -> Duration {
    let start = ThreadTime::now();
    for _ in 0..rounds {
        round();
    }
    start.elapsed()
}

fn hits(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let Ok(runtime) = runtime else { return };
    let mut cx = Cx::new(Arc::new(Offline));
    cx.tenant = Some("t".into());
    for bytes in [64, 1024, 16 * 1024] {
        let cache = Cache::builder(MemoryStore::entries(1000)).build();
        let provider = cache.layer().layer(Arc::new(Vendor));
        let request = request(bytes);
        let call = async || match provider.call(&cx, request.clone()).await {
            Ok(Response::Chat(answer)) => answer.cache,
            _ => None,
        };
        let status = runtime.block_on(async {
            call().await;
            tokio::task::yield_now().await;
            call().await
        });
        assert_eq!(status, Some(llm_core::CacheStatus::Hit), "what is measured is a hit");
        c.bench_function(&format!("hit/{bytes}"), |b| {
            b.iter_custom(|rounds| {
                runtime.block_on(async {
                    let start = ThreadTime::now();
                    for _ in 0..rounds {
                        black_box(call().await);
                    }
                    start.elapsed()
                })
            });
        });
        let (ring, scope) = (Keyring::ephemeral(), TenantScope::tenant("t"));
        c.bench_function(&format!("key/{bytes}"), |b| {
            b.iter_custom(|rounds| {
                measured(rounds, || {
                    black_box(ring.key(&scope, &cx, "m", black_box(&request)));
                })
            });
        });
        let known = answer(bytes);
        c.bench_function(&format!("copy/{bytes}"), |b| {
            b.iter_custom(|rounds| {
                measured(rounds, || {
                    black_box(black_box(&known).clone());
                })
            });
        });
    }
}

criterion_group!(benches, hits);
criterion_main!(benches);
