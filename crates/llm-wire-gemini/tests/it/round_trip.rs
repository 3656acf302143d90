//! What is written is read back the same, for everything the vendor's form can say.

use llm_core::{
    Accumulator, ChatResponse, Event, MediaData, OnUnsupported, Part, PartId, PartKind, StreamFinish, StreamStart,
};
use llm_wire::StreamEncoder;
use llm_wire_gemini::{Profile, generate};
use proptest::prelude::*;

use crate::strategies::{request, response};
use crate::support::{MODEL, collect, events, origin};

proptest! {
    #[test]
    fn requests(mut request in request(), stream: bool) {
        // Nothing that the generator makes may be left out.
        request.on_unsupported = OnUnsupported::Error;
        // What the client wrote beyond our own fields is a part of what it asked.
        request.form = request.ext.of(llm_wire_gemini::API).map(|_| llm_wire_gemini::API.into());
        let encoded = generate::encode_request(&request, &origin(), stream, &Profile::default()).unwrap();
        prop_assert!(encoded.warnings.is_empty(), "{:?}", encoded.warnings);
        let decoded = generate::decode_request(&encoded.body, MODEL, stream).unwrap();
        prop_assert_eq!(decoded.stream, stream);
        request.on_unsupported = OnUnsupported::default();
        prop_assert_eq!(decoded.request, request);
    }

    #[test]
    fn responses(response in response()) {
        let body = generate::encode_response(&response);
        prop_assert_eq!(generate::decode_response(&body, &origin()).unwrap(), response);
    }

    #[test]
    fn streams(response in response(), cut in 1_usize..5) {
        let events = streamed(&response, cut);
        let mut accumulator = Accumulator::default();
        let mut encoder = generate::Encoder::new();
        let mut body = Vec::new();
        for event in events {
            encoder.event(&event, &mut body);
            accumulator.push(event).unwrap();
        }
        prop_assert_eq!(&accumulator.finish().unwrap(), &response);
        let (events, error) = self::events(&[&body]);
        prop_assert!(error.is_none(), "{:?}", error);
        let mut expected = response;
        join(&mut expected.message.content);
        expected.more.iter_mut().for_each(|candidate| join(&mut candidate.message.content));
        prop_assert_eq!(collect(events), expected);
    }

    #[test]
    fn no_bytes_make_a_decoder_panic(bytes: Vec<u8>) {
        let _ = generate::decode_response(&bytes, &origin());
        let _ = generate::decode_request(&bytes, MODEL, true);
        let _ = events(&[b"data: ", &bytes, b"\n\n"]);
    }
}

/// An answer as the events of a stream, texts in pieces of `cut` characters.
fn streamed(response: &ChatResponse, cut: usize) -> Vec<Event> {
    let mut start = StreamStart::new(response.origin.clone());
    (start.id, start.model, start.created) = (response.id.clone(), response.model.clone(), response.created);
    let mut events = vec![Event::Start(Box::new(start))];
    let messages = std::iter::once(&response.message).chain(response.more.iter().map(|candidate| &candidate.message));
    let mut numbers = (0..).map(PartId);
    for (message, candidate) in messages.zip(0..) {
        for part in &message.content {
            push_part(part, numbers.next().unwrap(), candidate, cut, &mut events);
        }
    }
    let mut finish = StreamFinish::new(response.finish.clone(), response.usage.clone());
    finish.more = response.more.iter().map(|candidate| candidate.finish.clone()).collect();
    (finish.service_tier, finish.ext) = (response.service_tier.clone(), response.ext.clone());
    events.push(Event::Finish(Box::new(finish)));
    events
}

fn push_part(whole: &Part, part: PartId, candidate: u32, cut: usize, events: &mut Vec<Event>) {
    let pieces = |text: &str| -> Vec<String> {
        text.chars().collect::<Vec<_>>().chunks(cut).map(|piece| piece.iter().collect()).collect()
    };
    let mut shell = whole.kind.clone();
    let deltas: Vec<Event> = match &mut shell {
        PartKind::Text { text, .. } => {
            pieces(&std::mem::take(text)).into_iter().map(|text| Event::TextDelta { part, text }).collect()
        }
        PartKind::Reasoning { text, .. } => {
            pieces(&std::mem::take(text)).into_iter().map(|text| Event::ReasoningDelta { part, text }).collect()
        }
        PartKind::ToolCall(call) => {
            let pieces = pieces(&std::mem::take(&mut call.arguments));
            pieces.into_iter().map(|json| Event::ArgumentsDelta { part, json }).collect()
        }
        PartKind::Media(media) => match &mut media.data {
            MediaData::Inline { bytes } => vec![Event::MediaDelta { part, bytes: std::mem::take(bytes) }],
            _ => Vec::new(),
        },
        _ => Vec::new(),
    };
    events.push(Event::PartStart { part, candidate, shell: Box::new(shell) });
    events.extend(deltas);
    events.extend(whole.signature.clone().map(|signature| Event::SignatureDelta { part, signature }));
    events.push(Event::PartEnd { part, truncated: false, ext: None });
}

/// What a stream makes of parts: a signature that comes after its words gets a part of its own, and words that follow
/// words of the same kind are one part. Line ends between the tokens of arguments are blanks, for an event is one line.
fn join(parts: &mut Vec<Part>) {
    let mut joined: Vec<Part> = Vec::new();
    for mut part in std::mem::take(parts) {
        let signature = part.signature.take();
        let mut empty = None;
        match &mut part.kind {
            PartKind::Text { .. } | PartKind::Reasoning { .. } => {
                empty = signature.map(|signature| {
                    let mut empty = part.clone();
                    if let PartKind::Text { text, .. } | PartKind::Reasoning { text, .. } = &mut empty.kind {
                        text.clear();
                    }
                    empty.with_signature(signature)
                });
            }
            PartKind::ToolCall(call) => {
                call.arguments = call.arguments.replace('\n', " ");
                part.signature = signature;
            }
            _ => part.signature = signature,
        }
        match (joined.last_mut().map(|last| (&mut last.kind, &last.signature)), &part.kind) {
            (Some((PartKind::Text { text, .. }, None)), PartKind::Text { text: more, .. })
            | (Some((PartKind::Reasoning { text, .. }, None)), PartKind::Reasoning { text: more, .. }) => {
                text.push_str(more);
            }
            _ => joined.push(part),
        }
        joined.extend(empty);
    }
    *parts = joined;
}
