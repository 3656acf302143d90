//! The order of stream events, and what a broken stream leaves behind.

use std::sync::Arc;
use std::time::Duration;

use llm_core::{
    Accumulator, Attempt, ChatStream, Error, ErrorKind, Event, Extensions, Finish, FinishReason, Media, MediaData,
    Origin, PartId, PartKind, Progress, Resumption, SequenceError, StreamFinish, StreamStart, Target, ToolCall, Usage,
    Visibility, Warning,
};

const P: PartId = PartId(0);
const Q: PartId = PartId(1);

fn start() -> Event {
    Event::Start(Box::new(StreamStart::new(Arc::new(Origin::new("openai-chat", "openai", "m")))))
}

fn shell(part: PartId, kind: PartKind) -> Event {
    Event::PartStart { part, candidate: 0, shell: Box::new(kind) }
}

fn text(part: PartId) -> Event {
    shell(part, PartKind::Text { text: String::new(), citations: Vec::new() })
}

fn call(part: PartId) -> Event {
    shell(part, PartKind::ToolCall(ToolCall { id: "c".into(), name: "f".into(), ..ToolCall::default() }))
}

fn delta(part: PartId, text: &str) -> Event {
    Event::TextDelta { part, text: text.into() }
}

fn end(part: PartId) -> Event {
    Event::PartEnd { part, truncated: false, ext: None }
}

fn finish() -> Event {
    Event::Finish(Box::new(StreamFinish::new(Finish::new(FinishReason::Stop, "stop"), Usage::new(3, 4))))
}

fn check(events: Vec<Event>, expected: Result<(), SequenceError>) {
    let mut accumulator = Accumulator::default();
    assert_eq!(events.into_iter().try_for_each(|event| accumulator.push(event)), expected);
}

#[test]
fn holds_every_stream_to_the_order() {
    use SequenceError as E;
    check(vec![Event::Ping, start(), text(P), delta(P, "a"), call(Q), delta(P, "b"), end(P), end(Q), finish()], Ok(()));
    check(vec![text(P)], Err(E::NotStarted));
    check(vec![start(), start()], Err(E::StartedTwice));
    check(vec![start(), delta(P, "a")], Err(E::UnknownPart(P)));
    check(vec![start(), text(P), text(P)], Err(E::PartStartedTwice(P)));
    check(vec![start(), call(P), delta(P, "a")], Err(E::WrongKind(P)));
    check(vec![start(), text(P), Event::ArgumentsDelta { part: P, json: "{".into() }], Err(E::WrongKind(P)));
    check(vec![start(), text(P), Event::ReasoningDelta { part: P, text: "{".into() }], Err(E::WrongKind(P)));
    check(vec![start(), text(P), Event::MediaDelta { part: P, bytes: "x".into() }], Err(E::WrongKind(P)));
    check(vec![start(), text(P), end(P), delta(P, "a")], Err(E::AfterEnd(P)));
    check(vec![start(), text(P), finish()], Err(E::Unclosed(P)));
    check(vec![start(), finish(), Event::Ping], Err(E::AfterFinish));
}

#[test]
fn puts_an_answer_together() {
    let mut accumulator = Accumulator::default();
    let media = Media {
        media_type: "audio/wav".into(),
        data: MediaData::Text { text: String::new() },
        filename: None,
        detail: None,
    };
    let mut facts = Extensions::default();
    facts.set("openai-chat", "fact", 1);
    for event in [
        start(),
        shell(P, PartKind::Reasoning { text: String::new(), visibility: Visibility::Full, encrypted: None }),
        Event::ReasoningDelta { part: P, text: "hm".into() },
        Event::SignatureDelta { part: P, signature: "si".into() },
        Event::SignatureDelta { part: P, signature: "g".into() },
        end(P),
        call(Q),
        Event::ArgumentsDelta { part: Q, json: "{\"a\":".into() },
        Event::ArgumentsDelta { part: Q, json: "1}".into() },
        Event::PartEnd { part: Q, truncated: false, ext: Some(Box::new(facts.clone())) },
        shell(PartId(2), PartKind::Media(media)),
        Event::MediaDelta { part: PartId(2), bytes: "ab".into() },
        Event::MediaDelta { part: PartId(2), bytes: "c".into() },
        end(PartId(2)),
        Event::Usage(Box::new(Usage::new(3, 1))),
        finish(),
    ] {
        accumulator.push(event).unwrap();
    }
    let response = accumulator.finish().unwrap();
    let content = &response.message.content;
    assert_eq!(response.message.reasoning().as_deref(), Some("hm"));
    assert_eq!(content[0].signature.as_deref(), Some("sig"));
    assert_eq!(response.message.tool_calls().next().unwrap().arguments, "{\"a\":1}");
    assert_eq!(content[1].ext, facts);
    assert!(
        matches!(&content[2].kind, PartKind::Media(media) if media.data == MediaData::Inline { bytes: "abc".into() })
    );
    assert_eq!(response.usage, Usage::new(3, 4), "the last snapshot counts, nothing is added up");
}

#[test]
fn keeps_several_answers_apart() {
    let mut accumulator = Accumulator::default();
    let second = Event::PartStart {
        part: Q,
        candidate: 1,
        shell: Box::new(PartKind::Text { text: String::new(), citations: vec![] }),
    };
    let mut last = StreamFinish::new(Finish::new(FinishReason::Stop, "stop"), Usage::default());
    last.more = vec![Finish::new(FinishReason::Length, "length")];
    for event in
        [start(), text(P), second, delta(Q, "two"), delta(P, "one"), end(P), end(Q), Event::Finish(Box::new(last))]
    {
        accumulator.push(event).unwrap();
    }
    let response = accumulator.finish().unwrap();
    assert_eq!(response.text(), "one");
    assert_eq!(
        (response.more[0].message.text().as_str(), &response.more[0].finish.reason),
        ("two", &FinishReason::Length)
    );
}

#[test]
fn a_stream_without_its_end_is_an_error_that_keeps_what_came() {
    let mut accumulator = Accumulator::default();
    for event in [start(), text(P), delta(P, "half"), call(Q), Event::ArgumentsDelta { part: Q, json: "{\"a\"".into() }]
    {
        accumulator.push(event).unwrap();
    }
    let error = accumulator.finish().unwrap_err();
    assert_eq!((error.kind(), error.progress()), (ErrorKind::Truncated, Progress::Committed));
    let partial = error.partial().unwrap();
    assert_eq!(partial.text(), "half");
    assert!(partial.message.tool_calls().next().unwrap().truncated);

    let mut accumulator = Accumulator::default();
    accumulator.push(start()).unwrap();
    assert_eq!(
        accumulator.finish().unwrap_err().progress(),
        Progress::Sent,
        "nothing was seen, so it may be tried again"
    );
}

#[tokio::test]
async fn an_error_inside_a_stream_keeps_what_came() {
    struct Events(std::vec::IntoIter<Result<Event, Error>>);
    impl futures_core::Stream for Events {
        type Item = Result<Event, Error>;
        fn poll_next(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Self::Item>> {
            std::task::Poll::Ready(self.0.next())
        }
    }
    let events = vec![Ok(start()), Ok(text(P)), Ok(delta(P, "half")), Err(Error::new(ErrorKind::Overloaded, "busy"))];
    let error = ChatStream::new(Events(events.into_iter())).collect().await.unwrap_err();
    assert_eq!((error.kind(), error.partial().unwrap().text().as_str()), (ErrorKind::Overloaded, "half"));
}

#[test]
fn only_what_a_caller_can_see_is_content() {
    for (event, content) in [
        (start(), false),
        (text(P), false),
        (delta(P, ""), false),
        (Event::Ping, false),
        (Event::Usage(Box::default()), false),
        (end(P), false),
        (finish(), false),
        (delta(P, "a"), true),
        (call(P), true),
        (Event::ReasoningDelta { part: P, text: "a".into() }, true),
    ] {
        assert_eq!(event.is_content(), content, "{event:?}");
    }
}

#[test]
fn what_came_up_after_the_start_stands_in_the_answer_too() {
    let target = |provider: &str| Target::new(provider, "m");
    let attempt = |provider, number| Attempt::new(target(provider), number, Duration::ZERO, Duration::ZERO);
    let mut start = StreamStart::new(Arc::new(Origin::new("openai-chat", "openai", "m")));
    start.warnings = vec![Warning::Other { message: "w".to_owned() }];
    start.attempts = vec![attempt("a", 1)];
    let mut finish = StreamFinish::new(Finish::new(FinishReason::Stop, "stop"), Usage::new(3, 4));
    finish.warnings = vec![Warning::Resumed {
        broken: target("a"),
        cause: ErrorKind::Truncated,
        by: target("b"),
        model: None,
        how: Resumption::Restart,
    }];
    finish.attempts = vec![attempt("a", 1), attempt("b", 2)];
    let mut accumulator = Accumulator::default();
    accumulator.push(Event::Start(Box::new(start))).unwrap();
    accumulator.push(Event::Finish(Box::new(finish.clone()))).unwrap();
    let answer = accumulator.finish().unwrap();
    assert_eq!((answer.warnings.len(), answer.attempts), (2, finish.attempts));
    assert_eq!(answer.warnings[1], finish.warnings[0]);
    let json = serde_json::to_value(&answer.warnings[1]).unwrap();
    assert_eq!(json["type"], "resumed");
    assert_eq!(serde_json::from_value::<Warning>(json).unwrap(), answer.warnings[1]);
}

#[test]
fn the_usage_of_two_calls_is_their_sum_part_by_part() {
    let mut a = Usage::new(10, 5);
    a.cache_read = Some(4);
    let mut b = Usage::new(11, 7);
    b.reasoning = Some(2);
    let sum = a.with(&b);
    assert_eq!((sum.input, sum.output, sum.cache_read, sum.reasoning), (Some(21), Some(12), Some(4), Some(2)));
    assert_eq!((sum.input_audio, sum.cache_write), (None, None));
    assert_eq!(Usage::default().with(&a), a);
}
