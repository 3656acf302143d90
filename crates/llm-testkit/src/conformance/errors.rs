//! Errors: each fixture has its class, its wait and the vendor's words; failed connections stay what they are.

use std::time::Duration;

use llm_core::{Billed, Error, ErrorKind, Progress};

use super::fixtures::Fixtures;
use super::report::{Failure, Report};
use super::subject::{INSTANCE, Subject};
use crate::exchange::Exchange;

/// `errors/*.json`, for whole and for streamed answers.
pub(super) async fn have_their_class(subject: &Subject, fixtures: &Fixtures, streams: bool) -> Result<(), Failure> {
    let mut report = Report::default();
    for fixture in fixtures.errors()? {
        let mut outcomes = vec![(subject.asks, subject.ask(fixture.exchange()).await?.err())];
        if streams && fixture.status >= 300 {
            let streamed = subject.stream(fixture.exchange()).await?;
            report.hold(streamed.events.is_empty(), || {
                format!("errors/{}.json: the stream gives events before the error", fixture.name)
            });
            outcomes.push(("chat_stream", streamed.error));
        }
        for (operation, error) in outcomes {
            let what = format!("errors/{}.json by {operation}", fixture.name);
            let Some(error) = error else {
                report.add(format!("{what} passes for an answer"));
                continue;
            };
            carries(&what, &error, &fixture.kind, fixture.message.as_deref(), fixture.retry_after_s, &mut report);
            if fixture.status >= 300 {
                report.hold(error.status() == Some(fixture.status), || {
                    format!("{what}: the error's status is {:?}, expected {}", error.status(), fixture.status)
                });
            }
            is_billed(&what, error.kind().policy().billed, fixture.billed.as_deref(), &mut report);
            let mut same = |field: &str, expected: Option<&str>, got: Option<&str>| {
                report.hold(expected.is_none() || expected == got, || {
                    format!("{what}: the error's {field} is {got:?}, expected {expected:?}")
                });
            };
            same("code", fixture.code.as_deref(), error.code());
            same("param", fixture.param.as_deref(), error.param());
            same("provider", Some(INSTANCE), error.provider());
            same("model", Some(&subject.model), error.model());
        }
    }
    report.into_result()
}

/// A call that ended so is charged as its fixture says, where it says so.
pub(super) fn is_billed(what: &str, billed: Billed, expected: Option<&str>, report: &mut Report) {
    let got = match billed {
        Billed::No => "no",
        Billed::Maybe => "maybe",
        Billed::Yes => "yes",
    };
    report.hold(expected.is_none_or(|expected| expected == got), || {
        format!("{what}: the call is billed: {got}, expected {expected:?}")
    });
}

/// An error has the class, the words and the wait of its fixture.
pub(super) fn carries(
    what: &str,
    error: &Error,
    kind: &str,
    message: Option<&str>,
    retry_after_s: Option<f64>,
    report: &mut Report,
) {
    report.hold(error.kind().as_str() == kind, || {
        format!("{what} is a {} error, expected {kind}: {error}", error.kind())
    });
    report.hold(!error.message().trim().is_empty(), || format!("{what}: the error says nothing"));
    if let Some(message) = message {
        report.hold(error.message().contains(message), || {
            format!("{what}: the message is {:?}, the vendor's words {message:?} are not in it", error.message())
        });
    }
    let wait = retry_after_s.map(Duration::from_secs_f64);
    report.hold(error.retry_after() == wait, || {
        format!("{what}: the wait is {:?}, expected {wait:?}", error.retry_after())
    });
}

/// A failed connection keeps its class and how far it got: "not sent" is what makes a retry free.
pub(super) async fn network(subject: &Subject, fixtures: &Fixtures, streams: bool) -> Result<(), Failure> {
    let mut report = Report::default();
    for progress in [Progress::NotSent, Progress::Sent] {
        let exchange = Exchange::network_error(progress);
        let mut outcomes = vec![(subject.asks, subject.ask(exchange.clone()).await?.err())];
        if streams {
            outcomes.push(("chat_stream", subject.stream(exchange).await?.error));
        }
        for (operation, error) in outcomes {
            let got = error.map(|error| (error.kind(), error.progress()));
            report.hold(got == Some((ErrorKind::Network, progress)), || {
                format!("{operation} over a connection that fails ({progress:?}) gives {got:?}")
            });
        }
    }
    let cut = fixtures.exchange(subject.asks)?.split_every(16).cut_after(1);
    let got = subject.ask(cut).await?.err().map(|error| error.kind());
    report.hold(matches!(got, Some(ErrorKind::Network | ErrorKind::Truncated)), || {
        format!(
            "{} over a connection that breaks inside the body gives {got:?}, expected a network error",
            subject.asks
        )
    });
    report.into_result()
}
