//! Many requests at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use loquat::core::{CancellationToken, Error};
use loquat::{ChatRequest, Client, Environment, ErrorKind, RetryPolicy, Stop};

/// How many requests the model has, and had at most.
#[derive(Default)]
struct Load {
    now: AtomicUsize,
    most: AtomicUsize,
    seen: AtomicUsize,
}

/// A model that takes the longer the smaller the number it is asked, and fails as the request says.
fn client(load: &Arc<Load>) -> Client {
    let load = load.clone();
    let provider = loquat::function("slow", move |request| {
        let (load, text) = (load.clone(), request.messages[0].text());
        async move {
            load.seen.fetch_add(1, Ordering::Relaxed);
            load.most.fetch_max(load.now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            let number: u64 = text.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0);
            tokio::time::sleep(Duration::from_millis(1000 - number)).await;
            load.now.fetch_sub(1, Ordering::Relaxed);
            match text.split(' ').nth(1) {
                Some("broken") => Err(Error::new(ErrorKind::InvalidRequest, "wrong")),
                Some("key") => Err(Error::new(ErrorKind::Auth, "api key missing")),
                Some("budget") => Err(Error::new(ErrorKind::BudgetExceeded, "no money")),
                _ => Ok(format!("answer {number}")),
            }
        }
    });
    let builder = Client::builder().instance(provider).model("slow/m").environment(Environment::empty());
    builder.retry(RetryPolicy::none()).build().unwrap()
}

fn requests(texts: impl IntoIterator<Item = String>) -> impl Iterator<Item = ChatRequest> + Unpin {
    texts.into_iter().map(|text| ChatRequest::default().with_user(text)).collect::<Vec<_>>().into_iter()
}

fn numbered(count: usize, what: impl Fn(usize) -> &'static str) -> Vec<String> {
    (0..count).map(|number| format!("{number} {}", what(number))).collect()
}

#[tokio::test(start_paused = true)]
async fn results_stand_in_the_order_of_requests_and_one_error_stops_nobody() {
    let load = Arc::new(Load::default());
    let told = Arc::new(AtomicUsize::new(0));
    let texts = numbered(50, |number| if number % 10 == 3 { "broken" } else { "" });
    let outcome = client(&load)
        .batch(requests(texts))
        .concurrency(5)
        .on_progress({
            let told = told.clone();
            move |progress| {
                told.fetch_add(1, Ordering::Relaxed);
                assert_eq!(progress.total, Some(50));
            }
        })
        .run()
        .await;
    assert_eq!(outcome.results.len(), 50);
    for (number, result) in outcome.results.iter().enumerate() {
        match result {
            Ok(reply) => assert_eq!(reply.text(), format!("answer {number}")),
            Err(error) => assert_eq!((number % 10, error.kind()), (3, ErrorKind::InvalidRequest)),
        }
    }
    assert_eq!((outcome.progress.done, outcome.progress.failed, outcome.progress.running), (45, 5, 0));
    assert_eq!(load.most.load(Ordering::Relaxed), 5, "so many at a time, and all places are used");
    assert_eq!(told.load(Ordering::Relaxed), 50);
    assert!(outcome.stop.is_none());
    assert_eq!(outcome.progress.unpriced, 45, "an unknown price is not nothing");
    assert_eq!(outcome.progress.to_string(), "45 answered, 5 failed of 50");
}

#[tokio::test(start_paused = true)]
async fn input_is_read_as_it_is_needed() {
    let load = Arc::new(Load::default());
    let read = Arc::new(AtomicUsize::new(0));
    let endless = {
        let read = read.clone();
        std::iter::repeat_with(move || {
            let number = read.fetch_add(1, Ordering::Relaxed);
            ChatRequest::default().with_user(number.to_string())
        })
    };
    let mut stream = client(&load).batch(endless).concurrency(4).stream();
    let mut seen = Vec::new();
    for _ in 0..10 {
        seen.push(stream.next().await.unwrap().index);
    }
    assert!(read.load(Ordering::Relaxed) <= 14, "{}", read.load(Ordering::Relaxed));
    assert_eq!(seen[..4], [3, 2, 1, 0], "results come when they are there");
    assert_eq!(stream.progress().total, None);
    drop(stream);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(read.load(Ordering::Relaxed) <= 14, "nothing goes on when nobody reads");
}

#[tokio::test(start_paused = true)]
async fn what_all_would_fail_by_ends_the_batch() {
    for (texts, most, expected) in [
        (numbered(100, |_| "key"), 4, ErrorKind::Auth),
        (numbered(100, |number| if number < 20 { "" } else { "budget" }), 28, ErrorKind::BudgetExceeded),
    ] {
        let load = Arc::new(Load::default());
        let outcome = client(&load).batch(requests(texts)).concurrency(4).run().await;
        let Some(Stop::Hopeless(error)) = outcome.stop else { panic!("it went on") };
        assert_eq!(error.kind(), expected);
        let seen = load.seen.load(Ordering::Relaxed);
        assert!(seen <= most && outcome.results.len() == seen, "{seen}");
    }
    // The key of one provider of several may be wrong.
    let load = Arc::new(Load::default());
    let texts = numbered(20, |number| if number < 10 { "" } else { "key" });
    let outcome = client(&load).batch(requests(texts)).concurrency(2).run().await;
    assert_eq!((outcome.results.len(), outcome.progress.failed), (20, 10));
    let outcome = client(&load).batch(requests(numbered(20, |_| "key"))).keep_going().run().await;
    assert_eq!(outcome.progress.failed, 20);
}

#[tokio::test(start_paused = true)]
async fn too_many_failures_or_a_word_end_the_batch_and_what_runs_is_awaited() {
    let load = Arc::new(Load::default());
    let outcome = client(&load).batch(requests(numbered(100, |_| "broken"))).concurrency(3).max_failures(5).run().await;
    assert!(matches!(outcome.stop, Some(Stop::TooManyFailures)));
    assert!((6..=8).contains(&outcome.results.len()), "{}", outcome.results.len());

    let cancel = CancellationToken::new();
    let batch = client(&load).batch(requests(numbered(100, |_| ""))).concurrency(3).cancelled_by(cancel.clone());
    let mut stream = batch.stream();
    stream.next().await.unwrap();
    cancel.cancel();
    let mut rest = 0;
    while let Some(item) = stream.next().await {
        assert!(item.result.is_ok());
        rest += 1;
    }
    assert!(matches!(stream.stop(), Some(Stop::Cancelled)));
    assert_eq!((rest, load.now.load(Ordering::Relaxed)), (2, 0));
}
