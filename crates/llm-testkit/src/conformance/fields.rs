//! Every request field is sent, or the answer says that it was not. Nothing is dropped in silence.

use llm_core::{ChatRequest, ErrorKind, OnUnsupported, Warning};

use super::cases::{Case, Fate, all};
use super::fixtures::Fixtures;
use super::report::{Failure, Report};
use super::subject::{Subject, chat, open, read};
use crate::exchange::Exchange;
use crate::scripted::{RecordedRequest, ScriptedTransport};

/// One field at a time: the request on the wire changes and carries the field's value, or a warning names the field.
pub(super) async fn are_sent_or_warned_about(
    subject: &Subject,
    fixtures: &Fixtures,
    streams: bool,
) -> Result<(), Failure> {
    let mut report = Report::default();
    let mut exchanges = vec![(false, fixtures.chat_exchange()?)];
    if streams {
        exchanges.push((true, fixtures.stream_exchange()?));
    }
    for case in all(subject)? {
        for (stream, exchange) in &exchanges {
            let operation = if *stream { "chat_stream" } else { "chat" };
            let mut ask = async |request: &ChatRequest| match send(subject, exchange, *stream, request.clone()).await {
                Ok(Ok(sent)) => Ok(Some(sent)),
                Ok(Err(error)) => {
                    report.add(format!("{} by {operation} is refused: {error}", case.name));
                    Ok(None)
                }
                Err(failure) => Err(failure),
            };
            let (Some(base), Some(changed)) = (ask(&case.base).await?, ask(&case.changed).await?) else { continue };
            judge(&case, operation, &base, &changed, &mut report);
        }
    }
    report.into_result()
}

fn judge(case: &Case, operation: &str, base: &Sent, changed: &Sent, report: &mut Report) {
    let name = &case.name;
    let warned = changed.warnings.iter().any(|warning| {
        !base.warnings.contains(warning) && field(warning).is_some_and(|field| names(field, case.field))
    });
    let differs = base.wire != changed.wire;
    let shown = case.marks.iter().all(|mark| changed.wire.contains(mark));
    match case.fate {
        Fate::SentOrWarned => {
            report.hold(warned || differs, || {
                format!("{name} is dropped in silence by {operation}: send it, or warn about {:?}", case.field)
            });
            report.hold(warned || !differs || shown, || {
                format!("{name} changes the request of {operation}, but {:?} is not in it: nothing warns", case.marks)
            });
        }
        Fate::Warned => {
            report.hold(warned, || format!("{name} gives no warning about {:?} by {operation}", case.field));
        }
        Fate::Withheld => {
            report.hold(!shown, || format!("{name} is sent by {operation}: it is not for this provider"));
        }
    }
}

/// What a field's warning is an error for in strict mode, and nothing is sent then. `Ignore` is silent.
pub(super) async fn are_refused_in_strict_mode(subject: &Subject, fixtures: &Fixtures) -> Result<(), Failure> {
    let mut report = Report::default();
    let exchange = fixtures.chat_exchange()?;
    for case in all(subject)? {
        let name = &case.name;
        let in_mode = |mode| {
            let mut request = case.changed.clone();
            request.on_unsupported = mode;
            request
        };
        let Ok(lenient) = send(subject, &exchange, false, case.changed.clone()).await? else { continue };
        let unsupported = lenient.warnings.iter().any(|warning| matches!(warning, Warning::Unsupported { .. }));
        let transport = ScriptedTransport::always(exchange.clone());
        let strict = chat(&*subject.provider()?, &transport.cx(), in_mode(OnUnsupported::Error)).await;
        match (unsupported, strict) {
            (true, Ok(_)) => report.add(format!("{name} only warns in strict mode, expected an unsupported error")),
            (true, Err(error)) => {
                report.hold(error.kind() == ErrorKind::Unsupported, || {
                    format!("{name} is a {} error in strict mode: {error}", error.kind())
                });
                report.hold(error.param().is_some(), || format!("{name}: the strict error names no field (`param`)"));
                report.hold(transport.requests().is_empty(), || format!("{name}: the refused request was sent"));
            }
            (false, Err(error)) => {
                report.add(format!("{name} is sent without a warning, but strict mode says: {error}"));
            }
            (false, Ok(_)) => {}
        }
        match send(subject, &exchange, false, in_mode(OnUnsupported::Ignore)).await? {
            Ok(silent) => {
                report.hold(silent.wire == lenient.wire, || {
                    format!("{name}: `ignore` sends another request than `warn`")
                });
                report.hold(silent.warnings.is_empty(), || {
                    format!("{name}: `ignore` still warns: {:?}", silent.warnings)
                });
            }
            Err(error) => report.add(format!("{name} is refused in the mode `ignore`: {error}")),
        }
    }
    report.into_result()
}

/// A request as it went out, and the warnings that came back.
struct Sent {
    wire: String,
    warnings: Vec<Warning>,
}

async fn send(
    subject: &Subject,
    exchange: &Exchange,
    stream: bool,
    request: ChatRequest,
) -> Result<Result<Sent, llm_core::Error>, Failure> {
    let transport = ScriptedTransport::always(exchange.clone());
    let (provider, cx) = (subject.provider()?, transport.cx());
    let outcome = if stream {
        match open(&*provider, &cx, request).await {
            Ok(stream) => read(stream).await.collect(),
            Err(error) => Err(error),
        }
    } else {
        chat(&*provider, &cx, request).await
    };
    let wire = transport.requests().iter().map(written).collect::<Vec<_>>().join("\n");
    Ok(outcome.map(|response| Sent { wire, warnings: response.warnings }))
}

/// A request as text: address, headers and body.
fn written(request: &RecordedRequest) -> String {
    let mut headers: Vec<String> = request
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    headers.sort();
    // Parsed and written again, so that the order of fields does not count and escapes are alike.
    let body = match request.json() {
        serde_json::Value::Null => request.text(),
        body => body.to_string(),
    };
    format!("{} {}\n{}\n\n{body}", request.method, request.url, headers.join("\n"))
}

pub(super) fn field(warning: &Warning) -> Option<&str> {
    match warning {
        Warning::Unsupported { field, .. } | Warning::Adapted { field, .. } => Some(field),
        _ => None,
    }
}

/// True when a warning's field is the expected one or lies inside it: `messages[2].content` names `messages`.
fn names(field: &str, expected: &str) -> bool {
    field.strip_prefix(expected).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}
