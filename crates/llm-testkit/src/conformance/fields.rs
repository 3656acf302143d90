//! Every request field of every operation is sent, or the answer says that it was not. Nothing is dropped in silence.

use llm_core::{Error, ErrorKind, OnUnsupported, Provider, Request, Response, Warning};

use super::cases::{Case, Fate, OPERATIONS, all, in_mode, plain};
use super::fixtures::Fixtures;
use super::report::{Failure, Report};
use super::subject::{Subject, read};
use crate::exchange::Exchange;
use crate::scripted::{RecordedRequest, ScriptedTransport};

/// One field at a time: the request on the wire changes and carries the field's value, or a warning names the field.
pub(super) async fn are_sent_or_warned_about(
    subject: &Subject,
    fixtures: &Fixtures,
    streams: bool,
) -> Result<(), Failure> {
    let mut report = Report::default();
    for offer in offers(subject, fixtures, streams, &mut report).await? {
        for case in offer.cases() {
            let (base, changed) = (offer.ask(&case.base).await, offer.ask(&case.changed).await);
            offer.judge(&case, base, changed, &mut report);
        }
    }
    report.into_result()
}

/// What a field's warning is an error for in strict mode, and nothing is sent then. `Ignore` is silent.
pub(super) async fn are_refused_in_strict_mode(subject: &Subject, fixtures: &Fixtures) -> Result<(), Failure> {
    let mut report = Report::default();
    for offer in offers(subject, fixtures, false, &mut report).await? {
        for case in offer.cases() {
            offer.judge_modes(&case, &mut report).await;
        }
    }
    report.into_result()
}

/// An operation that the plugin has, and how it is answered.
struct Offer {
    provider: std::sync::Arc<dyn Provider>,
    operation: &'static str,
    model: String,
    /// The wire family that it is asked in: settings for another one do not count.
    api: String,
    exchange: Exchange,
}

/// The operations that the plugin has: all that it does not refuse before anything is sent.
async fn offers(
    subject: &Subject,
    fixtures: &Fixtures,
    streams: bool,
    report: &mut Report,
) -> Result<Vec<Offer>, Failure> {
    let mut offers = Vec::new();
    for operation in OPERATIONS.iter().copied().filter(|operation| streams || *operation != "chat_stream") {
        let model = subject.model_of(operation);
        let Some(request) = plain(operation, model) else { continue };
        let exchange = fixtures.exchange(operation)?;
        let offer =
            Offer { provider: subject.provider()?, operation, model: model.to_owned(), api: String::new(), exchange };
        let sent = offer.ask(&request).await;
        match sent.outcome {
            Ok(answer) => offers.push(Offer { api: answer.api, ..offer }),
            Err(error) if error.kind() == ErrorKind::Unsupported && sent.wire.is_empty() => {}
            Err(error) => report.add(format!(
                "{operation} of the model {:?} is not answered: {error}. Write {}, or name its model under `models`",
                offer.model,
                Fixtures::file(operation),
            )),
        }
    }
    for operation in subject.models.keys().filter(|named| offers.iter().all(|offer| offer.operation != **named)) {
        report.add(format!("a model is named for {operation}, which the plugin refuses"));
    }
    if offers.is_empty() {
        report.add("the plugin refuses every operation: there is nothing to check");
    }
    #[expect(clippy::print_stderr, reason = "what was held to the rule must be seen in the output of the test")]
    {
        let all: Vec<&str> = offers.iter().map(|offer| offer.operation).collect();
        eprintln!("conformance: the fields of {all:?}");
    }
    Ok(offers)
}

/// A request as it went out, and what came of it.
struct Sent {
    /// Empty when nothing was sent.
    wire: String,
    outcome: Result<Answered, Error>,
}

/// What is looked at in an answer.
struct Answered {
    api: String,
    warnings: Vec<Warning>,
}

impl Sent {
    /// The field that cannot be taken, where an error says so before anything was sent.
    fn refused(&self) -> Option<&str> {
        let error = self.outcome.as_ref().err().filter(|_| self.wire.is_empty())?;
        error.param().filter(|_| matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::InvalidRequest))
    }
}

impl Offer {
    fn cases(&self) -> Vec<Case> {
        all(self.operation, &self.model, &self.api)
    }

    async fn ask(&self, request: &Request) -> Sent {
        let transport = ScriptedTransport::always(self.exchange.clone());
        let outcome = match self.provider.call(&transport.cx(), request.clone()).await {
            Ok(Response::ChatStream(stream)) => read(stream).await.collect().map(|chat| Response::Chat(Box::new(chat))),
            other => other,
        };
        let outcome = outcome.map(|mut response| match response.about() {
            Some(about) => Answered { api: about.origin.api.to_string(), warnings: about.warnings.clone() },
            None => Answered { api: String::new(), warnings: Vec::new() },
        });
        let wire = transport.requests().iter().map(written).collect::<Vec<_>>().join("\n");
        Sent { wire, outcome }
    }

    fn judge(&self, case: &Case, base: Sent, changed: Sent, report: &mut Report) {
        let (name, operation) = (&case.name, self.operation);
        let shown = case.is_shown(&changed.wire);
        if case.fate == Fate::Sent {
            // The answer of the fixture may not fit, two texts have one vector: what counts is that it was asked.
            return report.hold(shown, || format!("{name} is not in the request of {operation}: {:?}", case.marks));
        }
        if case.fate == Fate::SentOrWarned
            && let Some(refused) = changed.refused()
            && (names(refused, case.field) || base.refused() == Some(refused))
        {
            // Without it, or without what it is a part of, the request would mean nothing: it is refused in any mode.
            return;
        }
        let mut warnings = |sent: Sent| {
            let refused = |error| report.add(format!("{name} by {operation} is refused: {error}"));
            sent.outcome.map_err(refused).ok().map(|answered| answered.warnings)
        };
        let differs = base.wire != changed.wire;
        let stands = |mark: &str| base.wire.contains(mark);
        let given_way = !matches!(case.fate, Fate::Instead(mark) if stands(mark)) || shown;
        let (Some(before), Some(after)) = (warnings(base), warnings(changed)) else { return };
        let about = |warning: &Warning| field(warning).is_some_and(|field| names(field, case.field));
        let is_new = |warning: &&Warning| count(&after, warning) > count(&before, warning);
        // What it is a part of may be left out, with a warning: then it needs none of its own.
        let left_out = |warning: &Warning| matches!(warning, Warning::Unsupported { .. }) && about(warning);
        let warned = after.iter().filter(is_new).any(about) || before.iter().any(left_out);
        match case.fate {
            Fate::SentOrWarned => {
                report.hold(warned || differs, || {
                    format!("{name} is dropped in silence by {operation}: send it, or warn about {:?}", case.field)
                });
                report.hold(warned || !differs || shown, || {
                    format!(
                        "{name} changes the request of {operation}, but {:?} is not in it: nothing warns",
                        case.marks
                    )
                });
            }
            Fate::Warned => {
                report.hold(warned, || format!("{name} gives no warning about {:?} by {operation}", case.field));
                report.hold(!shown || case.marks.is_empty(), || {
                    format!("{name} is sent by {operation}: it is not for this provider")
                });
            }
            Fate::Withheld => {
                report.hold(!shown, || format!("{name} is sent by {operation}: it is not for this provider"));
            }
            Fate::Instead(mark) => {
                report.hold(given_way, || format!("{name} is sent as {mark:?} all the same by {operation}"));
            }
            Fate::Sent => {}
        }
    }

    async fn judge_modes(&self, case: &Case, report: &mut Report) {
        let name = format!("{} of {}", case.name, self.operation);
        let lenient = self.ask(&case.changed).await;
        // What is refused in any mode is for the other check to say.
        let Ok(answered) = lenient.outcome else { return };
        let unsupported = answered.warnings.iter().any(|warning| matches!(warning, Warning::Unsupported { .. }));
        let strict = self.ask(&in_mode(&case.changed, OnUnsupported::Error)).await;
        match (unsupported, strict.outcome) {
            (true, Ok(_)) => report.add(format!("{name} only warns in strict mode, expected an unsupported error")),
            (true, Err(error)) => {
                report.hold(error.kind() == ErrorKind::Unsupported, || {
                    format!("{name} is a {} error in strict mode: {error}", error.kind())
                });
                report.hold(error.param().is_some(), || format!("{name}: the strict error names no field (`param`)"));
                report.hold(strict.wire.is_empty(), || format!("{name}: the refused request was sent"));
            }
            (false, Err(error)) => {
                report.add(format!("{name} is sent without a warning, but strict mode says: {error}"));
            }
            (false, Ok(_)) => {}
        }
        let silent = self.ask(&in_mode(&case.changed, OnUnsupported::Ignore)).await;
        match silent.outcome {
            Ok(Answered { warnings, .. }) => {
                report.hold(silent.wire == lenient.wire, || {
                    format!("{name}: `ignore` sends another request than `warn`")
                });
                report.hold(warnings.is_empty(), || format!("{name}: `ignore` still warns: {warnings:?}"));
            }
            Err(error) => report.add(format!("{name} is refused in the mode `ignore`: {error}")),
        }
    }
}

fn count(warnings: &[Warning], warning: &Warning) -> usize {
    warnings.iter().filter(|other| *other == warning).count()
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
        serde_json::Value::Null => {
            std::str::from_utf8(&request.body).map_or_else(|_| byte_by_byte(&request.body), str::to_owned)
        }
        body => body.to_string(),
    };
    format!("{} {}\n{}\n\n{body}", request.method, request.url, headers.join("\n"))
}

/// Bytes as text that tells each from every other.
pub(super) fn byte_by_byte(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
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
