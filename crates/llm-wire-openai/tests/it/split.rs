//! Where a body is cut on its way changes nothing.

use llm_wire_openai::Dialect;

use crate::support::events;

/// CR LF, a comment, characters of two to four bytes, escapes, a call cut inside a string, usage, the end.
const BODY: &str = concat!(
    ": keep-alive\r\n\r\n",
    "data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":5,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\r\n\r\n",
    "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"reasoning_content\":\"Denk „ 東京 🌦\\n\"}}]}\n\n",
    "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Größe \\u00e4 \\\"x\\\" 🌤\"}}]}\n\n",
    "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"ci\"}}]}}]}\n\n",
    "event: message\nid: 7\ndata: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"ty\\\":\\\"Bern\\\"}\"}}]}}]}\n\n",
    "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\r\n\r\n",
    "data: {\"id\":\"c1\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\n",
    "data: [DONE]\n\n",
);

#[test]
fn every_split_gives_the_same_events() {
    let body = BODY.as_bytes();
    let (whole, error) = events([body], &Dialect::OPENAI);
    assert!(error.is_none(), "{error:?}");
    assert!(whole.len() > 10);
    for at in 1..body.len() {
        let (split, error) = events([&body[..at], &body[at..]], &Dialect::OPENAI);
        assert!(error.is_none() && split == whole, "split after byte {at}");
    }
    for size in [1, 2, 3, 7] {
        assert_eq!(events(body.chunks(size), &Dialect::OPENAI).0, whole, "pieces of {size}");
    }
}

#[test]
fn a_body_that_is_cut_is_never_a_whole_answer() {
    let body = BODY.trim_end().as_bytes();
    for end in 0..body.len() {
        let (_, error) = events([&body[..end]], &Dialect::OPENAI);
        assert!(error.is_some(), "cut after byte {end}");
    }
}
