//! A body that is events or an array is read as what it is, however its bytes are split.

use futures_util::FutureExt;
use http::{HeaderMap, StatusCode};
use llm_core::{Body, ErrorKind, Event, Finish, FinishReason, HttpResponse, Origin, PartId, PartKind, StreamFinish};
use llm_core::{Error, StreamStart, Usage};
use llm_wire::{EventQueue, Frame, StreamDecoder, sse_or_json_array_stream};

/// Every frame is a JSON string, a word.
#[derive(Default)]
struct Words(bool);

impl StreamDecoder for Words {
    fn frame(&mut self, frame: Frame<'_>, out: &mut EventQueue) -> Result<(), Error> {
        let part = PartId(0);
        if !std::mem::replace(&mut self.0, true) {
            let origin = Origin::new("test", "test", "test");
            out.push(Event::Start(Box::new(StreamStart::new(origin.into()))));
            let shell = Box::new(PartKind::Text { text: String::new(), citations: Vec::new() });
            out.push(Event::PartStart { part, candidate: 0, shell });
        }
        let text = serde_json::from_slice(frame.data).expect("a JSON string");
        out.push(Event::TextDelta { part, text });
        Ok(())
    }

    fn end(&mut self, out: &mut EventQueue) -> Result<(), Error> {
        if !self.0 {
            return Err(Error::truncated());
        }
        out.push(Event::PartEnd { part: PartId(0), truncated: false, ext: None });
        let finish = Finish { reason: FinishReason::Stop, raw: None };
        out.push(Event::Finish(Box::new(StreamFinish::new(finish, Usage::default()))));
        Ok(())
    }
}

fn text(chunks: &[&str]) -> Result<String, Error> {
    let chunks: Vec<Result<bytes::Bytes, Error>> = chunks.iter().map(|chunk| Ok((*chunk).to_owned().into())).collect();
    let body = Body::stream(futures_util::stream::iter(chunks));
    let response = HttpResponse { status: StatusCode::OK, headers: HeaderMap::new(), body, received_at: None };
    sse_or_json_array_stream(response, Words::default()).text().now_or_never().expect("nothing to wait for")
}

#[test]
fn the_first_byte_tells_events_from_an_array() {
    for body in [
        "data: \"one\"\r\n\r\ndata: \" two\"\r\n\r\n",
        " \n[\"one\",\r\n\" two\"\n]\n",
        "\n\n: hi\ndata: \"one two\"\n\n",
        "\n  data: \"one two\"\n\n",
    ] {
        for at in 0..=body.len() {
            let (first, second) = body.split_at(at);
            assert_eq!(text(&[first, second]).unwrap(), "one two", "{body:?} split at {at}");
        }
    }
}

#[test]
fn a_body_of_nothing_is_cut_off() {
    for chunks in [&[][..], &["\n"], &[" ", "\r\n"]] {
        assert_eq!(text(chunks).unwrap_err().kind(), ErrorKind::Truncated);
    }
    assert_eq!(text(&["[\"one\","]).unwrap_err().kind(), ErrorKind::Truncated);
}
