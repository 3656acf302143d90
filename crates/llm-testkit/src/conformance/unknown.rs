//! What a vendor may add tomorrow: fields and events that the plugin does not know.

use bytes::Bytes;
use llm_core::{ChatResponse, Error};
use serde_json::{Value, json};

use super::aws;
use super::fixtures::{Fixtures, frames, is_sse, payload, streamed, with_payload};
use super::mutate::with_a_field_in_each_object;
use super::report::{Failure, Report};
use super::subject::Subject;
use crate::exchange::Exchange;

const KEY: &str = "x_conformance_unknown";

/// A field more in any object of the answer, or in any frame of the stream, changes nothing.
pub(super) async fn fields(subject: &Subject, fixtures: &Fixtures, streams: bool) -> Result<(), Failure> {
    let mut report = Report::default();
    if fixtures.exists("chat.json") {
        let whole = said(&subject.chat(fixtures.chat_exchange()?).await?);
        for (path, body) in with_a_field_in_each_object(&fixtures.chat()?, KEY, &json!({"nested": [1]})) {
            let got = said(&subject.chat(Exchange::json(200, &body)).await?);
            report.hold(got == whole, || format!("an unknown field in {path} of the answer gives {got}, not {whole}"));
        }
    }
    if streams {
        let body = fixtures.stream()?;
        let whole = said(&subject.stream(streamed(body.clone())).await?.collect());
        for (number, frame) in frames(&body).into_iter().enumerate() {
            let Some(payload) = payload(&body, &frame) else { continue };
            // After the first brace of the frame's payload; an object without fields gets the one.
            let comma = if payload.get(1) == Some(&b'}') { "" } else { "," };
            let field = format!("{{\"{KEY}\":{{\"nested\":[1]}}{comma}");
            let changed = with_payload(&body, &frame, &[field.as_bytes(), &payload[1..]].concat());
            let got = said(&subject.stream(streamed(changed)).await?.collect());
            let number = number + 1;
            report.hold(got == whole, || format!("an unknown field in frame {number} gives {got}, not {whole}"));
        }
    }
    report.into_result()
}

/// A frame or a comment more, anywhere after the first frame, changes nothing.
pub(super) async fn events(subject: &Subject, fixtures: &Fixtures) -> Result<(), Failure> {
    let mut report = Report::default();
    let body = fixtures.stream()?;
    let whole = said(&subject.stream(streamed(body.clone())).await?.collect());
    let event = "event: x_unknown\ndata: {\"type\":\"x_unknown\",\"object\":\"x_unknown\"}\n\n";
    let text = |what, text: &str| (what, text.as_bytes().to_vec());
    let unknown: Vec<(&str, Vec<u8>)> = if aws::is_messages(&body) {
        vec![("an unknown event", aws::message(":event-type", "x_unknown", "event", b"{\"x_unknown\":true}")?)]
    } else if is_sse(&body) {
        vec![text("an unknown event", event), text("a comment", ": keep-alive\n\n")]
    } else {
        vec![text("an unknown line", "{\"x_unknown\":true}\n"), text("a blank line", "\n")]
    };
    for (number, frame) in frames(&body).into_iter().enumerate().skip(1) {
        for (what, text) in &unknown {
            let changed = inserted(&body, frame.start, text);
            let got = said(&subject.stream(streamed(changed)).await?.collect());
            let number = number + 1;
            report.hold(got == whole, || format!("{what} before frame {number} gives {got}, not {whole}"));
        }
    }
    report.into_result()
}

fn inserted(body: &[u8], at: usize, text: &[u8]) -> Bytes {
    [&body[..at], text, &body[at..]].concat().into()
}

/// What the caller gets to hear, in one line; unknown fields may be kept elsewhere in the answer.
fn said(outcome: &Result<ChatResponse, Error>) -> Value {
    match outcome {
        Ok(response) => json!({
            "text": response.text(),
            "reasoning": response.message.reasoning(),
            "tools": response.message.tool_calls().map(|call| call.name.clone()).collect::<Vec<_>>(),
            "finish": response.finish.reason.as_str(),
            "usage": [response.usage.input, response.usage.output],
        }),
        Err(error) => json!({ "error": error.to_string() }),
    }
}
