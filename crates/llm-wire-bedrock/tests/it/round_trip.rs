//! What is written is read back the same, whole and streamed.

use llm_core::{Accumulator, ChatResponse, Event, PartId, PartKind, StreamFinish, StreamStart};
use llm_wire::aws_event_stream::{AwsEventStreamParser, decode_message};
use llm_wire::{EventQueue, StreamDecoder, StreamEncoder};
use llm_wire_bedrock::{Profile, converse};
use proptest::prelude::*;

use crate::{generate, origin, target};

/// An answer as the events that a vendor would make of it.
fn events(response: &ChatResponse) -> Vec<Event> {
    let mut events = vec![Event::Start(Box::new(StreamStart::new(origin())))];
    for (part, number) in response.message.content.iter().zip(0..) {
        let id = PartId(number);
        let mut shell = part.kind.clone();
        let mut deltas = Vec::new();
        match &mut shell {
            PartKind::Text { text, .. } => {
                let half = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
                let rest = text.split_off(half);
                deltas.push(Event::TextDelta { part: id, text: std::mem::take(text) });
                deltas.push(Event::TextDelta { part: id, text: rest });
            }
            PartKind::Reasoning { text, encrypted: None, .. } => {
                deltas.push(Event::ReasoningDelta { part: id, text: std::mem::take(text) });
            }
            PartKind::ToolCall(call) => {
                deltas.push(Event::ArgumentsDelta { part: id, json: std::mem::take(&mut call.arguments) });
            }
            _ => {}
        }
        deltas.extend(part.signature.clone().map(|signature| Event::SignatureDelta { part: id, signature }));
        events.push(Event::PartStart { part: id, candidate: 0, shell: Box::new(shell) });
        events.extend(deltas);
        events.push(Event::PartEnd { part: id, truncated: false, ext: None });
    }
    let mut finish = StreamFinish::new(response.finish.clone(), response.usage.clone());
    finish.service_tier.clone_from(&response.service_tier);
    finish.ext = response.ext.clone();
    events.push(Event::Finish(Box::new(finish)));
    events
}

fn collected(events: impl IntoIterator<Item = Event>) -> ChatResponse {
    let mut accumulator = Accumulator::default();
    for event in events {
        accumulator.push(event).unwrap();
    }
    accumulator.finish().unwrap()
}

fn decoded(bytes: &[u8]) -> Vec<Event> {
    let (mut parser, mut decoder) = (AwsEventStreamParser::new(), converse::Decoder::new(origin(), Vec::new()));
    let (mut queue, mut events) = (EventQueue::default(), Vec::new());
    parser.push(bytes.to_vec().into());
    while let Some(message) = parser.next_message() {
        decode_message(message.unwrap(), &mut decoder, &mut queue).unwrap();
    }
    decoder.end(&mut queue).unwrap();
    while let Some(event) = queue.pop() {
        events.push(event);
    }
    events
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_request_is_read_as_it_was_written(request in generate::request()) {
        let encoded = converse::encode_request(&request, &target(), &Profile::default()).unwrap();
        prop_assert!(encoded.warnings.is_empty(), "{:?}", encoded.warnings);
        let read = converse::decode_request(&encoded.body, &request.model).unwrap().request;
        prop_assert_eq!(read, request);
    }

    #[test]
    fn an_answer_is_read_as_it_was_written(response in generate::response()) {
        let body = converse::encode_response(&response);
        prop_assert_eq!(converse::decode_response(&body, &origin()).unwrap(), response);
    }

    #[test]
    fn a_stream_is_read_as_it_was_written(response in generate::response()) {
        let mut encoder = converse::Encoder::new();
        let mut bytes = Vec::new();
        for event in events(&response) {
            encoder.event(&event, &mut bytes);
        }
        prop_assert_eq!(collected(decoded(&bytes)), response);
    }

    #[test]
    fn no_bytes_make_a_decoder_panic(name in "[a-zA-Z:]{0,20}", data in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut queue = EventQueue::default();
        let mut decoder = converse::Decoder::new(origin(), Vec::new());
        let _ = decoder.frame(llm_wire::Frame { name: Some(&name), data: &data }, &mut queue);
        let _ = converse::decode_response(&data, &origin());
        let _ = converse::decode_request(&data, "m");
    }
}
