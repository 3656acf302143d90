//! The cache around a provider of one's own, with nothing else of Loquat but its types.
//!
//! Ten people ask the same at once, then one asks again, then another tenant: two calls in all.

use std::sync::Arc;
use std::time::Duration;

use llm_cache::{Cache, CachePolicy, DAY, MemoryStore};
use llm_core::{
    Adapter, ChatRequest, ChatResponse, Cx, Error, ErrorKind, Finish, FinishReason, HttpRequest, HttpResponse, Layer,
    Message, Origin, Request, Response, Transport, Usage, async_trait,
};

struct Slow;

#[async_trait]
impl Adapter for Slow {
    fn id(&self) -> &'static str {
        "slow"
    }

    fn api(&self) -> &'static str {
        "example"
    }

    async fn chat(&self, _: &Cx, request: &ChatRequest) -> Result<ChatResponse, Error> {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let origin = Arc::new(Origin::new("example", "slow", request.model.as_str()));
        let finish = Finish { reason: FinishReason::Stop, raw: None };
        let mut response = ChatResponse::new(origin, Message::assistant("Because of Rayleigh scattering."), finish);
        response.usage = Usage::new(12, 6);
        Ok(response)
    }
}

/// This provider needs no transport.
struct Offline;

#[async_trait]
impl Transport for Offline {
    async fn send(&self, _: &Cx, _: HttpRequest) -> Result<HttpResponse, Error> {
        Err(Error::new(ErrorKind::Internal, "there is no network in this example"))
    }
}

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "an example")]
async fn main() -> Result<(), Error> {
    let cache = Cache::builder(MemoryStore::entries(10_000)).policy(CachePolicy::default().with_ttl(DAY)).build();
    let provider = cache.layer().layer(Arc::new(Slow));

    let ask = |tenant: &str| {
        let mut cx = Cx::new(Arc::new(Offline));
        cx.tenant = Some(tenant.into());
        let mut request = ChatRequest::new("any").with_user("Why is the sky blue?");
        request.sampling.temperature = Some(0.0);
        let provider = provider.clone();
        async move { provider.call(&cx, Request::Chat(Arc::new(request))).await }
    };

    futures_util::future::join_all((0..10).map(|_| ask("acme"))).await;
    for tenant in ["acme", "rival"] {
        if let Response::Chat(answer) = ask(tenant).await? {
            let status = answer.cache.map_or("none", |status| status.as_str());
            println!("{tenant}: {answer} ({status}, {})", answer.usage);
        }
    }
    let counters = cache.counters();
    println!(
        "{} calls, {} joined, {} hits, {:?} and {} tokens saved",
        counters.misses, counters.joined, counters.hits, counters.saved_time, counters.saved_output_tokens
    );
    Ok(())
}
