//! Embeddings and rerank: three bodies, four forms of answers.

use http::HeaderMap;
use llm_core::{Capabilities, EmbedRequest, ErrorKind, RerankRequest};
use llm_wire_bedrock::embed::{self, Form};
use llm_wire_bedrock::rerank;
use serde_json::{Value, json};

use crate::{origin, target};

#[test]
fn every_form_comes_back_as_it_went() {
    for (model, form) in [
        ("amazon.titan-embed-text-v2:0", Form::Titan),
        ("us.amazon.nova-2-multimodal-embeddings-v1:0", Form::Nova),
        ("cohere.embed-v4:0", Form::Cohere),
        ("arn:aws:bedrock:eu-west-1::foundation-model/cohere.embed-english-v3", Form::Cohere),
    ] {
        let mut request = EmbedRequest::new(model, ["words"]);
        request.dimensions = Some(256);
        request.task = Some("query".to_owned()).filter(|_| form != Form::Titan);
        let own = match form {
            Form::Nova => json!({"singleEmbeddingParams": {"text": {"truncationMode": "END", "new": 1}}}),
            _ => json!({"truncate": "NONE"}),
        };
        request.ext.0.insert("bedrock-converse".to_owned(), own.as_object().unwrap().clone());
        let encoded = embed::encode_request(&request, &request.inputs, &target(), form).unwrap();
        assert!(encoded.warnings.is_empty());
        assert_eq!(embed::decode_request(&encoded.body, model, form).unwrap(), request);
    }
}

#[test]
fn what_is_known_of_a_model_says_what_it_takes() {
    let known = |publisher: Option<&'static str>, form: Option<&'static str>| {
        let mut known = Capabilities::default();
        (known.publisher, known.form) = (publisher.map(Into::into), form.map(Into::into));
        (Form::of(&known), rerank::Form::of(&known))
    };
    assert_eq!(known(Some("cohere"), None), (Some(Form::Cohere), Some(rerank::Form::Cohere)));
    assert_eq!(known(Some("amazon"), None), (None, Some(rerank::Form::Amazon)), "Titan's or Nova's");
    assert_eq!(known(Some("amazon"), Some("nova")).0, Some(Form::Nova));
    assert_eq!(known(None, Some("titan")).0, Some(Form::Titan));
    assert_eq!(known(None, None), (None, None));
}

#[test]
fn vectors_are_found_in_every_form() {
    let vectors = |body: Value| {
        embed::decode_response(body.to_string().as_bytes(), &HeaderMap::new(), &origin()).map(|answer| answer.vectors)
    };
    let two = vec![vec![1.0, 2.0], vec![3.0, 4.0]];
    assert_eq!(vectors(json!({"embedding": [1.0, 2.0], "inputTextTokenCount": 3})).unwrap(), two[..1]);
    assert_eq!(vectors(json!({"embeddings": [[1.0, 2.0], [3.0, 4.0]]})).unwrap(), two);
    assert_eq!(vectors(json!({"embeddings": {"float": [[1.0, 2.0], [3.0, 4.0]]}})).unwrap(), two);
    let nova = json!({"embeddings": [{"embedding": [1.0, 2.0], "embeddingType": "TEXT"}, {"embedding": [3.0, 4.0]}]});
    assert_eq!(vectors(nova).unwrap(), two);
    assert_eq!(vectors(json!({"embeddings": "secret"})).unwrap_err().kind(), ErrorKind::Malformed);
    assert_eq!(
        vectors(json!({"message": "no", "__type": "AccessDeniedException"})).unwrap_err().kind(),
        ErrorKind::Permission
    );
}

#[test]
fn a_publishers_own_fields_of_rerank() {
    let body = |form| {
        let mut request = RerankRequest::new("m", "q", ["a"]);
        request.max_tokens_per_document = Some(9);
        let encoded = rerank::encode_request(&request, &target(), form).unwrap();
        (serde_json::from_slice::<Value>(&encoded.body).unwrap(), encoded.warnings.len())
    };
    assert_eq!(
        body(rerank::Form::Cohere),
        (json!({"query": "q", "documents": ["a"], "api_version": 2, "max_tokens_per_doc": 9}), 0)
    );
    assert_eq!(body(rerank::Form::Amazon), (json!({"query": "q", "documents": ["a"]}), 1));
}
