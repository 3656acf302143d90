//! Whole answers.

use llm_core::{ErrorKind, FinishReason, MediaData, PartKind, Visibility};
use llm_wire_gemini::generate;
use serde_json::{Value, json};

use crate::support::{answer, chunk, origin, streamed};

fn parts(parts: &Value) -> Value {
    json!({"candidates": [{"content": {"parts": parts, "role": "model"}, "finishReason": "STOP", "index": 0}]})
}

#[test]
fn every_kind_of_part_keeps_its_place() {
    let response = answer(&parts(&json!([
        {"text": "hm", "thought": true, "thoughtSignature": "s1"},
        {"executableCode": {"language": "PYTHON", "code": "1+1"}},
        {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "2"}, "thoughtSignature": "s2"},
        {"text": "two"},
        {"text": ""},
        {"inlineData": {"mimeType": "image/png", "data": "YWJj"}},
        {"fileData": {"fileUri": "https://x.test/a"}},
        {"functionCall": {"id": "fc-1", "name": "f", "args": {"b": 1, "a": 2.0}}, "thoughtSignature": "s3"},
        {"functionCall": {"name": "g"}},
        {"inventedTomorrow": {"x": 1}, "thought": true},
        {"text": "", "thoughtSignature": "s4"},
        {"inlineData": {"mimeType": "image/png", "data": "§"}},
        {},
    ])));
    let content = &response.message.content;
    let kinds: Vec<&str> = content
        .iter()
        .map(|part| match &part.kind {
            PartKind::Text { .. } => "text",
            PartKind::Reasoning { visibility: Visibility::Summary, .. } => "reasoning",
            PartKind::Media(media) if matches!(media.data, MediaData::Inline { .. }) => "bytes",
            PartKind::Media(_) => "address",
            PartKind::ToolCall(_) => "call",
            PartKind::Opaque { kind, .. } => kind.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "reasoning",
            "gemini.executableCode",
            "gemini.codeExecutionResult",
            "text",
            "bytes",
            "address",
            "call",
            "call",
            "gemini.inventedTomorrow",
            "text",
            "gemini.inlineData",
        ]
    );
    let signatures: Vec<_> = content.iter().filter_map(|part| part.signature.as_deref()).collect();
    assert_eq!(signatures, ["s1", "s2", "s3", "s4"]);
    let PartKind::Opaque { data, .. } = &content[8].kind else { panic!("opaque") };
    assert_eq!(*data, json!({"inventedTomorrow": {"x": 1}, "thought": true}));
    let calls: Vec<_> = response.message.tool_calls().map(|call| (call.id.as_str(), call.arguments.as_str())).collect();
    assert_eq!(calls, [("fc-1", r#"{"b":1,"a":2.0}"#), ("call_0", "{}")]);
    assert_eq!(response.finish.reason, FinishReason::ToolCalls);
    assert_eq!(response.text(), "two");
}

#[test]
fn usage_counts_tool_results_and_thoughts() {
    let response = answer(&json!({
        "candidates": [{"content": {"parts": [{"text": "a"}]}, "finishReason": "STOP"}],
        "usageMetadata": {
            "promptTokenCount": 100, "toolUsePromptTokenCount": 20, "cachedContentTokenCount": 50,
            "candidatesTokenCount": 7, "thoughtsTokenCount": 30, "totalTokenCount": 157,
            "promptTokensDetails": [
                {"modality": "TEXT", "tokenCount": 60}, {"modality": "AUDIO", "tokenCount": 10},
                {"modality": "IMAGE", "tokenCount": 30}, {"modality": "TOUCH", "tokenCount": 1},
            ],
            "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": 7}],
            "trafficType": "ON_DEMAND", "serviceTier": "flex",
        },
    }));
    let usage = &response.usage;
    assert_eq!(
        (usage.input, usage.output, usage.cache_read, usage.reasoning),
        (Some(120), Some(37), Some(50), Some(30))
    );
    assert_eq!((usage.input_audio, usage.input_image, usage.output_audio), (Some(10), Some(30), Some(7)));
    assert_eq!(usage.extra["trafficType"], "ON_DEMAND");
    assert_eq!(response.service_tier.as_deref(), Some("flex"));
    let none = answer(&json!({"candidates": [{"finishReason": "OTHER"}], "usageMetadata": {"trafficType": "X"}}));
    assert!(none.usage.is_unknown());
}

#[test]
fn a_blocked_prompt_is_an_empty_answer() {
    let response = answer(&json!({"promptFeedback": {"blockReason": "SAFETY", "safetyRatings": []}}));
    assert_eq!(response.finish.reason, FinishReason::ContentFilter);
    assert_eq!(response.finish.raw.as_deref(), Some("SAFETY"));
    assert!(response.message.content.is_empty());
    assert_eq!(response.ext.value("gemini", "promptFeedback").unwrap()["blockReason"], "SAFETY");
    let unsaid = answer(&json!({"candidates": [], "promptFeedback": {"blockReasonMessage": "m"}}));
    assert_eq!(unsaid.finish.raw, None);
    assert!(matches!(unsaid.finish.reason, FinishReason::Other(_)));
}

#[test]
fn ends_have_one_meaning() {
    for (word, reason) in [
        ("STOP", FinishReason::Stop),
        ("MAX_TOKENS", FinishReason::Length),
        ("SAFETY", FinishReason::ContentFilter),
        ("RECITATION", FinishReason::ContentFilter),
        ("MODEL_ARMOR", FinishReason::ContentFilter),
        ("MALFORMED_FUNCTION_CALL", FinishReason::Error),
        ("UNEXPECTED_TOOL_CALL", FinishReason::Error),
        ("INVENTED_TOMORROW", FinishReason::Other("INVENTED_TOMORROW".to_owned())),
    ] {
        let response = answer(&json!({"candidates": [{"content": {}, "finishReason": word}]}));
        assert_eq!((response.finish.reason, response.finish.raw.as_deref()), (reason, Some(word)));
    }
    let silent = answer(&json!({"candidates": [{"content": {"parts": [{"functionCall": {"name": "f"}}]}}]}));
    assert_eq!(silent.finish.reason, FinishReason::ToolCalls);
}

#[test]
fn sources_become_citations_and_stay_whole_in_ext() {
    let mut body = parts(&json!([{"text": "hm", "thought": true}, {"text": "Größe"}, {"text": "two"}]));
    let grounding = json!({
        "groundingChunks": [
            {"web": {"uri": "https://a.test", "title": "A"}},
            {"retrievedContext": {"title": "B", "text": "…"}},
        ],
        "groundingSupports": [
            {"segment": {"partIndex": 1, "endIndex": 7, "text": "Größe"}, "groundingChunkIndices": [0, 1, 9]},
            {"segment": {"partIndex": 2, "startIndex": 1, "endIndex": 2}, "groundingChunkIndices": [1]},
        ],
        "webSearchQueries": ["q"],
    });
    body["candidates"][0]["groundingMetadata"] = grounding.clone();
    body["candidates"][0]["citationMetadata"] = json!({"citationSources": [{"endIndex": 2, "uri": "https://c.test"}]});
    let response = answer(&body);
    let cited: Vec<Vec<_>> = response
        .message
        .content
        .iter()
        .map(|part| match &part.kind {
            PartKind::Text { citations, .. } => {
                citations.iter().map(|citation| (citation.source.as_str(), citation.span)).collect()
            }
            _ => Vec::new(),
        })
        .collect();
    let first = vec![("https://a.test", Some((0, 7))), ("B", Some((0, 7))), ("https://c.test", Some((0, 2)))];
    assert_eq!(cited, [vec![], first, vec![("B", Some((1, 2)))]]);
    assert_eq!(response.ext.value("gemini", "groundingMetadata"), Some(&grounding));
}

#[test]
fn several_answers_keep_their_facts_apart() {
    let candidate = |index: u32, text: &str| json!({"index": index, "content": {"parts": [{"text": text}]}, "finishReason": "STOP", "avgLogprobs": -0.5});
    let response = answer(&json!({"candidates": [candidate(1, "b"), candidate(0, "a")]}));
    assert_eq!((response.text(), response.more[0].message.text()), ("a".to_owned(), "b".to_owned()));
    assert_eq!(response.ext.value("gemini", "avgLogprobs"), Some(&json!(-0.5)));
    assert_eq!(response.ext.value("gemini", "moreCandidates"), Some(&json!([{"avgLogprobs": -0.5}])));
    let again = generate::decode_response(&generate::encode_response(&response), &origin()).unwrap();
    assert_eq!((again.message, again.more, again.ext), (response.message, response.more, response.ext));
}

#[test]
fn what_is_no_answer_is_malformed_and_not_repeated() {
    for body in
        ["", "{}", "null", "17", "[\"secret\"]", "{\"candidates\": [\"secret\"]}", "<html>secret</html>", "{\"cand"]
    {
        let error = generate::decode_response(body.as_bytes(), &origin()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed, "{body}");
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    }
}

#[test]
fn pages_and_chunks_that_support_nothing_in_particular_are_sources_of_the_text() {
    let facts = json!({
        "finishReason": "STOP",
        "groundingMetadata": {"groundingChunks": [{"web": {"uri": "https://a.test", "title": "A"}}, {"other": {}}]},
        "urlContextMetadata": {"urlMetadata": [
            {"retrievedUrl": "https://a.test", "urlRetrievalStatus": "URL_RETRIEVAL_STATUS_SUCCESS"},
            {"retrievedUrl": "https://b.test", "urlRetrievalStatus": "URL_RETRIEVAL_STATUS_SUCCESS"},
            {"retrievedUrl": "https://c.test", "urlRetrievalStatus": "URL_RETRIEVAL_STATUS_ERROR"},
        ]},
    });
    let first = chunk(&json!([{"text": "Hi"}]), &facts);
    let again = chunk(&json!([{"text": " there"}]), &facts);
    for response in [answer(&first), streamed(&[first.clone(), again])] {
        let PartKind::Text { citations, .. } = &response.message.content[0].kind else { panic!() };
        let sources: Vec<_> = citations.iter().map(|citation| citation.source.as_str()).collect();
        assert_eq!(sources, ["https://a.test", "https://b.test"]);
        assert!(response.ext.value("gemini", "urlContextMetadata").is_some());
        let written: Value = serde_json::from_slice(&generate::encode_response(&response)).unwrap();
        assert_eq!(written["candidates"][0]["groundingMetadata"], facts["groundingMetadata"]);
    }
}

#[test]
fn kinds_of_media_and_the_tier_are_told_whole_and_in_chunks() {
    let details = json!([{"modality": "TEXT", "tokenCount": 3}, {"modality": "VIDEO", "tokenCount": 7}]);
    let mut body = chunk(&json!([{"text": "Hi"}]), &json!({"finishReason": "STOP"}));
    body["usageMetadata"] = json!({
        "promptTokenCount": 10, "candidatesTokenCount": 1, "promptTokensDetails": details,
        "trafficType": "ON_DEMAND_PRIORITY",
    });
    for response in [answer(&body), streamed(std::slice::from_ref(&body))] {
        assert_eq!(response.usage.extra["promptTokensDetails"], details);
        assert_eq!(response.service_tier.as_deref(), Some("priority"));
        let written: Value = serde_json::from_slice(&generate::encode_response(&response)).unwrap();
        assert_eq!(written["usageMetadata"]["promptTokensDetails"], details);
        assert_eq!(written["usageMetadata"]["trafficType"], "ON_DEMAND_PRIORITY");
    }
}
