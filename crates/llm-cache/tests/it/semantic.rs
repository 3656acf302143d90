//! Similar questions: alike enough, of the same tenant, and in everything else the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use llm_cache::{CacheKey, MemoryIndex, Semantic, VectorIndex};
use llm_core::{
    Adapter, CacheControl, CacheStatus, Cx, EmbedRequest, EmbedResponse, Error, ErrorKind, Message, Request,
    async_trait,
};

use crate::support::{Vendor, around, ask, builder, chat, cx, ms, origin, question, stream};

/// Questions about the weather look one way, others another; the last digit turns the vector by so many degrees.
#[derive(Default)]
struct Embedder {
    calls: AtomicU64,
    fails: bool,
}

#[async_trait]
impl Adapter for Embedder {
    fn id(&self) -> &'static str {
        "embedder"
    }

    fn api(&self) -> &'static str {
        "script"
    }

    async fn embed(&self, _: &Cx, request: &EmbedRequest) -> Result<EmbedResponse, Error> {
        self.calls.fetch_add(1, SeqCst);
        if self.fails {
            return Err(Error::new(ErrorKind::Server, "broken"));
        }
        let text = &request.inputs[0];
        let base = if text.contains("weather") { 0.0 } else { 90.0 };
        let turn = text.chars().last().and_then(|last| last.to_digit(10)).unwrap_or(0);
        let angle = (base + f32::from(u8::try_from(turn).unwrap())).to_radians();
        Ok(EmbedResponse::new(origin(), vec![vec![3.0 * angle.cos(), 3.0 * angle.sin()]]))
    }
}

#[tokio::test(start_paused = true)]
async fn a_similar_question_of_the_same_tenant_is_answered() {
    let (vendor, embedder) = (Arc::new(Vendor::new(ms(1))), Arc::new(Embedder::default()));
    // cos 5° = 0.9962, cos 9° = 0.9877
    let semantic = Semantic::new(embedder.clone(), "e").with_floor(0.99);
    let cache = builder().semantic(semantic).build();
    let provider = around(&cache, &vendor);
    let mut system = question("weather 1");
    system.messages.insert(0, Arc::new(Message::system("be brief")));
    let strict = cx("a").with_cache(CacheControl::default().with_similarity(0.999));
    let loose = cx("a").with_cache(CacheControl::default().with_similarity(0.1));
    let steps = [
        (cx("a"), chat("weather 0"), CacheStatus::Miss),
        (cx("a"), chat("weather 0"), CacheStatus::Hit),
        (cx("a"), chat("the weather 5"), CacheStatus::Similar),
        (cx("a"), stream("how is the weather 4"), CacheStatus::Similar),
        (cx("b"), chat("weather 5"), CacheStatus::Miss),
        (cx("a"), chat("time 5"), CacheStatus::Miss),
        (cx("a"), Request::Chat(Arc::new(system)), CacheStatus::Miss),
        (strict, chat("weather 3"), CacheStatus::Miss),
        (loose, chat("please, weather 9"), CacheStatus::Similar),
        (cx("a"), chat("weather at 9"), CacheStatus::Similar),
    ];
    for (number, (cx, request, status)) in steps.into_iter().enumerate() {
        let response = ask(&provider, &cx, request).await.unwrap();
        tokio::time::sleep(ms(1)).await;
        assert_eq!(response.cache, Some(status), "step {number}: {response}");
    }
    let mut warmer = question("weather 1");
    warmer.sampling.temperature = Some(0.1);
    assert_eq!(ask(&provider, &cx("a"), Request::Chat(Arc::new(warmer))).await.unwrap().cache, Some(CacheStatus::Miss));
    assert_eq!(cache.counters().similar, 4);
    tokio::time::sleep(ms(1)).await;
    cache.clear().await.unwrap();
    assert_eq!(ask(&provider, &cx("a"), chat("weather 2")).await.unwrap().cache, Some(CacheStatus::Miss));
}

#[tokio::test(start_paused = true)]
async fn a_caller_cannot_lower_the_floor() {
    for similarity in [0.0, -1.0, f32::NAN, f32::NEG_INFINITY] {
        let vendor = Arc::new(Vendor::new(ms(1)));
        let embedder = Arc::new(Embedder::default());
        let cache = builder().semantic(Semantic::new(embedder.clone(), "e").with_floor(0.99)).build();
        let provider = around(&cache, &vendor);
        ask(&provider, &cx("a"), chat("weather 0")).await.unwrap();
        tokio::time::sleep(ms(1)).await;
        let loose = cx("a").with_cache(CacheControl::default().with_similarity(similarity));
        assert_eq!(ask(&provider, &loose, chat("weather 9")).await.unwrap().cache, Some(CacheStatus::Miss));
        assert_eq!(embedder.calls.load(SeqCst), 2, "it was looked for");
    }
}

#[tokio::test(start_paused = true)]
async fn a_broken_embedder_only_costs_the_similarity_and_followers_embed_once() {
    let vendor = Arc::new(Vendor::new(ms(1)));
    let broken = Arc::new(Embedder { fails: true, ..Embedder::default() });
    let provider = around(&builder().semantic(Semantic::new(broken, "e")).build(), &vendor);
    assert_eq!(ask(&provider, &cx("a"), chat("q")).await.unwrap().cache, Some(CacheStatus::Miss));
    let embedder = Arc::new(Embedder::default());
    let provider = around(&builder().semantic(Semantic::new(embedder.clone(), "e")).build(), &vendor);
    let all = (0..100).map(|_| {
        let provider = provider.clone();
        tokio::spawn(async move { ask(&provider, &cx("a"), chat("q")).await.unwrap() })
    });
    futures_util::future::join_all(all).await;
    assert_eq!((embedder.calls.load(SeqCst), vendor.calls()), (1, 2));
}

#[test]
fn the_index_is_bounded_and_never_leaves_its_partition() {
    let key = |number: u8| CacheKey::from_bytes([number; 32]);
    let index = MemoryIndex::new(3);
    for number in 1..=5 {
        index.insert(&key(100), vec![1.0, 0.0], key(number));
    }
    assert_eq!(index.len(), 3);
    index.insert(&key(100), vec![0.0, 1.0], key(5));
    assert_eq!(index.len(), 3, "one of the same key replaces it");
    assert_eq!(index.nearest(&key(100), &[0.0, 1.0], 0.9), Some((key(5), 1.0)));
    assert_eq!(index.nearest(&key(101), &[0.0, 1.0], 0.0), None);
    assert_eq!(
        index.nearest(&key(100), &[0.0, 1.0, 0.0], 0.0),
        None,
        "another model's vectors are as long as they are"
    );
    index.remove(&key(100), &key(5));
    assert_eq!(index.nearest(&key(100), &[0.0, 1.0], 0.9), None);
    index.clear();
    assert!(index.is_empty());
    assert_eq!(MemoryIndex::new(0).nearest(&key(1), &[1.0], 0.0), None);
}
