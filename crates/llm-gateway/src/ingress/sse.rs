//! A streamed answer as server-sent events, with keep-alives while it is silent.
//!
//! Until the first content there is no HTTP status yet, so a failure is an ordinary HTTP error. When the first content
//! takes longer than the keep-alive time, the status is sent and comments follow; a failure is then an event in the stream.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::Response;
use bytes::BytesMut;
use futures_core::Stream as _;
use http_body::Frame;
use llm_core::{ChatStream, Error, Event, Warning};
use llm_wire::StreamEncoder;
use tokio::time::{Instant, Sleep, sleep, timeout};
use tracing::Span;

use super::reply::{Reply, answered_by, paid, remark, remark_cost};
use super::stamp::Stamp;

/// How many bytes are gathered before they are handed to the connection, as long as events are at hand.
const BATCH: usize = 16 << 10;
/// How much may wait for another turn while events come one a turn.
const HOLD: usize = 4 << 10;
/// After how many looks in vain it waits no longer. The first is often in the same turn: hyper asks a body that has
/// nothing a second time before it goes to sleep (1.12).
const LOOKS: u8 = 2;
/// From how much room frames are cut before new room is made.
const ROOM: usize = 4 << 10;

type Opening = Pin<Box<dyn Future<Output = Result<ChatStream, Error>> + Send>>;

/// How the answer is written.
pub(crate) struct Form<E> {
    pub(crate) encoder: E,
    pub(crate) stamp: Stamp,
    /// What could not be kept of the request.
    pub(crate) warnings: Vec<Warning>,
}

/// Opens the stream and answers with it. A keep-alive time of zero is none.
pub(crate) async fn respond(
    mut opening: Opening,
    form: Form<impl StreamEncoder + Unpin>,
    keep_alive: Duration,
    reply: &Reply,
) -> Result<Response, Error> {
    let opened =
        if keep_alive.is_zero() { Ok(opening.as_mut().await) } else { timeout(keep_alive, &mut opening).await };
    let source = match opened {
        Ok(stream) => Source::Open(Box::new(stream?)),
        Err(_) => Source::Opening(opening),
    };
    let mut events = Events {
        source,
        form,
        silence: Silence::new(keep_alive),
        encoded: Vec::new(),
        room: BytesMut::with_capacity(ROOM),
        looks: 0,
        ended: false,
        span: Span::current(),
    };
    // The first event names who answers; it is there already, because a stream opens with its first content.
    let start = match &mut events.source {
        Source::Open(stream) => stream.next().await.transpose()?,
        Source::Opening(_) => None,
    };
    let mut answered = None;
    if let Some(event) = start {
        if let Event::Start(start) = &event {
            let mut warnings = std::mem::take(&mut events.form.warnings);
            warnings.extend_from_slice(&start.warnings);
            answered = Some((start.origin.clone(), start.attempts.clone(), warnings, start.cache));
        }
        events.encode(event);
    }
    let mut response = reply.event_stream(Body::new(events));
    if let Some((origin, attempts, warnings, cache)) = answered {
        answered_by(response.headers_mut(), &origin, &attempts, &warnings);
        paid(response.headers_mut(), cache, None);
    }
    Ok(response)
}

enum Source {
    Opening(Opening),
    Open(Box<ChatStream>),
}

/// The body of the response: pulls events, encodes them, and fills silence with comments.
struct Events<E> {
    source: Source,
    form: Form<E>,
    silence: Silence,
    /// What is encoded and not handed on yet.
    encoded: Vec<u8>,
    /// Frames are cut from it, so that a burst of small ones does not cost an allocation each.
    room: BytesMut,
    /// How many looks for more have brought nothing since the last event.
    looks: u8,
    ended: bool,
    /// The request's, for what is logged while the stream runs.
    span: Span,
}

impl<E: StreamEncoder> Events<E> {
    fn encode(&mut self, mut event: Event) {
        match &mut event {
            Event::Start(start) => self.form.stamp.start(start),
            Event::Finish(finish) => {
                remark(&finish.warnings, &mut self.encoded);
                remark_cost(finish.cost.as_ref(), &mut self.encoded);
            }
            _ => {}
        }
        self.form.encoder.event(&event, &mut self.encoded);
    }

    /// Encodes what is at hand; true when nothing more will come.
    fn gather(&mut self, cx: &mut Context<'_>) -> bool {
        while self.encoded.len() < BATCH {
            let next = match &mut self.source {
                Source::Opening(opening) => match opening.as_mut().poll(cx) {
                    Poll::Ready(Ok(stream)) => {
                        self.source = Source::Open(Box::new(stream));
                        continue;
                    }
                    Poll::Ready(Err(error)) => Poll::Ready(Some(Err(error))),
                    Poll::Pending => Poll::Pending,
                },
                Source::Open(stream) => pin!(&mut **stream).poll_next(cx),
            };
            match next {
                Poll::Ready(Some(Ok(event))) => self.encode(event),
                Poll::Ready(Some(Err(error))) => {
                    self.form.encoder.error(&error, &mut self.encoded);
                    return true;
                }
                Poll::Ready(None) => return true,
                Poll::Pending => return false,
            }
        }
        false
    }
}

impl<E: StreamEncoder + Unpin> http_body::Body for Events<E> {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        let held = this.encoded.len();
        if !this.ended {
            let span = this.span.clone();
            this.ended = span.in_scope(|| this.gather(cx));
        }
        if !this.encoded.is_empty() {
            // The connection upstream hands over one chunk a turn, and each frame is a write to the client's. So what
            // has just come waits for the tasks that are ready now: in a burst that makes one frame of many events,
            // and otherwise costs a turn of the scheduler.
            this.looks = if held < this.encoded.len() { 0 } else { this.looks + 1 };
            if !this.ended && this.looks < LOOKS && this.encoded.len() < HOLD {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            this.looks = 0;
            this.room.extend_from_slice(&this.encoded);
            this.encoded.clear();
            this.silence.broken();
            return Poll::Ready(Some(Ok(Frame::data(this.room.split().freeze()))));
        }
        if this.ended {
            return Poll::Ready(None);
        }
        this.silence.poll(cx).map(|()| Some(Ok(Frame::data(Bytes::from_static(b": keep-alive\n\n")))))
    }
}

/// Ready after each full time of silence.
struct Silence {
    limit: Duration,
    since: Option<Instant>,
    /// Made at the first wait, and moved on only when it fires: a burst of events must not touch it.
    timer: Option<Pin<Box<Sleep>>>,
    /// Whom the timer wakes.
    waker: Option<Waker>,
}

impl Silence {
    fn new(limit: Duration) -> Self {
        Self { limit, since: None, timer: None, waker: None }
    }

    fn broken(&mut self) {
        self.since = None;
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.limit.is_zero() {
            return Poll::Pending;
        }
        let due = *self.since.get_or_insert_with(Instant::now) + self.limit;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(self.limit)));
        // Asking a timer that knows the task changes nothing until it fires, and costs more than this look.
        if !timer.is_elapsed() && self.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            return Poll::Pending;
        }
        self.waker = Some(cx.waker().clone());
        // The timer never stands later than `due`: silence begins later and later.
        while timer.as_mut().poll(cx).is_ready() {
            if timer.deadline() >= due {
                self.since = None;
                return Poll::Ready(());
            }
            timer.as_mut().reset(due);
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::Arc;

    use axum::http::HeaderValue;
    use http_body::Body as _;
    use llm_core::{Origin, PartId, PartKind, StreamStart};
    use llm_wire_openai::chat::Encoder;
    use tokio::sync::mpsc;

    use super::*;

    /// Hands on what comes through a channel.
    struct Channel(mpsc::Receiver<Event>);

    impl futures_core::Stream for Channel {
        type Item = Result<Event, Error>;

        fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            self.0.poll_recv(cx).map(|event| event.map(Ok))
        }
    }

    fn body(events: mpsc::Receiver<Event>) -> Events<Encoder> {
        Events {
            source: Source::Open(Box::new(ChatStream::new(Channel(events)))),
            form: Form {
                encoder: Encoder::new(false),
                stamp: Stamp::new(HeaderValue::from_static("r"), "chatcmpl-"),
                warnings: Vec::new(),
            },
            silence: Silence::new(Duration::from_secs(15)),
            encoded: Vec::new(),
            room: BytesMut::new(),
            looks: 0,
            ended: false,
            span: Span::none(),
        }
    }

    fn beginning() -> [Event; 2] {
        let start = StreamStart::new(Arc::new(Origin::new("openai-chat", "vendor", "m")));
        let shell = PartKind::Text { text: String::new(), citations: Vec::new() };
        [Event::Start(Box::new(start)), Event::PartStart { part: PartId(0), candidate: 0, shell: Box::new(shell) }]
    }

    fn words(text: &str) -> Event {
        Event::TextDelta { part: PartId(0), text: text.to_owned() }
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_of_one_event_a_turn_leaves_in_few_frames_and_an_event_alone_at_once() {
        let (sender, receiver) = mpsc::channel(1);
        let mut body = body(receiver);
        tokio::spawn(async move {
            let burst = beginning().into_iter().chain((0..100).map(|_| words("burst ")));
            for event in burst {
                sender.send(event).await.unwrap();
            }
            for _ in 0..3 {
                tokio::time::sleep(Duration::from_secs(1)).await;
                sender.send(words("alone")).await.unwrap();
            }
        });
        let (mut frames, mut bursts, mut alone) = (0, 0, Vec::new());
        let start = Instant::now();
        while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
            let bytes = frame.unwrap().into_data().unwrap();
            let text = std::str::from_utf8(&bytes).unwrap();
            frames += 1;
            bursts += text.matches("burst ").count();
            if text.contains("alone") {
                assert_eq!(text.matches("data: ").count(), 1);
                alone.push(start.elapsed().as_secs());
            }
        }
        assert_eq!(bursts, 100);
        assert_eq!(alone, [1, 2, 3], "nothing waits longer than the tasks that are ready");
        assert!(frames < 3 + 100 / 8, "{frames} frames");
    }

    #[tokio::test(start_paused = true)]
    async fn only_silence_is_filled() {
        let start = Instant::now();
        let seconds = |since: Instant| since.duration_since(start).as_secs();
        let mut silence = Silence::new(Duration::from_secs(15));
        // Something every ten seconds, for as long as the timer fires four times.
        for _ in 0..6 {
            let wait = timeout(Duration::from_secs(10), poll_fn(|cx| silence.poll(cx))).await;
            assert!(wait.is_err(), "a comment after {} s of events", seconds(Instant::now()));
            silence.broken();
        }
        for expected in [75, 90, 105] {
            poll_fn(|cx| silence.poll(cx)).await;
            assert_eq!(seconds(Instant::now()), expected);
        }
        let mut off = Silence::new(Duration::ZERO);
        let never = timeout(Duration::from_secs(86_400), poll_fn(|cx| off.poll(cx))).await;
        assert!(never.is_err());
    }
}
