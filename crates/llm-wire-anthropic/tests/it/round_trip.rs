//! What is written is read back as it was.

use llm_core::{ChatResponse, Event, Part, PartId, PartKind, StreamFinish, StreamStart};
use llm_wire_anthropic::{API, Profile, messages};
use proptest::prelude::*;

use crate::answers::origin;
use crate::transcripts::{answer, events, read_pieces, write};
use crate::{generate, grammar};

/// A whole answer as events, every text in two pieces.
fn as_events(response: &ChatResponse) -> Vec<Event> {
    let mut start = StreamStart::new(origin());
    (start.id, start.model) = (response.id.clone(), response.model.clone());
    let mut events = vec![Event::Start(Box::new(start))];
    for (number, part) in (0..).map(PartId).zip(&response.message.content) {
        part_events(number, part, &mut events);
    }
    let mut finish = StreamFinish::new(response.finish.clone(), response.usage.clone());
    (finish.service_tier, finish.ext) = (response.service_tier.clone(), response.ext.clone());
    events.push(Event::Finish(Box::new(finish)));
    events
}

fn part_events(part: PartId, whole: &Part, events: &mut Vec<Event>) {
    let mut shell = whole.kind.clone();
    let mut deltas = Vec::new();
    let halves = |text: &str| {
        let middle = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
        [text[..middle].to_owned(), text[middle..].to_owned()]
    };
    match &mut shell {
        PartKind::Text { text, citations } => {
            deltas.extend(halves(&std::mem::take(text)).map(|text| Event::TextDelta { part, text }));
            let citations = std::mem::take(citations).into_iter();
            deltas.extend(citations.map(|citation| Event::Citation { part, citation: Box::new(citation) }));
        }
        PartKind::Reasoning { text, encrypted: None, .. } => {
            deltas.extend(halves(&std::mem::take(text)).map(|text| Event::ReasoningDelta { part, text }));
        }
        PartKind::ToolCall(call) => {
            deltas
                .extend(halves(&std::mem::take(&mut call.arguments)).map(|json| Event::ArgumentsDelta { part, json }));
        }
        _ => {}
    }
    events.push(Event::PartStart { part, candidate: 0, shell: Box::new(shell) });
    events.extend(deltas);
    events.extend(whole.signature.clone().map(|signature| Event::SignatureDelta { part, signature }));
    events.push(Event::PartEnd { part, truncated: false, ext: None });
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn a_request_comes_back_as_it_went((mut request, stream) in generate::request()) {
        // What the client wrote beyond our own fields is a part of what it asked.
        request.form = request.ext.of(API).map(|_| API.into());
        let to = llm_core::Origin::new(API, "anthropic", request.model.clone());
        let encoded = messages::encode_request(&request, &to, stream, &Profile::default()).unwrap();
        prop_assert_eq!(&encoded.warnings, &[]);
        let decoded = messages::decode_request(&encoded.body).unwrap();
        prop_assert_eq!(decoded.stream, stream);
        prop_assert_eq!(decoded.request, request);
    }

    #[test]
    fn an_answer_comes_back_as_it_went(response in generate::response()) {
        let body = messages::encode_response(&response);
        prop_assert_eq!(messages::decode_response(&body, &origin()).unwrap(), response);
    }

    #[test]
    fn a_stream_comes_back_as_it_went_and_obeys_the_grammar(mut response in generate::response()) {
        // Settings of a part come with its end, when its block has begun already.
        response.message.content.iter_mut().for_each(|part| part.ext = llm_core::Extensions::default());
        let stream = write(&as_events(&response));
        grammar::check(&stream);
        prop_assert_eq!(answer(events(&stream)), response);
    }

    #[test]
    fn no_bytes_break_the_decoders(bytes in prop::collection::vec(any::<u8>(), 0..200), text in ".{0,200}") {
        let _ = messages::decode_request(&bytes);
        let _ = messages::decode_response(text.as_bytes(), &origin());
        let _ = read_pieces([format!("data: {text}\n\n").as_bytes(), &bytes]);
    }
}
