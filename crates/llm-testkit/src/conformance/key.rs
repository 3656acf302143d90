//! The key: where it travels, what replaces it, what is said when it is missing, and that it is never shown.

use std::sync::Arc;

use http::HeaderMap;
use llm_core::{BuildCx, ErrorKind, Secret};
use serde_json::Value;

use super::answer::shown;
use super::fixtures::{ErrorFixture, Fixtures, frames, payload, streamed, with_payload};
use super::mutate::{with_each_string_longer, with_each_value};
use super::report::{Failure, Report};
use super::subject::{CALL_KEY, KEY, Subject, open};
use crate::exchange::Exchange;
use crate::scripted::{RecordedRequest, ScriptedTransport};

/// Every request carries the planted key in a header that is marked sensitive, and nowhere else.
pub(super) async fn travels_in_a_header(subject: &Subject, fixtures: &Fixtures, streams: bool) -> Result<(), Failure> {
    if !subject.has_key() {
        return no_key();
    }
    let mut report = Report::default();
    let provider = subject.provider()?;
    let transport = ScriptedTransport::always(fixtures.exchange(subject.asks)?);
    // Only the request counts here.
    let _ = subject.ask_over(&*provider, &transport.cx()).await;
    if streams {
        let _ = open(&*provider, &transport.cx(), subject.request()).await;
    }
    let sent = transport.requests();
    report.hold(!sent.is_empty(), || "no request was sent".to_owned());
    for request in sent {
        report.hold(holds(&request.headers, KEY), || "no header carries the key".to_owned());
        hold_hidden(&request, KEY, &mut report);
    }
    report.into_result()
}

/// The key stands in no URL, no body and no header that `Debug` would show.
fn hold_hidden(request: &RecordedRequest, key: &str, report: &mut Report) {
    report.hold(!request.url.contains(key), || "the key stands in the url, where every proxy logs it".to_owned());
    report.hold(!request.text().contains(key), || "the key stands in the body".to_owned());
    for (name, value) in &request.headers {
        if contains(value.as_bytes(), key) {
            report.hold(value.is_sensitive(), || {
                format!("the header {name} carries the key: call `set_sensitive(true)`")
            });
        }
    }
}

fn holds(headers: &HeaderMap, text: &str) -> bool {
    headers.values().any(|value| contains(value.as_bytes(), text))
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// `cx.credential` is used instead of the plugin's key, and `cx.endpoint` only together with it.
pub(super) async fn of_the_call(subject: &Subject, fixtures: &Fixtures) -> Result<(), Failure> {
    const ENDPOINT: &str = "https://elsewhere.test/base";
    if !subject.has_key() {
        return no_key();
    }
    let mut report = Report::default();
    let provider = subject.provider()?;
    let transport = ScriptedTransport::always(fixtures.exchange(subject.asks)?);
    for (credential, endpoint) in [(true, false), (true, true), (false, true)] {
        let mut cx = transport.cx();
        cx.credential = credential.then(|| Secret::new(CALL_KEY));
        cx.endpoint = endpoint.then(|| Arc::from(ENDPOINT));
        let sent = transport.requests().len();
        let outcome = subject.ask_over(&*provider, &cx).await;
        let requests = transport.requests();
        let Some(request) = requests.get(sent) else {
            // Refusing an address without a key of the call is as safe as ignoring it.
            report.hold(!credential, || format!("with a key of the call nothing is sent: {:?}", outcome.err()));
            continue;
        };
        let elsewhere = request.url.starts_with("https://elsewhere.test/");
        if credential {
            report.hold(holds(&request.headers, CALL_KEY), || "the key of the call is not used".to_owned());
            report
                .hold(!holds(&request.headers, KEY), || "the plugin's key is sent beside that of the call".to_owned());
            report.hold(elsewhere == endpoint, || {
                format!("with a key of the call, and an address of the call: {endpoint}, the url is {}", request.url)
            });
        } else {
            report.hold(!elsewhere, || "an address of the call gets the plugin's own key".to_owned());
        }
        hold_hidden(request, CALL_KEY, &mut report);
    }
    report.into_result()
}

/// Without its key the provider is built, and a call is an `auth` error that names the variable and sends nothing.
pub(super) async fn missing(subject: &Subject, fixtures: &Fixtures) -> Result<(), Failure> {
    let Some(setting) = subject.plugin.missing(|_| false).into_iter().find(|setting| setting.secret) else {
        return no_key();
    };
    let mut report = Report::default();
    let variable = setting.env.first().copied().unwrap_or_default();
    for blank in [None, Some(" ")] {
        let mut config = subject.config.clone();
        config.remove(setting.key);
        config.extend(blank.map(|blank| (setting.key.to_owned(), Value::from(blank))));
        let what = if blank.is_some() { "a blank key" } else { "a missing key" };
        // The variable is of the account that has the plugin's own id.
        let provider = match subject.plugin.build(config, &BuildCx::new(subject.plugin.id)) {
            Ok(provider) => provider,
            Err(error) => {
                report.add(format!("{what} fails the build, expected an error at the first call: {error}"));
                continue;
            }
        };
        let transport = ScriptedTransport::always(fixtures.exchange(subject.asks)?);
        match subject.ask_over(&*provider, &transport.cx()).await {
            Ok(_) => report.add(format!("{what} is no error")),
            Err(error) => {
                report.hold(error.kind() == ErrorKind::Auth, || format!("{what} is a {} error: {error}", error.kind()));
                report.hold(!variable.is_empty() && error.message().contains(variable), || {
                    format!("the error on {what} does not name {variable:?}: {}", error.message())
                });
            }
        }
        report.hold(transport.requests().is_empty(), || format!("with {what} a request is sent"));
    }
    report.into_result()
}

/// A vendor that repeats the key, anywhere in an error or a broken answer, does not make us show it.
pub(super) async fn echoed(subject: &Subject, fixtures: &Fixtures, streams: bool) -> Result<(), Failure> {
    if !subject.has_key() {
        return no_key();
    }
    let mut report = Report::default();
    misplaced(subject, &mut report);
    for (what, exchange) in echoes(subject, fixtures)? {
        if let Err(error) = subject.ask(exchange.clone()).await? {
            hold_unseen(&what, &error, &mut report);
        }
        if streams && let Some(error) = subject.stream(exchange).await?.error {
            hold_unseen(&format!("{what} (streamed)"), &error, &mut report);
        }
    }
    if streams {
        for (what, exchange) in streamed_echoes(fixtures)? {
            if let Some(error) = subject.stream(exchange).await?.error {
                hold_unseen(&what, &error, &mut report);
            }
        }
    }
    report.into_result()
}

/// A key that was pasted into another setting.
fn misplaced(subject: &Subject, report: &mut Report) {
    for setting in subject.plugin.settings.iter().filter(|setting| !setting.secret) {
        for value in [Value::from(KEY), Value::from(format!("https://user:{KEY}@host.test"))] {
            let mut config = subject.config.clone();
            config.insert(setting.key.to_owned(), value);
            if let Err(error) = subject.build(config) {
                hold_unseen(&format!("the key in the setting {}", setting.key), &error, report);
            }
        }
    }
}

fn hold_unseen(what: &str, error: &llm_core::Error, report: &mut Report) {
    let all = [
        ("its Display, Debug or cause", shown(error)),
        ("its message", error.message().to_owned()),
        ("its code", error.code().unwrap_or_default().to_owned()),
        ("its param", error.param().unwrap_or_default().to_owned()),
        ("its request id", error.request_id().unwrap_or_default().to_owned()),
    ];
    for (place, text) in all {
        report.hold(!text.contains(KEY), || {
            format!("{what}: the error shows the key in {place}; see `Error::scrubbed`, `ChatStream::scrubbed`")
        });
    }
}

/// Answers with the key in them: every string of every error, plain words, and every value of a good answer.
fn echoes(subject: &Subject, fixtures: &Fixtures) -> Result<Vec<(String, Exchange)>, Failure> {
    let mut all = Vec::new();
    for fixture in fixtures.errors().unwrap_or_default() {
        for (path, body) in with_each_string_longer(&fixture.body, KEY) {
            all.push((format!("errors/{}.json with the key in {path}", fixture.name), fixture.exchange_of(&body)));
        }
    }
    for status in [200, 400, 401, 500] {
        let plain = ErrorFixture {
            name: String::new(),
            status,
            headers: [("x-request-id".to_owned(), format!("id {KEY}"))].into(),
            body: Value::from(format!("the key {KEY} is wrong")),
            kind: String::new(),
            retry_after_s: None,
            billed: None,
            message: None,
            code: None,
            param: None,
        };
        all.push((format!("status {status} with the key in plain words"), plain.exchange()));
    }
    let good = Fixtures::file(subject.asks);
    if fixtures.exists(&good) {
        for (path, body) in with_each_value(&fixtures.parsed(&good, "KeyEchoed")?, &Value::from(KEY)) {
            all.push((format!("an answer with the key as {path}"), Exchange::json(200, &body)));
        }
    }
    Ok(all)
}

fn streamed_echoes(fixtures: &Fixtures) -> Result<Vec<(String, Exchange)>, Failure> {
    let mut all = Vec::new();
    for fixture in fixtures.stream_errors()? {
        for (number, frame) in frames(&fixture.body).into_iter().enumerate() {
            let Some(text) = payload(&fixture.body, &frame) else { continue };
            let Ok(payload) = serde_json::from_slice::<Value>(&text) else { continue };
            let longer =
                with_each_string_longer(&payload, KEY).into_iter().chain(with_each_value(&payload, &KEY.into()));
            for (path, payload) in longer {
                let body = with_payload(&fixture.body, &frame, payload.to_string().as_bytes());
                let what = format!("{}.txt with the key in {path} of frame {}", fixture.name, number + 1);
                all.push((what, streamed(body)));
            }
        }
    }
    Ok(all)
}

#[expect(clippy::unnecessary_wraps, reason = "it ends a check")]
fn no_key() -> Result<(), Failure> {
    #[expect(clippy::print_stderr, reason = "a check that does not apply must be seen in the test's output")]
    {
        eprintln!("conformance: the plugin has no secret setting, so there is no key to check");
    }
    Ok(())
}
