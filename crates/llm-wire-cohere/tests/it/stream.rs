//! Streams: in any pieces, cut anywhere, of this API and of the one before.

use bytes::Bytes;
use llm_core::{ErrorKind, Event, PartKind};
use llm_wire::{EventQueue, Frame, NdjsonItem, NdjsonParser, StreamDecoder};
use llm_wire_cohere::chat;

use crate::support::{collect, events, origin};

const STREAM: &str = r#"event: message-start
data: {"id":"a-1","type":"message-start","delta":{"message":{"role":"assistant","content":[],"tool_plan":"","tool_calls":[],"citations":[]}}}

event: tool-plan-delta
data: {"type":"tool-plan-delta","delta":{"message":{"tool_plan":"I will"}}}

event: tool-plan-delta
data: {"type":"tool-plan-delta","delta":{"message":{"tool_plan":" look."}}}

event: tool-call-start
data: {"type":"tool-call-start","index":0,"delta":{"message":{"tool_calls":{"id":"w_1","type":"function","function":{"name":"weather","arguments":""}}}}}

event: tool-call-delta
data: {"type":"tool-call-delta","index":0,"delta":{"message":{"tool_calls":{"function":{"arguments":"{\"city\":"}}}}}

event: tool-call-delta
data: {"type":"tool-call-delta","index":0,"delta":{"message":{"tool_calls":{"function":{"arguments":"\"Zürich\"}"}}}}}

event: tool-call-end
data: {"type":"tool-call-end","index":0}

event: message-end
data: {"type":"message-end","delta":{"finish_reason":"TOOL_CALL","usage":{"billed_units":{"input_tokens":5,"output_tokens":2},"tokens":{"input_tokens":50,"output_tokens":20},"cached_tokens":8}}}

data: [DONE]

"#;

const CITED: &str = r#"event: message-start
data: {"id":"a-2","type":"message-start","delta":{"message":{"role":"assistant","content":[]}}}

event: content-start
data: {"type":"content-start","index":0,"delta":{"message":{"content":{"type":"thinking","thinking":""}}}}

event: content-delta
data: {"type":"content-delta","index":0,"delta":{"message":{"content":{"thinking":"Hm."}}}}

event: content-end
data: {"type":"content-end","index":0}

event: content-start
data: {"type":"content-start","index":1,"delta":{"message":{"content":{"type":"text","text":""}}}}

event: content-delta
data: {"type":"content-delta","index":1,"delta":{"message":{"content":{"text":"Grün ist"}}}}

event: content-delta
data: {"type":"content-delta","index":1,"delta":{"message":{"content":{"text":" es."}}}}

event: content-end
data: {"type":"content-end","index":1}

event: citation-start
data: {"type":"citation-start","index":0,"delta":{"message":{"citations":{"start":0,"end":4,"text":"Grün","sources":[{"type":"document","id":"doc:0","document":{"id":"doc:0","title":"facts"}}],"content_index":1}}}}

event: citation-end
data: {"type":"citation-end","index":0}

event: new-thing
data: {"type":"new-thing","more":{}}

event: message-end
data: {"type":"message-end","delta":{"finish_reason":"COMPLETE","usage":{"tokens":{"input_tokens":3,"output_tokens":2,"reasoning_tokens":1}}}}

"#;

#[test]
fn pieces_of_any_size_say_the_same() {
    for stream in [STREAM, CITED] {
        let (whole, error) = events([stream.as_bytes()]);
        assert!(error.is_none(), "{error:?}");
        for at in 0..stream.len() {
            let (first, second) = stream.as_bytes().split_at(at);
            assert_eq!(events([first, second]).0, whole, "split at {at}");
        }
        assert_eq!(events(stream.as_bytes().chunks(1)).0, whole);
    }
}

#[test]
fn a_stream_that_is_cut_is_no_success() {
    for stream in [STREAM, CITED] {
        let end = stream.find("event: message-end").unwrap();
        for at in (0..end).filter(|at| stream.is_char_boundary(*at)) {
            let (seen, error) = events([&stream.as_bytes()[..at]]);
            assert!(error.is_some() && !seen.iter().any(|event| matches!(event, Event::Finish(_))), "cut at {at}");
        }
    }
}

#[test]
fn plans_calls_and_citations_are_parts() {
    let answer = collect(events([STREAM.as_bytes()]).0);
    let PartKind::Opaque { kind, data } = &answer.message.content[0].kind else { panic!("a plan") };
    assert_eq!((kind.as_str(), data.as_str()), ("cohere.tool_plan", Some("I will look.")));
    let call = answer.message.tool_calls().next().unwrap();
    assert_eq!((&*call.id, &*call.name, &*call.arguments), ("w_1", "weather", r#"{"city":"Zürich"}"#));
    assert_eq!((answer.usage.input, answer.usage.output, answer.usage.cache_read), (Some(50), Some(20), Some(8)));
    assert_eq!(answer.usage.extra["billed_units"]["input_tokens"], 5);

    let answer = collect(events([CITED.as_bytes()]).0);
    assert_eq!((answer.text(), answer.message.reasoning()), ("Grün ist es.".into(), Some("Hm.".into())));
    let PartKind::Text { citations, .. } = &answer.message.content[1].kind else { panic!("a text") };
    assert_eq!((&*citations[0].source, citations[0].title.as_deref()), ("doc:0", Some("facts")));
    assert_eq!(citations[0].span, Some((0, 5)), "in bytes");
}

#[test]
fn an_end_that_says_it_failed_is_an_error() {
    let failed = CITED.replace(r#""finish_reason":"COMPLETE""#, r#""finish_reason":"ERROR","error":"it broke""#);
    let (seen, error) = events([failed.as_bytes()]);
    let error = error.unwrap();
    assert_eq!((error.kind(), error.message()), (ErrorKind::Server, "it broke"));
    assert!(seen.iter().any(|event| matches!(event, Event::TextDelta { .. })), "what came before is given");
    let (_, error) = events([&b"data: {\"message\":\"too many tokens: no\"}\n\n"[..]]);
    assert!(error.unwrap().message().starts_with("too many"));
}

#[test]
fn the_api_before_is_read_too() {
    let lines = concat!(
        r#"{"is_finished":false,"event_type":"stream-start","generation_id":"g-1"}"#,
        "\n",
        r#"{"is_finished":false,"event_type":"text-generation","text":"Grün"}"#,
        "\n",
        r#"{"is_finished":false,"event_type":"citation-generation","citations":[{"start":0,"end":4,"text":"Grün","document_ids":["d-1"]}]}"#,
        "\n",
        r#"{"is_finished":true,"event_type":"stream-end","finish_reason":"COMPLETE","response":{"response_id":"r-1","text":"Grün","meta":{"billed_units":{"input_tokens":23,"output_tokens":78}}}}"#,
        "\n",
    );
    let (mut decoder, mut parser) = (chat::Decoder::new(origin(), Vec::new()), NdjsonParser::new());
    parser.push(Bytes::from_static(lines.as_bytes()));
    parser.finish();
    let (mut queue, mut seen) = (EventQueue::default(), Vec::new());
    while let Some(item) = parser.next_line() {
        let NdjsonItem::Line(data) = item.unwrap() else { continue };
        decoder.frame(Frame { name: None, data }, &mut queue).unwrap();
        seen.extend(std::iter::from_fn(|| queue.pop()));
    }
    decoder.end(&mut queue).unwrap();
    let answer = collect(seen);
    assert_eq!((answer.text(), answer.id.as_deref()), ("Grün".into(), Some("r-1")));
    assert_eq!((answer.usage.input, answer.usage.output), (Some(23), Some(78)));
    let PartKind::Text { citations, .. } = &answer.message.content[0].kind else { panic!("a text") };
    assert_eq!((&*citations[0].source, citations[0].span), ("d-1", Some((0, 5))));

    let whole = r#"{"response_id":"r-2","text":"a","generation_id":"g","chat_history":[{}],"finish_reason":"MAX_TOKENS",
        "meta":{"tokens":{"input_tokens":7,"output_tokens":8}},"tool_calls":[{"name":"f","parameters":{"x":1}}]}"#;
    let answer = chat::decode_response(whole.as_bytes(), &origin()).unwrap();
    assert_eq!((answer.id.as_deref(), answer.usage.input), (Some("r-2"), Some(7)));
    assert_eq!(answer.message.tool_calls().next().unwrap().arguments, r#"{"x":1}"#);
    let generated = r#"{"id":"i","generations":[{"id":"g","text":" so"}],"meta":{"billed_units":{"output_tokens":3}}}"#;
    assert_eq!(chat::decode_response(generated.as_bytes(), &origin()).unwrap().text(), " so");
}
