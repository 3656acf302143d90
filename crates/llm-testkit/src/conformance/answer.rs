//! The whole answer: decoded right, broken ones refused, usage by the rules.

use std::fmt::Write as _;

use llm_core::{ChatResponse, ErrorKind, Usage};

use super::fixtures::Fixtures;
use super::mutate;
use super::report::{Failure, Report, short};
use super::subject::{INSTANCE, Subject};
use crate::exchange::Exchange;

/// `chat.json` gives what `chat_expected.json` says.
pub(super) async fn is_decoded(subject: &Subject, fixtures: &Fixtures) -> Result<(), Failure> {
    fixtures.chat()?;
    let mut report = Report::default();
    match subject.chat(fixtures.chat_exchange()?).await? {
        Ok(response) => {
            fixtures.expected()?.compare("the answer", &response, &mut report);
            is_marked(subject, "the answer", &response, &mut report);
        }
        Err(error) => report.add(format!("the answer fails: {error}")),
    }
    report.into_result()
}

/// The answer and its message say who made them.
pub(super) fn is_marked(subject: &Subject, what: &str, response: &ChatResponse, report: &mut Report) {
    report.hold(response.origin.is_target(INSTANCE, &subject.model), || {
        format!(
            "{what} names {:?} as its origin, expected the provider {INSTANCE:?} and the asked model",
            response.origin
        )
    });
    report.hold(response.message.origin.as_ref() == Some(&response.origin), || {
        format!("{what}'s message has the origin {:?}: set it, history depends on it", response.message.origin)
    });
}

/// Cut, foreign and empty answers are errors, and no error repeats what stood in the body.
pub(super) async fn broken_is_an_error(subject: &Subject, fixtures: &Fixtures) -> Result<(), Failure> {
    const MARK: &str = "body-mark-5d1e";
    let mut report = Report::default();
    let whole = fixtures.chat_exchange()?.body();
    let json = |body: Vec<u8>| Exchange::new(200, body).with_header("content-type", "application/json");
    let bare = whole.trim_ascii_end().len();
    let mut broken: Vec<(String, Exchange)> = Vec::new();
    for eighth in 0..8 {
        let end = bare * eighth / 8;
        broken.push((format!("an answer cut after {end} of {bare} bytes"), json(whole[..end].to_vec())));
    }
    broken.push(("an answer cut before its last byte".to_owned(), json(whole[..bare.saturating_sub(1)].to_vec())));
    let html = format!("<html><body>{MARK}</body></html>");
    broken.push(("a page of HTML".to_owned(), Exchange::new(200, html).with_header("content-type", "text/html")));
    for foreign in [format!("\"{MARK}\""), format!("[\"{MARK}\"]"), "17".to_owned(), "null".to_owned()] {
        broken.push((format!("the JSON {foreign}"), json(foreign.into_bytes())));
    }
    for (what, exchange) in broken {
        match subject.chat(exchange).await? {
            Ok(response) => report.add(format!("{what} passes for an answer: {}", short(&format!("{response:?}")))),
            Err(error) => {
                let fits = matches!(error.kind(), ErrorKind::Malformed | ErrorKind::Truncated);
                report.hold(fits, || format!("{what} is a {} error, expected malformed or truncated", error.kind()));
                report.hold(!shown(&error).contains(MARK), || format!("{what}: the error repeats the body: {error}"));
            }
        }
    }
    report.into_result()
}

/// Everything of an error that a log could show.
pub(super) fn shown(error: &llm_core::Error) -> String {
    let mut all = format!("{error} {error:?} {error:#?}");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        // Writing to a string cannot fail.
        let _ = write!(all, " {cause} {cause:?}");
        source = cause.source();
    }
    all
}

/// Totals include their parts; a count that the vendor did not report is `None`.
pub(super) async fn usage_follows_the_rules(subject: &Subject, fixtures: &Fixtures) -> Result<(), Failure> {
    let mut report = Report::default();
    let whole = subject.chat(fixtures.chat_exchange()?).await?;
    let whole = whole.map_err(|error| Failure::new(format!("the answer fails: {error}")))?;
    hold_rules("the answer", &whole.usage, &mut report);
    if fixtures.exists("chat_stream.txt") {
        match subject.stream(fixtures.stream_exchange()?).await?.collect() {
            Ok(response) => hold_rules("the stream", &response.usage, &mut report),
            Err(error) => report.add(format!("the stream fails: {error}")),
        }
    }
    if fixtures.exists("chat.json") {
        let mut removed_one = false;
        for (path, body) in mutate::without_each_key(&fixtures.chat()?, 2) {
            let Ok(response) = subject.chat(Exchange::json(200, &body)).await? else { continue };
            hold_rules(&format!("the answer without {path}"), &response.usage, &mut report);
            for ((name, before), (_, after)) in counts(&whole.usage).into_iter().zip(counts(&response.usage)) {
                removed_one |= before.is_some() && after.is_none();
                report.hold(after != Some(0) || before == Some(0), || {
                    format!("without {path} in the answer, {name} is 0, expected None: not reported is not zero")
                });
            }
        }
        report.hold(removed_one || whole.usage.is_unknown(), || {
            "no field of chat.json takes a token count with it when it is removed: are counts made up?".to_owned()
        });
    }
    report.into_result()
}

fn counts(usage: &Usage) -> [(&'static str, Option<u64>); 5] {
    [
        ("input", usage.input),
        ("output", usage.output),
        ("cache_read", usage.cache_read),
        ("cache_write", usage.cache_write),
        ("reasoning", usage.reasoning),
    ]
}

fn hold_rules(what: &str, usage: &Usage, report: &mut Report) {
    let cached = usage.cache_read.unwrap_or(0) + usage.cache_write.unwrap_or(0);
    if let Some(input) = usage.input {
        report
            .hold(input >= cached, || format!("{what}: input ({input}) does not include the cached tokens ({cached})"));
    }
    if let (Some(output), Some(reasoning)) = (usage.output, usage.reasoning) {
        report.hold(output >= reasoning, || {
            format!("{what}: output ({output}) does not include reasoning ({reasoning})")
        });
    }
}
