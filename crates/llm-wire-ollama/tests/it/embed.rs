//! Embeddings, both ways.

use llm_core::{EmbedRequest, EmbedResponse, ErrorKind, Usage};
use llm_wire_ollama::{API, Profile, embed};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::origin;

#[test]
fn a_request_is_sent_whole_or_with_warnings() {
    let mut request = EmbedRequest::new("nomic-embed-text", ["a", "b"]);
    request.dimensions = Some(256);
    request.task = Some("query".to_owned());
    request.end_user = Some("u".to_owned());
    request.ext.set(API, "truncate", false);
    let mut profile = Profile { keep_alive: Some(json!(0)), ..Profile::default() };
    profile.options.insert("num_ctx".to_owned(), json!(2048));
    let encoded = embed::encode_request(&request, &origin(), &profile).unwrap();
    assert_eq!(
        serde_json::from_slice::<Value>(&encoded.body).unwrap(),
        json!({
            "model": "nomic-embed-text", "input": ["a", "b"], "dimensions": 256, "keep_alive": 0,
            "options": { "num_ctx": 2048 }, "truncate": false,
        })
    );
    assert_eq!(encoded.warnings.len(), 2);
}

#[test]
fn requests_of_clients_are_read() {
    let request = embed::decode_request(br#"{"model":"m","input":"one","keep_alive":"5m"}"#).unwrap();
    assert_eq!((request.inputs, request.ext.value(API, "keep_alive")), (vec!["one".to_owned()], Some(&json!("5m"))));
    let param = |body: &[u8]| embed::decode_request(body).unwrap_err().param().map(str::to_owned);
    assert_eq!(param(br#"{"model":"m"}"#).as_deref(), Some("input"));
    assert_eq!(param(br#"{"model":"m","input":7}"#).as_deref(), Some("input"));
    assert_eq!(param(br#"{"model":"m","input":["a",7]}"#).as_deref(), Some("input[1]"));
    assert_eq!(param(br#"{"input":"a"}"#).as_deref(), Some("model"));
}

#[test]
fn answers_of_both_endpoints_are_read() {
    let body = br#"{"model":"m","embeddings":[[0.5,-1],[1e-3,2]],"total_duration":9,"prompt_eval_count":2}"#;
    let response = embed::decode_response(body, &origin()).unwrap();
    assert_eq!(response.vectors, [[0.5, -1.0], [0.001, 2.0]]);
    assert_eq!((response.usage.input, response.usage.output, response.model.as_deref()), (Some(2), None, Some("m")));
    let response = embed::decode_response(br#"{"embedding":[0.5]}"#, &origin()).unwrap();
    assert_eq!(response.vectors, [[0.5]]);
    let kind = |body: &[u8]| embed::decode_response(body, &origin()).unwrap_err().kind();
    assert_eq!(kind(b"{}"), ErrorKind::Malformed);
    assert_eq!(kind(br#"{"error":"the input length exceeds the context length"}"#), ErrorKind::ContextLength);
}

proptest! {
    #[test]
    fn an_answer_survives_the_wire(
        vectors in prop::collection::vec(prop::collection::vec(-1e3f32..1e3, 0..5), 0..4),
        input in prop::option::of(0u64..1 << 40),
    ) {
        let mut response = EmbedResponse::new(origin(), vectors);
        response.model = Some("m".to_owned());
        response.usage = Usage::default();
        response.usage.input = input;
        let body = embed::encode_response(&response);
        prop_assert_eq!(embed::decode_response(&body, &origin()).unwrap(), response);
    }

    #[test]
    fn a_request_survives_the_wire(
        inputs in prop::collection::vec(".*", 0..4),
        dimensions in prop::option::of(any::<u32>()),
    ) {
        let mut request = EmbedRequest::new("m", inputs);
        request.dimensions = dimensions;
        let encoded = embed::encode_request(&request, &origin(), &Profile::default()).unwrap();
        prop_assert_eq!(embed::decode_request(&encoded.body).unwrap(), request);
        prop_assert!(encoded.warnings.is_empty());
    }
}
