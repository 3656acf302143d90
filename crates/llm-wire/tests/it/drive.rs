//! The shell around a decoder: order of events and errors, ends of all kinds, and that nothing is held on to.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, StatusCode};
use llm_core::{
    Body, ChatStream, Error, ErrorKind, Event, Finish, FinishReason, HttpResponse, PartId, Progress, StreamFinish,
    TimeoutStage, Usage,
};
use llm_wire::{EventQueue, Frame, StreamDecoder, json_array_stream, ndjson_stream, sse_stream};

use crate::split::same_for_every_split;

/// A protocol for tests: `"END"` is the end marker, `"FINISH"` ends at once, `"DONE"` makes the rest meaningless,
/// `"ERROR"` is an error in band behind a word, every other JSON string is a word. Named events become `Unknown`.
#[derive(Default)]
struct Words {
    ended: bool,
    done: bool,
    /// Claims success without a finish.
    careless: bool,
}

fn finish() -> Event {
    Event::Finish(Box::new(StreamFinish::new(Finish::new(FinishReason::Stop, "end"), Usage::default())))
}

fn word(text: &str) -> Event {
    Event::TextDelta { part: PartId(0), text: text.to_owned() }
}

impl StreamDecoder for Words {
    fn frame(&mut self, frame: Frame<'_>, out: &mut EventQueue) -> Result<(), Error> {
        if let Some(name) = frame.name {
            out.push(Event::Unknown { kind: name.to_owned(), data: serde_json::Value::Null });
            return Ok(());
        }
        let text: String = serde_json::from_slice(frame.data)
            .map_err(|error| Error::new(ErrorKind::Malformed, "not a json string").with_source(error))?;
        match text.as_str() {
            "END" => self.ended = true,
            "DONE" => (self.ended, self.done) = (true, true),
            "FINISH" => out.push(finish()),
            "ERROR" => {
                out.push(word("last"));
                return Err(Error::new(ErrorKind::Overloaded, "the vendor is overloaded"));
            }
            text => out.push(word(text)),
        }
        Ok(())
    }

    fn end(&mut self, out: &mut EventQueue) -> Result<(), Error> {
        if self.ended {
            out.push(finish());
        }
        if self.ended || self.careless { Ok(()) } else { Err(Error::truncated()) }
    }

    fn is_done(&self) -> bool {
        self.done
    }
}

fn response(body: impl Stream<Item = Result<Bytes, Error>> + Send + 'static) -> HttpResponse {
    let mut response = HttpResponse::full(StatusCode::OK, HeaderMap::new(), Bytes::new());
    response.body = Body::stream(body);
    response
}

/// Takes all events that come without waiting.
fn events(mut events: ChatStream) -> Vec<String> {
    let mut cx = Context::from_waker(Waker::noop());
    let mut seen = Vec::new();
    loop {
        match pin!(&mut events).poll_next(&mut cx) {
            Poll::Ready(Some(Ok(Event::TextDelta { text, .. }))) => seen.push(text),
            Poll::Ready(Some(Ok(Event::Ping))) => seen.push("(ping)".to_owned()),
            Poll::Ready(Some(Ok(Event::Finish(_)))) => seen.push("(finish)".to_owned()),
            Poll::Ready(Some(Ok(Event::Unknown { kind, .. }))) => seen.push(format!("({kind})")),
            Poll::Ready(Some(Ok(event))) => panic!("unexpected {event:?}"),
            Poll::Ready(Some(Err(error))) => {
                let committed = if error.progress() == Progress::Committed { " after content" } else { "" };
                seen.push(format!("! {}{committed}", error.kind()));
            }
            Poll::Ready(None) => {
                assert!(matches!(pin!(&mut events).poll_next(&mut cx), Poll::Ready(None)), "the end is final");
                return seen;
            }
            Poll::Pending => {
                seen.push("(waiting)".to_owned());
                return seen;
            }
        }
    }
}

fn pieces(chunks: &[Bytes]) -> impl Stream<Item = Result<Bytes, Error>> + Send + 'static {
    stream::iter(chunks.iter().cloned().map(Ok).collect::<Vec<_>>())
}

#[track_caller]
fn check(body: &str, expected: &[&str]) {
    let parse = |chunks: &[Bytes]| events(sse_stream(response(pieces(chunks)), Words::default()));
    assert_eq!(same_for_every_split(body.as_bytes(), parse), expected);
}

/// A body that ends otherwise than well: the bytes, then what comes after them.
#[track_caller]
fn check_broken(
    body: &'static str,
    then: impl Stream<Item = Result<Bytes, Error>> + Send + 'static,
    expected: &[&str],
) {
    let body = pieces(&[Bytes::from_static(body.as_bytes())]).chain(then);
    assert_eq!(events(sse_stream(response(body), Words::default())), expected);
}

fn failure(kind: ErrorKind) -> impl Stream<Item = Result<Bytes, Error>> + Send + 'static {
    stream::iter([Err(Error::new(kind, "broken"))])
}

#[test]
fn events_come_in_order_and_comments_are_pings() {
    check(": hi\n\ndata: \"a\"\n\nevent: new\ndata: 1\n\ndata: \"END\"\n\n", &["(ping)", "a", "(new)", "(finish)"]);
}

#[test]
fn a_body_without_end_marker_is_truncated() {
    check("data: \"a\"\n\n", &["a", "! truncated after content"]);
    check(": hi\n", &["(ping)", "! truncated"]);
    check("", &["! truncated"]);
}

#[test]
fn a_frame_that_the_end_cuts_is_truncated_not_malformed() {
    check("data: \"a\"\n\ndata: \"b", &["a", "! truncated after content"]);
    check("data: \"a\"\n\ndata: \"b\n\n", &["a", "(broken_frame)", "! truncated after content"]);
    check("data: \"a\"\n\ndata: \"END\"", &["a", "(finish)"]);
}

#[test]
fn a_lone_frame_without_json_is_passed_over_after_content() {
    let (words, broken, end) = ("data: \"a\"\n\n", "data: {\"choices\": [\n\n", "data: \"END\"\n\n");
    check(&format!("{words}{broken}{words}{end}"), &["a", "(broken_frame)", "a", "(finish)"]);
    check(&format!("{words}{broken}{end}"), &["a", "(broken_frame)", "(finish)"]);
    check(&format!("{broken}{words}{end}"), &["! malformed"]);
    check(&format!("{words}{broken}{broken}{end}"), &["a", "(broken_frame)", "! malformed after content"]);
    let four = format!("{words}{broken}").repeat(4);
    let seen = ["a", "(broken_frame)"].repeat(3).into_iter().chain(["a", "! malformed after content"]);
    check(&format!("{four}{end}"), &seen.collect::<Vec<_>>());
    // JSON that means nothing here is another matter: the protocol is broken, not a frame.
    check(&format!("{words}data: 7\n\n{end}"), &["a", "! malformed after content"]);
    let lines = |chunks: &[Bytes]| events(ndjson_stream(response(pieces(chunks)), Words::default()));
    assert_eq!(same_for_every_split(b"\"a\"\n{\n\"END\"\n", lines), ["a", "(broken_frame)", "(finish)"]);
}

#[test]
fn events_before_an_error_come_first_and_nothing_after_it() {
    check(
        "data: \"a\"\n\ndata: \"ERROR\"\n\ndata: \"b\"\n\ndata: \"END\"\n\n",
        &["a", "last", "! overloaded after content"],
    );
    check("data: {\n\n", &["! malformed"]);
}

#[test]
fn the_finish_is_the_end() {
    check("data: \"FINISH\"\n\ndata: \"b\"\n\ndata: [DONE]\n\n", &["(finish)"]);
    check("data: \"DONE\"\n\ndata: {broken\n\n", &["(finish)"]);
    check_broken("data: \"FINISH\"\n\n", stream::pending(), &["(finish)"]);
    check_broken("data: \"DONE\"\n\n", stream::pending(), &["(finish)"]);
    check_broken("data: \"END\"\n\n", stream::pending(), &["(waiting)"]);
}

#[test]
fn a_broken_connection_takes_nothing_from_a_whole_answer() {
    for kind in [ErrorKind::Network, ErrorKind::Truncated, ErrorKind::Timeout(TimeoutStage::Idle)] {
        check_broken("data: \"a\"\n\ndata: \"END\"\n\n", failure(kind), &["a", "(finish)"]);
        check_broken("data: \"a\"\n\n", failure(kind), &["a", &format!("! {kind} after content")]);
    }
    check_broken("data: \"END\"\n\n", failure(ErrorKind::Cancelled), &["! cancelled"]);
    check_broken("data: \"END\"\n\n", failure(ErrorKind::Timeout(TimeoutStage::Total)), &["! timeout"]);
}

#[test]
fn success_without_a_finish_is_not_believed() {
    let careless = || Words { careless: true, ..Words::default() };
    assert_eq!(events(sse_stream(response(pieces(&[])), careless())), ["! truncated"]);
    assert_eq!(events(sse_stream(response(failure(ErrorKind::Network)), careless())), ["! network"]);
}

#[test]
fn ndjson_lines_and_array_elements_are_frames() {
    let lines = |chunks: &[Bytes]| events(ndjson_stream(response(pieces(chunks)), Words::default()));
    assert_eq!(same_for_every_split(b"\"a\"\n\n\"b\"\r\n\"END\"", lines), ["a", "(ping)", "b", "(finish)"]);
    assert_eq!(same_for_every_split(b"\"a\"\n\"b", lines), ["a", "! truncated after content"]);
    let array = |chunks: &[Bytes]| events(json_array_stream(response(pieces(chunks)), Words::default()));
    assert_eq!(same_for_every_split(b"[\"a\",\n\"END\"]\n", array), ["a", "(finish)"]);
    assert_eq!(same_for_every_split(b"[\"a\",\n\"END\"", array), ["a", "! truncated after content"]);
}

#[test]
fn a_frame_beyond_the_cap_is_malformed() {
    let chunk = Bytes::from(vec![b'x'; 1024 * 1024]);
    let body = stream::iter(std::iter::repeat_n(Ok(chunk), 17));
    assert_eq!(events(sse_stream(response(body), Words::default())), ["! malformed"]);
}

#[test]
fn dropping_the_stream_drops_the_body() {
    let alive = Arc::new(());
    let held = alive.clone();
    let body = pieces(&[Bytes::from_static(b"data: \"a\"\n\n")]).chain(stream::pending()).map(move |chunk| {
        let _ = &held;
        chunk
    });
    let mut stream = sse_stream(response(body), Words::default());
    let mut cx = Context::from_waker(Waker::noop());
    assert!(matches!(pin!(&mut stream).poll_next(&mut cx), Poll::Ready(Some(Ok(Event::TextDelta { .. })))));
    assert!(pin!(&mut stream).poll_next(&mut cx).is_pending());
    assert_eq!(Arc::strong_count(&alive), 2);
    drop(stream);
    assert_eq!(Arc::strong_count(&alive), 1);
}

#[test]
fn an_error_drops_the_body_at_once() {
    let alive = Arc::new(());
    let held = alive.clone();
    let body = pieces(&[Bytes::from_static(b"data: {\n\n")]).chain(stream::pending()).map(move |chunk| {
        let _ = &held;
        chunk
    });
    let mut stream = sse_stream(response(body), Words::default());
    let mut cx = Context::from_waker(Waker::noop());
    assert!(matches!(pin!(&mut stream).poll_next(&mut cx), Poll::Ready(Some(Err(_)))));
    assert_eq!(Arc::strong_count(&alive), 1);
}

#[test]
fn the_rest_of_the_body_is_read_as_far_as_it_is_there() {
    // Chunks behind the finish that are ready, against how many are taken.
    for (ready, size, expected) in [(3, 10, 4), (100, 1024, 65 + 1)] {
        let taken = Arc::new(AtomicUsize::new(0));
        let count = taken.clone();
        let epilogue = stream::iter(std::iter::repeat_n(Ok(Bytes::from(vec![b'\n'; size])), ready));
        let body = pieces(&[Bytes::from_static(b"data: \"FINISH\"\n\n")]).chain(epilogue).map(move |chunk| {
            count.fetch_add(1, Ordering::Relaxed);
            chunk
        });
        assert_eq!(events(sse_stream(response(body), Words::default())), ["(finish)"]);
        assert_eq!(taken.load(Ordering::Relaxed), expected);
    }
}
