//! Signatures and encrypted reasoning: back to the target that made them, verbatim, and to nobody else.

use std::collections::BTreeSet;
use std::sync::Arc;

use llm_core::{ChatRequest, ChatResponse, Message, Origin, Part, PartKind, Role, Warning};
use serde_json::Value;

use super::fixtures::{Fixtures, streamed};
use super::report::{Failure, Report};
use super::subject::{INSTANCE, Subject, chat};
use crate::exchange::Exchange;
use crate::scripted::ScriptedTransport;

/// `signed.json` (and `signed_stream.txt`) hold an answer with at least one signature.
pub(super) async fn return_to_their_maker(
    subject: &Subject,
    fixtures: &Fixtures,
    streams: bool,
) -> Result<(), Failure> {
    let mut report = Report::default();
    let body = fixtures.bytes("signed.json", "Signatures")?;
    let exchange = Exchange::new(200, body).with_header("content-type", "application/json");
    let response = subject.chat(exchange).await?;
    let response = response.map_err(|error| Failure::new(format!("signed.json fails: {error}")))?;
    let signatures = signatures(&response.message);
    if signatures.is_empty() {
        return Err(Failure::new("signed.json decodes without a signature or encrypted reasoning in its parts"));
    }
    if streams {
        let body = fixtures.bytes("signed_stream.txt", "Signatures")?;
        match subject.stream(streamed(body)).await?.collect() {
            Ok(streamed) => {
                let got = self::signatures(&streamed.message);
                report.hold(got == signatures, || {
                    format!("signed_stream.txt gives the signatures {got:?}, signed.json {signatures:?}")
                });
            }
            Err(error) => report.add(format!("signed_stream.txt fails: {error}")),
        }
    }

    let here = Origin { provider: INSTANCE.into(), model: subject.model.clone(), ..(*response.origin).clone() };
    let other_provider = Origin { provider: "someone-else".into(), ..here.clone() };
    let other_model = Origin { model: "another-model".to_owned(), ..here.clone() };
    let cases = [
        ("made here", Some(here), true),
        ("of unknown origin", None, true),
        ("made by another provider", Some(other_provider), false),
        ("made by another model", Some(other_model), false),
    ];
    for (what, origin, goes_back) in cases {
        let (sent, warnings) = send_back(subject, fixtures, &response, origin).await?;
        for signature in &signatures {
            let found = holds_string(&sent, signature);
            report.hold(found == goes_back, || {
                if goes_back {
                    format!("a signature {what} is not sent back verbatim: {signature:?}")
                } else {
                    format!("a signature {what} is sent: {signature:?}")
                }
            });
        }
        let warned = warnings.iter().any(is_about_signatures);
        report.hold(warned != goes_back, || {
            let one = if goes_back { "wrong" } else { "due" };
            format!("history {what} gives the warnings {warnings:?}; one on messages.signature is {one}")
        });
    }
    report.into_result()
}

fn signatures(message: &Message) -> BTreeSet<String> {
    let of_part = |part: &Part| {
        let encrypted = match &part.kind {
            PartKind::Reasoning { encrypted, .. } => encrypted.clone(),
            _ => None,
        };
        part.signature.clone().into_iter().chain(encrypted)
    };
    message.content.iter().flat_map(of_part).filter(|signature| !signature.is_empty()).collect()
}

/// The next request of the conversation, with the answer as history, and the warnings it gives.
async fn send_back(
    subject: &Subject,
    fixtures: &Fixtures,
    response: &ChatResponse,
    origin: Option<Origin>,
) -> Result<(Value, Vec<Warning>), Failure> {
    let mut message = response.message.clone();
    message.origin = origin.map(Arc::new);
    let results: Vec<Part> = message.tool_calls().map(|call| Part::tool_result(call.id.clone(), "done")).collect();
    let next = if results.is_empty() { Message::user("Go on") } else { Message::new(Role::Tool, results) };
    let request: ChatRequest = subject.request().with_message(message).with_message(next);
    let transport = ScriptedTransport::always(fixtures.chat_exchange()?);
    let outcome = chat(&*subject.provider()?, &transport.cx(), request).await;
    let answer = outcome.map_err(|error| Failure::new(format!("sending signed history back fails: {error}")))?;
    let sent = transport.last_request().map(|request| request.json()).unwrap_or_default();
    Ok((sent, answer.warnings))
}

fn holds_string(value: &Value, text: &str) -> bool {
    match value {
        Value::String(string) => string == text,
        Value::Array(items) => items.iter().any(|item| holds_string(item, text)),
        Value::Object(fields) => fields.values().any(|item| holds_string(item, text)),
        _ => false,
    }
}

fn is_about_signatures(warning: &Warning) -> bool {
    match warning {
        Warning::Unsupported { field, .. } | Warning::Adapted { field, .. } => {
            field.starts_with("messages")
                && ["signature", "encrypted", "reasoning"].iter().any(|word| field.contains(word))
        }
        _ => false,
    }
}
