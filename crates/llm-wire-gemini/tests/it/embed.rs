//! Embeddings, both methods and both ways.

use llm_core::{EmbedRequest, EmbedResponse, ErrorKind, Usage};
use llm_wire_gemini::embed;
use serde_json::{Value, json};

use crate::support::{fields, origin};

fn encoded(request: &EmbedRequest) -> (Value, Vec<llm_core::Warning>) {
    let encoded = embed::encode_request(request, &origin()).unwrap();
    (serde_json::from_slice(&encoded.body).unwrap(), encoded.warnings)
}

#[test]
fn one_text_and_several_have_a_method_each() {
    let mut request = EmbedRequest::new("m", ["a"]);
    (request.task, request.dimensions) = (Some("query".to_owned()), Some(8));
    request.ext.set("gemini", "autoTruncate", false);
    let one = |text: &str| {
        json!({
            "content": {"parts": [{"text": text}]}, "taskType": "RETRIEVAL_QUERY", "outputDimensionality": 8,
            "autoTruncate": false,
        })
    };
    let named = |text: &str| {
        let mut one = one(text);
        one["model"] = "models/m".into();
        one
    };
    assert_eq!(embed::method(1), "embedContent");
    assert_eq!(encoded(&request).0, one("a"));
    request.inputs.push("b".to_owned());
    assert_eq!(embed::method(2), "batchEmbedContents");
    assert_eq!(encoded(&request).0, json!({"requests": [named("a"), named("b")]}));
    for inputs in [vec!["a"], vec!["a", "b"], vec!["", "a"]] {
        request.inputs = inputs.into_iter().map(str::to_owned).collect();
        let body = embed::encode_request(&request, &origin()).unwrap().body;
        assert_eq!(embed::decode_request(&body, "m").unwrap(), request);
    }
    request.end_user = Some("u".to_owned());
    assert_eq!(fields(&encoded(&request).1), ["end_user"]);
}

#[test]
fn answers_go_both_ways() {
    let mut response = EmbedResponse::new(origin(), vec![vec![0.25, -1.0]]);
    response.usage.input = Some(4);
    for (batch, vectors) in [(false, 1), (true, 1), (true, 3), (true, 0)] {
        response.vectors = vec![vec![0.25, -1.0]; vectors];
        let again = embed::decode_response(&embed::encode_response(&response, batch), &origin()).unwrap();
        assert_eq!(again, response);
    }
    response.usage = Usage::default();
    let again = embed::decode_response(&embed::encode_response(&response, true), &origin()).unwrap();
    assert_eq!(again, response);
}

#[test]
fn wrong_requests_and_answers_are_errors() {
    let content = json!({"parts": [{"text": "a"}]});
    for (body, param) in [
        (json!({}), "content"),
        (
            json!({"requests": [{"content": content}, {"content": {"parts": [{"inlineData": {}}]}}]}),
            "requests[1].content.parts[0].text",
        ),
        (json!({"requests": [{"content": content}, {"content": content, "taskType": "X"}]}), "requests[1]"),
    ] {
        let error = embed::decode_request(body.to_string().as_bytes(), "m").unwrap_err();
        assert_eq!((error.kind(), error.param()), (ErrorKind::InvalidRequest, Some(param)));
    }
    let error = embed::decode_response(br#"{"error": {"code": 503, "message": "m"}}"#, &origin()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Overloaded);
    assert_eq!(embed::decode_response(b"<html>", &origin()).unwrap_err().kind(), ErrorKind::Malformed);
}

#[test]
fn more_than_one_text_is_sent_as_it_came() {
    let body = json!({"content": {"parts": [
        {"text": "a"}, {"inlineData": {"mimeType": "image/png", "data": "aGk="}}, {"text": "b"},
    ]}});
    let request = embed::decode_request(body.to_string().as_bytes(), "e").unwrap();
    assert_eq!(request.inputs, ["ab"]);
    let encoded = embed::encode_request(&request, &origin()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&encoded.body).unwrap(), body);
}
