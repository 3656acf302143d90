//! The vendor that fails on schedule: each fault as its caller meets it, the record, and the same run twice.

use std::sync::Arc;
use std::time::Duration;

use llm_core::{
    Capabilities, ChatRequest, Cx, EmbedRequest, Error, ErrorKind, Event, Message, Progress, Provider, Request,
    Response, Secret, Support, TimeoutStage, Timeouts,
};
use llm_testkit::ScriptedTransport;
use llm_testkit::fault::{
    Answers, Builder, Cut, Episode, Fault, FaultyProvider, Outcome, Pace, Schedule, Spread, Stall,
};
use tokio::time::Instant;

const HOUR: Duration = Duration::from_secs(3600);

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Five words: headers after 100 ms, the first word 400 ms later, then one every 10 ms.
fn pace() -> Pace {
    Pace {
        headers: Spread::always(ms(100)),
        first_word: Spread::always(ms(400)),
        word: Spread::always(ms(10)),
        words: (5, 5),
        ..Pace::default()
    }
}

fn vendor(fault: Fault) -> Builder {
    let schedule = Schedule::new([Episode::new(fault, Duration::ZERO, HOUR)]).with_pace(pace());
    FaultyProvider::new("vendor", 1).with_schedule(schedule)
}

fn cx() -> Cx {
    ScriptedTransport::default().cx()
}

fn question() -> Arc<ChatRequest> {
    Arc::new(ChatRequest::new("m").with_user("what?"))
}

async fn chat(vendor: &FaultyProvider, cx: &Cx) -> Result<String, Error> {
    match vendor.call(cx, Request::Chat(question())).await? {
        Response::Chat(chat) => Ok(chat.text()),
        other => panic!("{other:?}"),
    }
}

/// The words of a stream, its pings, and how it ended.
async fn stream(vendor: &FaultyProvider, cx: &Cx) -> (String, usize, Result<(), Error>) {
    let (mut text, mut pings) = (String::new(), 0);
    let mut stream = match vendor.call(cx, Request::ChatStream(question())).await {
        Ok(Response::ChatStream(stream)) => stream,
        Ok(other) => panic!("{other:?}"),
        Err(error) => return (text, pings, Err(error)),
    };
    while let Some(event) = stream.next().await {
        match event {
            Ok(Event::TextDelta { text: more, .. }) => text += &more,
            Ok(Event::Finish(_)) => return (text, pings, Ok(())),
            Ok(Event::Ping) if pings == 9 => return (text, pings, Ok(())),
            Ok(Event::Ping) => pings += 1,
            Ok(_) => {}
            Err(error) => return (text, pings, Err(error)),
        }
    }
    (text, pings, Err(Error::truncated()))
}

#[tokio::test(start_paused = true)]
async fn a_healthy_vendor_answers_in_its_time() {
    let vendor = FaultyProvider::new("vendor", 1).with_schedule(Schedule::default().with_pace(pace())).build();
    let start = Instant::now();
    let text = chat(&vendor, &cx()).await.unwrap();
    assert_eq!((start.elapsed(), text.split(' ').count()), (ms(550), 6));
    let (words, _, end) = stream(&vendor, &cx()).await;
    assert!(end.is_ok());
    assert_eq!(start.elapsed(), ms(550 + 530), "the last word of a stream ends it");
    let calls = vendor.calls();
    assert_eq!([calls[0].answer(), calls[1].answer()], [text, words]);
    assert!(calls.iter().all(|call| call.outcome == Outcome::Answered && call.delivered == 5));
    let embed = EmbedRequest::new("m", ["a", "bc"]);
    let Response::Embed(vectors) = vendor.call(&cx(), Request::Embed(Arc::new(embed))).await.unwrap() else { panic!() };
    assert_eq!(vectors.vectors, [[1.0], [2.0]]);
    assert_eq!((vendor.in_flight(), vendor.most_in_flight()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn every_fault_is_met_as_its_class_and_at_its_place() {
    use ErrorKind as K;
    let first_byte = K::Timeout(TimeoutStage::FirstByte);
    let idle = K::Timeout(TimeoutStage::Idle);
    // Fault, class of a whole answer, class of a stream, words of the stream, seconds until its end.
    let cases = [
        (Fault::Status(500), K::Server, K::Server, 0, 0),
        (Fault::Status(529), K::Overloaded, K::Overloaded, 0, 0),
        (Fault::Status(401), K::Auth, K::Auth, 0, 0),
        (Fault::Crowded(0), K::Overloaded, K::Overloaded, 0, 0),
        (Fault::Quota { reset: None }, K::QuotaExhausted, K::QuotaExhausted, 0, 0),
        (Fault::Stall(Stall::Headers), first_byte, first_byte, 0, 60),
        (Fault::Stall(Stall::FirstWord), first_byte, idle, 0, 30),
        (Fault::Stall(Stall::MidStream), first_byte, idle, 2, 30),
        (Fault::KeepAlive(ms(31_000)), first_byte, idle, 0, 30),
        (Fault::Cut(Cut::FirstWord), K::Truncated, K::Truncated, 0, 0),
        (Fault::Cut(Cut::MidStream), K::Truncated, K::Truncated, 3, 0),
        (Fault::Drip(ms(31_000)), first_byte, idle, 1, 30),
        (Fault::Reset(Progress::NotSent), K::Network, K::Network, 0, 0),
        (Fault::Reset(Progress::Sent), K::Network, K::Network, 0, 0),
        (Fault::Reset(Progress::Committed), K::Network, K::Network, 3, 0),
    ];
    for (fault, whole, streamed, words, seconds) in cases {
        let vendor = vendor(fault.clone()).build();
        assert_eq!(chat(&vendor, &cx()).await.unwrap_err().kind(), whole, "{fault:?}");
        let start = Instant::now();
        let (text, pings, end) = stream(&vendor, &cx()).await;
        let found = (end.unwrap_err().kind(), text.matches(' ').count(), pings, start.elapsed().as_secs());
        assert_eq!(found, (streamed, words, 0, seconds), "{fault:?}");
        let calls = vendor.calls();
        assert_eq!([calls[0].outcome, calls[1].outcome], [Outcome::Failed(whole), Outcome::Failed(streamed)]);
        assert_eq!(calls[1].delivered_text(), text);
        assert_eq!(vendor.in_flight(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn signs_of_life_go_on_for_good_and_a_call_without_timers_hangs() {
    let alive = vendor(Fault::KeepAlive(ms(5000))).build();
    let (text, pings, _) = stream(&alive, &cx()).await;
    assert_eq!((text.as_str(), pings, alive.in_flight()), ("", 9, 0));
    assert_eq!(alive.calls()[0].outcome, Outcome::Dropped);
    let silent = vendor(Fault::Stall(Stall::Headers)).build();
    let patient = cx().with_timeouts(Timeouts::OFF);
    assert!(tokio::time::timeout(HOUR, chat(&silent, &patient)).await.is_err());
    assert_eq!(silent.calls()[0].ended.unwrap() - silent.calls()[0].started, HOUR);
}

#[tokio::test(start_paused = true)]
async fn who_comes_before_the_hint_is_noted_by_credential() {
    let vendor = vendor(Fault::Closed { status: 429, wait: ms(2000), hint: true }).build();
    let refusal = chat(&vendor, &cx()).await.unwrap_err();
    assert_eq!((refusal.kind(), refusal.retry_after()), (ErrorKind::RateLimited, Some(ms(2000))));
    chat(&vendor, &cx()).await.unwrap_err();
    let mut other = cx();
    other.credential = Some(Secret::new("another key"));
    chat(&vendor, &other).await.unwrap_err();
    tokio::time::sleep(ms(2000)).await;
    chat(&vendor, &cx()).await.unwrap();
    let early: Vec<_> = vendor.calls().iter().map(|call| call.early).collect();
    assert_eq!(early, [None, Some(ErrorKind::RateLimited), None, None]);
    assert_eq!(vendor.calls()[1].hint, Some(ms(1900)), "what was left when it came");
}

#[tokio::test(start_paused = true)]
async fn a_window_lets_so_many_in_and_says_what_is_left() {
    let vendor = vendor(Fault::Limited { requests: 2, per: ms(5000), hint: true }).build();
    for left in [1, 0] {
        let Response::Chat(chat) = vendor.call(&cx(), Request::Chat(question())).await.unwrap() else { panic!() };
        assert_eq!(chat.rate_limits.unwrap().requests_remaining, Some(left));
    }
    let refusal = chat(&vendor, &cx()).await.unwrap_err();
    // 5 s after the first call, which took 550 ms like the second.
    assert_eq!(refusal.retry_after(), Some(ms(3900)));
}

#[tokio::test(start_paused = true)]
async fn a_flapping_vendor_is_down_in_every_first_half() {
    let episode = Episode::new(Fault::Status(500), Duration::ZERO, ms(30_000)).flapping(ms(10_000));
    let schedule = Schedule::new([episode]).with_pace(pace());
    let vendor = FaultyProvider::new("vendor", 1).with_schedule(schedule).build();
    let mut up = Vec::new();
    for second in [1, 6, 11, 16, 31] {
        tokio::time::sleep_until(vendor.epoch() + ms(second * 1000)).await;
        up.push(chat(&vendor, &cx()).await.is_ok());
    }
    assert_eq!(up, [false, true, false, true, true]);
}

#[tokio::test(start_paused = true)]
async fn the_same_question_has_the_same_words_and_can_be_gone_on_with() {
    let mut capabilities = Capabilities::chat();
    capabilities.assistant_prefill = Support::Yes;
    let build = |id: &str| FaultyProvider::new(id, 1).with_answers(Answers::OfTheRequest);
    let (first, second) = (build("a").build(), build("b").with_capabilities(capabilities).build());
    let whole = chat(&first, &cx()).await.unwrap();
    assert_eq!(chat(&second, &cx()).await.unwrap(), whole);
    let begun = Arc::new(ChatRequest::clone(&question()).with_message(Message::assistant(&whole[..15])));
    let Ok(Response::Chat(rest)) = second.call(&cx(), Request::Chat(begun.clone())).await else { panic!() };
    assert_eq!(format!("{}{}", &whole[..15], rest.text()), whole);
    let refusal = first.call(&cx(), Request::Chat(begun)).await.unwrap_err();
    assert_eq!(refusal.kind(), ErrorKind::InvalidRequest, "this one takes no beginning");
}

#[tokio::test(start_paused = true)]
async fn a_seed_is_a_run() {
    async fn run(seed: u64) -> String {
        let schedule = Schedule::random(seed, ms(60_000));
        let vendor = FaultyProvider::new("vendor", seed).with_schedule(schedule).build();
        for _ in 0..40 {
            let _ = stream(&vendor, &cx()).await;
        }
        let line = |call: &llm_testkit::fault::Call| {
            let at = call.started - vendor.epoch();
            format!("{at:?} {:?} {} {:?}\n", call.outcome, call.delivered, call.early)
        };
        vendor.calls().iter().map(line).collect()
    }
    for seed in 0..20 {
        assert_eq!(run(seed).await, run(seed).await, "seed {seed}");
    }
    assert_ne!(run(1).await, run(2).await);
}

#[test]
fn random_schedules_have_every_fault_and_end_in_time() {
    let schedules: Vec<_> = (0..500).map(|seed| Schedule::random(seed, HOUR)).collect();
    let episodes: Vec<_> = schedules.iter().flat_map(|schedule| &schedule.episodes).collect();
    assert!(episodes.iter().all(|episode| episode.from < episode.until && episode.until <= HOUR));
    let mut names: Vec<_> = episodes.iter().map(|episode| std::mem::discriminant(&episode.fault)).collect();
    names.sort_unstable_by_key(|name| format!("{name:?}"));
    names.dedup();
    assert_eq!(names.len(), 11, "every kind of fault");
    assert!(episodes.iter().any(|episode| episode.period.is_some()));
    assert!(schedules.iter().any(|schedule| schedule.episodes.is_empty()));
}
