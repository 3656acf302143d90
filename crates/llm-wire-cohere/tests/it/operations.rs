//! Vectors, orders and models.

use llm_core::{
    Component, EmbedRequest, EmbedResponse, ErrorKind, Ranked, RerankRequest, RerankResponse, Support, Usage,
};
use llm_wire_cohere::{API, embed, models, rerank};
use serde_json::{Value, json};

use crate::support::origin;

#[test]
fn vectors_go_both_ways() {
    let mut request = EmbedRequest::new("embed-v4.0", ["a", "b"]);
    request.task = Some("query".into());
    request.dimensions = Some(256);
    request.ext.set(API, "truncate", "END");
    let encoded = embed::encode_request(&request, &origin()).unwrap();
    let body: Value = serde_json::from_slice(&encoded.body).unwrap();
    let expected = json!({"model": "embed-v4.0", "input_type": "search_query", "embedding_types": ["float"],
        "texts": ["a", "b"], "output_dimension": 256, "truncate": "END"});
    assert_eq!(body, expected);
    assert_eq!(embed::decode_request(&encoded.body).unwrap(), request);
    let mut response = EmbedResponse::new(origin(), vec![vec![0.5, -1.0], vec![0.25, 2.0]]);
    response.id = Some("e-1".into());
    response.usage.input = Some(7);
    assert_eq!(embed::decode_response(&embed::encode_response(&response), &origin()).unwrap(), response);
}

#[test]
fn vectors_of_all_types_are_read() {
    let read = |body: Value| embed::decode_response(body.to_string().as_bytes(), &origin());
    let billed = json!({"billed_units": {"input_tokens": 3}});
    let small = read(json!({"id": "x", "embeddings": {"int8": [[-21, 18]]}, "meta": billed})).unwrap();
    assert_eq!((small.vectors, small.usage.input), (vec![vec![-21.0, 18.0]], Some(3)));
    assert_eq!(read(json!({"embeddings": [[0.5]]})).unwrap().vectors, [[0.5]]);
    assert_eq!(read(json!({"embeddings": {"base64": ["AAA="]}})).unwrap_err().kind(), ErrorKind::Malformed);
    let refused = read(json!({"message": "no"})).unwrap_err();
    assert_eq!(refused.message(), "no");
    assert!(embed::decode_response(b"[]", &origin()).is_err());
}

#[test]
fn orders_go_both_ways() {
    let mut request = RerankRequest::new("rerank-v3.5", "q", ["a", "b"]);
    (request.top_n, request.max_tokens_per_document) = (Some(1), Some(100));
    let encoded = rerank::encode_request(&request, &origin()).unwrap();
    assert!(encoded.warnings.is_empty());
    assert_eq!(rerank::decode_request(&encoded.body).unwrap(), request);
    request.return_documents = Some(true);
    assert_eq!(rerank::encode_request(&request, &origin()).unwrap().warnings.len(), 1);
    let mut response = RerankResponse::new(origin(), vec![Ranked::new(1, 0.75), Ranked::new(0, 0.25)]);
    response.id = Some("r-1".into());
    response.usage = Usage::default().with_counted(Component::Request, 2);
    let read = rerank::decode_response(&rerank::encode_response(&response), &origin()).unwrap();
    assert_eq!(
        (&read.results, &read.usage.counted, &read.id),
        (&response.results, &response.usage.counted, &response.id)
    );
    assert_eq!(rerank::decode_response(b"{}", &origin()).unwrap_err().kind(), ErrorKind::Malformed);
    assert_eq!(rerank::decode_request(b"{\"query\": 5}").unwrap_err().param(), Some("query"));
}

#[test]
fn a_page_of_models_says_what_they_can_do() {
    let body = json!({"models": [
        {"name": "command-a", "endpoints": ["generate", "chat"], "context_length": 288_000.0, "features": ["tools"]},
        {"name": "rerank-v3.5", "endpoints": ["rerank"], "context_length": 4096},
    ], "next_page_token": "t"});
    let page = models::decode_response(body.to_string().as_bytes()).unwrap();
    assert_eq!((page.models.len(), page.next.as_deref()), (2, Some("t")));
    let can = &page.models[1].capabilities;
    assert_eq!((can.rerank, can.chat, can.context_window), (Support::Yes, Support::No, Some(4096)));
    assert_eq!(page.models[0].capabilities.tools, Support::Yes);
}
