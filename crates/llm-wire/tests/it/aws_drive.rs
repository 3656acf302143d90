//! Messages of an AWS event stream as frames: what their names say, and what a cut or damaged body gives.

use futures_util::StreamExt;
use llm_core::{Body, Error, ErrorKind, Event, HttpResponse};
use llm_wire::aws_event_stream::{AwsHeaderValue, aws_event_stream, encode_message};
use llm_wire::{EventQueue, Frame, StreamDecoder};

/// Tells the name and the data of every frame, and ends at none.
struct Names;

impl StreamDecoder for Names {
    fn frame(&mut self, frame: Frame<'_>, out: &mut EventQueue) -> Result<(), Error> {
        let data = String::from_utf8_lossy(frame.data).into_owned().into();
        out.push(Event::Unknown { kind: frame.name.unwrap_or("none").to_owned(), data });
        Ok(())
    }

    fn end(&mut self, _out: &mut EventQueue) -> Result<(), Error> {
        Err(Error::truncated())
    }
}

fn message(headers: &[(&str, &str)], payload: &str) -> Vec<u8> {
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, AwsHeaderValue::Text(value))).collect();
    encode_message(&headers, payload.as_bytes()).unwrap()
}

fn told(bytes: &[u8], size: usize) -> Vec<String> {
    let pieces: Vec<Result<bytes::Bytes, Error>> =
        bytes.chunks(size).map(|piece| Ok(bytes::Bytes::copy_from_slice(piece))).collect();
    let response = HttpResponse {
        status: http::StatusCode::OK,
        headers: http::HeaderMap::new(),
        body: Body::stream(futures_util::stream::iter(pieces)),
        received_at: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime
        .block_on(StreamExt::collect::<Vec<_>>(aws_event_stream(response, Names)))
        .into_iter()
        .map(|event| match event {
            Ok(Event::Unknown { kind, data }) => format!("{kind} {}", data.as_str().unwrap_or_default()),
            Ok(event) => format!("{event:?}"),
            Err(error) => error.kind().as_str().to_owned(),
        })
        .collect()
}

#[test]
fn the_name_of_a_frame_says_what_the_message_is() {
    let body = [
        message(&[(":message-type", "event"), (":event-type", "chunk")], "{}"),
        message(&[(":event-type", "bare")], "1"),
        message(&[(":message-type", "exception"), (":exception-type", "throttlingException")], r#"{"message":"slow"}"#),
        message(&[(":message-type", "error"), (":error-code", "InternalError"), (":error-message", "oops")], ""),
    ]
    .concat();
    let expected =
        ["chunk {}", "bare 1", r#"exception:throttlingException {"message":"slow"}"#, "error:InternalError oops"];
    for size in [1, 7, body.len()] {
        let mut all = told(&body, size);
        assert_eq!(all.pop().as_deref(), Some(ErrorKind::Truncated.as_str()));
        assert_eq!(all, expected, "pieces of {size} bytes");
    }
}

#[test]
fn a_cut_message_is_truncated_and_a_damaged_one_malformed() {
    let mut body = message(&[(":event-type", "chunk")], "{}");
    for end in 1..body.len() {
        assert_eq!(told(&body[..end], 5), [ErrorKind::Truncated.as_str()], "cut after {end} bytes");
    }
    let payload = body.len() - 5;
    body[payload] ^= 1;
    assert_eq!(told(&body, 5), [ErrorKind::Malformed.as_str()]);
}
