//! Giving up: dropping a call or a stream ends the exchange, and so does the token of the call.

use llm_core::{CancellationToken, ErrorKind, Event};

use super::fixtures::{Fixtures, frames};
use super::report::{Failure, Report};
use super::subject::{Subject, open};
use crate::exchange::Exchange;
use crate::scripted::ScriptedTransport;

/// A dropped call abandons its request, a dropped stream drops its body, a cancelled call is a `cancelled` error.
pub(super) async fn ends_the_exchange(subject: &Subject, fixtures: &Fixtures, streams: bool) -> Result<(), Failure> {
    let mut report = Report::default();
    let provider = subject.provider()?;

    let transport = ScriptedTransport::always(Exchange::hang());
    let cx = transport.cx();
    tokio::select! {
        biased;
        result = subject.ask_over(&*provider, &cx) => report.add(format!("a call that hangs gives {result:?}")),
        () = soon() => {}
    }
    let abandoned = transport.bodies().abandoned;
    report.hold(abandoned == 1, || format!("a dropped call abandons {abandoned} requests, expected 1"));

    let cancelled = CancellationToken::new();
    cancelled.cancel();
    let transport = ScriptedTransport::always(Exchange::hang());
    let cx = transport.cx().with_cancel(cancelled);
    let got = subject.ask_over(&*provider, &cx).await.err().map(|error| error.kind());
    report.hold(got == Some(ErrorKind::Cancelled), || format!("a cancelled call gives {got:?}, expected cancelled"));

    if streams {
        dropped_stream(subject, fixtures, &mut report).await?;
    }
    report.into_result()
}

async fn dropped_stream(subject: &Subject, fixtures: &Fixtures, report: &mut Report) -> Result<(), Failure> {
    let provider = subject.provider()?;
    let ends: Vec<usize> = frames(&fixtures.stream()?).into_iter().map(|frame| frame.end + 1).collect();
    let chunks = ends.len();
    let exchange = fixtures.stream_exchange()?.split_at(&ends).stall_after(chunks.saturating_sub(1));
    let transport = ScriptedTransport::always(exchange);
    let cx = transport.cx();
    let stream = tokio::select! {
        biased;
        stream = open(&*provider, &cx, subject.request()) => stream,
        () = soon() => {
            report.add("the stream is given out only when its body has ended: nothing of it can be dropped");
            return Ok(());
        }
    };
    let mut stream = stream.map_err(|error| Failure::new(format!("the stream fails: {error}")))?;
    loop {
        tokio::select! {
            biased;
            event = stream.next() => match event {
                Some(Ok(event)) if Event::is_content(&event) => break,
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(Failure::new(format!("the stream fails: {error}"))),
                None => return Err(Failure::new("the stream ends before its body does")),
            },
            () = soon() => {
                report.add("no content comes while the body still runs: are events held back to the end?");
                break;
            }
        }
    }
    let before = transport.bodies();
    report.hold(before.opened == 1 && before.dropped == 0 && before.finished == 0, || {
        format!("a stream that runs has the bodies {before:?}")
    });
    drop(stream);
    let after = transport.bodies();
    report.hold(after.dropped == 1, || format!("a dropped stream leaves its body open: {after:?}"));
    Ok(())
}

/// Long enough for everything that does not wait.
async fn soon() {
    for _ in 0..64 {
        tokio::task::yield_now().await;
    }
}
