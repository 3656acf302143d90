//! The streamed answer: the same as the whole one, whatever the pieces, and never complete without its end.

use std::fmt;

use llm_core::{Billed, ChatResponse, ErrorKind, Event, Progress};

use super::answer::is_marked;
use super::errors::{carries, is_billed};
use super::fixtures::{Fixtures, frames, streamed};
use super::report::{Failure, Report, short};
use super::subject::Subject;
use crate::exchange::Exchange;

/// `chat_stream.txt` gives what `chat_expected.json` says and, where there is a `chat.json`, the same answer.
pub(super) async fn says_the_same(subject: &Subject, fixtures: &Fixtures) -> Result<(), Failure> {
    let mut report = Report::default();
    let streamed = subject.stream(fixtures.stream_exchange()?).await?;
    report.hold(matches!(streamed.events.first(), Some(Event::Start(_) | Event::Ping)), || {
        format!("the stream begins with {:?}, expected Start", streamed.events.first())
    });
    report.hold(matches!(streamed.events.last(), Some(Event::Finish(_))), || {
        format!("the stream ends with {:?}, expected Finish", streamed.events.last())
    });
    let streamed = match streamed.collect() {
        Ok(response) => response,
        Err(error) => return Err(Failure::new(format!("the stream fails: {error}"))),
    };
    fixtures.expected()?.compare("the stream", &streamed, &mut report);
    is_marked(subject, "the stream", &streamed, &mut report);
    if fixtures.exists("chat.json") {
        match subject.chat(fixtures.chat_exchange()?).await? {
            Ok(whole) => {
                let (whole, streamed) = (comparable(whole), comparable(streamed));
                same(&mut report, "the message", &whole.message, &streamed.message);
                same(&mut report, "the finish", &whole.finish, &streamed.finish);
                same(&mut report, "the list of further answers", &whole.more, &streamed.more);
                same(&mut report, "the usage", &whole.usage, &streamed.usage);
                same(&mut report, "the model", &whole.model, &streamed.model);
                same(&mut report, "the service tier", &whole.service_tier, &streamed.service_tier);
                same(&mut report, "the list of warnings", &whole.warnings, &streamed.warnings);
            }
            Err(error) => report.add(format!("the answer fails: {error}")),
        }
    }
    report.into_result()
}

/// The answer without what a stream and a whole answer may say differently.
fn comparable(mut response: ChatResponse) -> ChatResponse {
    response.usage.extra.clear();
    response
}

fn same<T: PartialEq + fmt::Debug>(report: &mut Report, field: &str, whole: &T, streamed: &T) {
    report.hold(whole == streamed, || {
        format!("{field} differs: {}", apart(&format!("{whole:?}"), &format!("{streamed:?}")))
    });
}

/// The two texts from shortly before they part.
fn apart(whole: &str, streamed: &str) -> String {
    let same = whole.chars().zip(streamed.chars()).take_while(|(whole, streamed)| whole == streamed).count();
    let rest = |text: &str| short(&text.chars().skip(same.saturating_sub(60)).collect::<String>());
    format!("the answer has … {}\n    the stream has … {}", rest(whole), rest(streamed))
}

/// Every way to cut the body in two, and single bytes, give the same events.
pub(super) async fn splits_do_not_matter(subject: &Subject, fixtures: &Fixtures) -> Result<(), Failure> {
    let mut report = Report::default();
    let exchange = fixtures.stream_exchange()?;
    let whole = subject.stream(exchange.clone()).await?;
    if let Some(error) = &whole.error {
        return Err(Failure::new(format!("the stream fails: {error}")));
    }
    let length = exchange.body().len();
    let halves = (1..length).map(|at| (format!("split after byte {at}"), exchange.clone().split_at(&[at])));
    let bytes = [("split into single bytes".to_owned(), exchange.clone().split_every(1))];
    for (what, exchange) in halves.chain(bytes) {
        let split = subject.stream(exchange).await?;
        if let Some(error) = &split.error {
            report.add(format!("{what}: {error}"));
        } else if split.events != whole.events {
            let differs = split.events.iter().zip(&whole.events).position(|(split, whole)| split != whole);
            let at = differs.unwrap_or_else(|| split.events.len().min(whole.events.len()));
            let shown = short(&format!("{:?} instead of {:?}", split.events.get(at), whole.events.get(at)));
            report.add(format!("{what}: event {at} is {shown}"));
        }
    }
    report.into_result()
}

/// A body that ends or breaks before the end marker, between two frames or inside one, is an error.
pub(super) async fn cuts_are_errors(subject: &Subject, fixtures: &Fixtures) -> Result<(), Failure> {
    let mut report = Report::default();
    let body = fixtures.stream()?;
    let frames = frames(&body);
    let needed = frames.len().saturating_sub(fixtures.frames_after_end);
    if needed == 0 {
        return Err(Failure::new("chat_stream.txt has no frame that must be there: lower `frames_after_end`"));
    }
    for (number, frame) in frames[..needed].iter().enumerate() {
        for at in [frame.start, usize::midpoint(frame.start, frame.end), frame.end - 1] {
            let exchange = streamed(body.clone()).split_at(&[at]);
            let chunks = usize::from(at > 0);
            let place = format!("after byte {at}, in frame {} of {}", number + 1, frames.len());
            let ended = subject.stream(exchange.clone().end_after(chunks)).await?;
            hold_cut(&format!("a body that ends {place}"), ended, &[ErrorKind::Truncated], &mut report);
            let broken = subject.stream(exchange.cut_after(chunks)).await?;
            let kinds = [ErrorKind::Network, ErrorKind::Truncated];
            hold_cut(&format!("a connection that breaks {place}"), broken, &kinds, &mut report);
        }
    }
    report.into_result()
}

fn hold_cut(what: &str, streamed: super::subject::Streamed, kinds: &[ErrorKind], report: &mut Report) {
    let committed = streamed.has_content();
    let finished = streamed.events.iter().any(|event| matches!(event, Event::Finish(_)));
    report.hold(!finished, || format!("{what} still gives Finish"));
    match streamed.error {
        Some(error) => {
            report.hold(kinds.contains(&error.kind()), || {
                format!("{what} is a {} error, expected {kinds:?}: {error}", error.kind())
            });
            report.hold(!committed || error.progress() == Progress::Committed, || {
                format!("{what} comes after content, but the error's progress is {:?}", error.progress())
            });
        }
        None => report.add(format!("{what} passes for a whole answer")),
    }
}

/// `stream_error*.txt`: the text before the error, then the error, and no finish.
pub(super) async fn in_band_errors(subject: &Subject, fixtures: &Fixtures) -> Result<(), Failure> {
    let mut report = Report::default();
    let all = fixtures.stream_errors()?;
    if all.is_empty() {
        return Err(Failure::new(
            "there is no stream_error.txt: write a stream with an error in it, or list InBandErrors under `without`",
        ));
    }
    for fixture in all {
        let name = format!("{}.txt", fixture.name);
        for (how, exchange) in pieces(streamed(fixture.body.clone())) {
            let streamed = subject.stream(exchange).await?;
            let (text, has_content) = (streamed.text(), streamed.has_content());
            report.hold(text == fixture.text, || {
                format!("{name} {how}: the text is {text:?}, expected {:?}", fixture.text)
            });
            let Some(error) = streamed.error else {
                report.add(format!("{name} {how}: the error inside the stream is swallowed"));
                continue;
            };
            let (message, wait) = (fixture.message.as_deref(), fixture.retry_after_s);
            carries(&format!("{name} {how}"), &error, &fixture.kind, message, wait, &mut report);
            // What was delivered may be charged, whatever ended it.
            let billed = match error.kind().policy().billed {
                Billed::No if has_content => Billed::Maybe,
                billed => billed,
            };
            is_billed(&format!("{name} {how}"), billed, fixture.billed.as_deref(), &mut report);
            report.hold(fixture.text.is_empty() || error.progress() == Progress::Committed, || {
                format!("{name} {how}: text came before the error, but its progress is {:?}", error.progress())
            });
        }
    }
    report.into_result()
}

fn pieces(exchange: Exchange) -> [(&'static str, Exchange); 2] {
    [("in one piece", exchange.clone()), ("in single bytes", exchange.split_every(1))]
}
