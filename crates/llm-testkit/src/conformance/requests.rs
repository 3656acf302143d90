//! Requests: each fixture goes out exactly as it says, with the warnings that it names.

use llm_core::{ChatRequest, EmbedRequest, Request, Response};

use super::fixtures::{Fixtures, RequestFixture};
use super::report::{Failure, Report};
use super::subject::Subject;
use crate::scripted::{RecordedRequest, ScriptedTransport};

/// `requests/*.json`.
pub(super) async fn go_out_as_they_should(subject: &Subject, fixtures: &Fixtures) -> Result<(), Failure> {
    let mut report = Report::default();
    for fixture in fixtures.requests()? {
        let what = format!("requests/{}.json", fixture.name);
        let (sent, warned) = send(subject, fixtures, &fixture).await?;
        let Some(sent) = sent else {
            report.add(format!("{what}: nothing is sent"));
            continue;
        };
        report.hold(fixture.url.as_ref().is_none_or(|url| *url == sent.url), || {
            format!("{what} goes to {}, expected {:?}", sent.url, fixture.url)
        });
        for (name, value) in &fixture.headers {
            let got = sent.header(name);
            report
                .hold(got == value.as_deref(), || format!("{what}: the header {name} is {got:?}, expected {value:?}"));
        }
        let body = sent.json();
        report.hold(body == fixture.body, || format!("{what}: the body is {body}\n    expected {}", fixture.body));
        if let Some(warned) = warned {
            report.hold(warned == fixture.warnings, || {
                format!("{what} warns about {warned:?}, expected {:?}", fixture.warnings)
            });
        }
    }
    report.into_result()
}

/// What went out, and the fields of the warnings where there was an answer to carry them.
async fn send(
    subject: &Subject,
    fixtures: &Fixtures,
    fixture: &RequestFixture,
) -> Result<(Option<RecordedRequest>, Option<Vec<String>>), Failure> {
    let wrong = |error: serde_json::Error| Failure::new(format!("reading requests/{}.json: {error}", fixture.name));
    let (request, exchange) = match fixture.operation.as_str() {
        "embed" => {
            let mut request: EmbedRequest = serde_json::from_value(fixture.request.clone()).map_err(wrong)?;
            named(&mut request.model, subject);
            (Request::Embed(request.into()), fixtures.exchange("embed")?)
        }
        operation => {
            let mut request: ChatRequest = serde_json::from_value(fixture.request.clone()).map_err(wrong)?;
            named(&mut request.model, subject);
            match operation {
                "chat" => (Request::Chat(request.into()), fixtures.chat_exchange()?),
                "chat_stream" => (Request::ChatStream(request.into()), fixtures.stream_exchange()?),
                other => {
                    let known = "chat, chat_stream and embed";
                    return Err(Failure::new(format!("no operation is called {other}: there are {known}")));
                }
            }
        }
    };
    let transport = ScriptedTransport::always(exchange);
    let answer = subject.provider()?.call(&transport.cx(), request).await;
    let warnings = match answer {
        Ok(Response::Chat(response)) => Some(response.warnings),
        Ok(Response::ChatStream(stream)) => stream.collect().await.ok().map(|response| response.warnings),
        Ok(Response::Embed(response)) => Some(response.warnings),
        _ => None,
    };
    let fields = |warnings: Vec<llm_core::Warning>| {
        warnings.iter().filter_map(super::fields::field).map(str::to_owned).collect::<Vec<_>>()
    };
    Ok((transport.last_request(), warnings.map(fields)))
}

/// A request that names no model asks for the one under test.
fn named(model: &mut String, subject: &Subject) {
    if model.is_empty() {
        model.clone_from(&subject.model);
    }
}
