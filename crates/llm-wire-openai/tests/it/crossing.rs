//! What is said in one of OpenAI's chat protocols and sent in the other.

use llm_core::{ChatRequest, ErrorKind, OnUnsupported, Origin, Warning};
use llm_wire_openai::dialect::{ChatApi, Dialect};
use llm_wire_openai::{FAMILY, chat, responses};
use serde_json::{Value, json};

fn fields(warnings: &[Warning]) -> Vec<&str> {
    let mut fields: Vec<&str> = warnings
        .iter()
        .map(|warning| match warning {
            Warning::Unsupported { field, .. } | Warning::Adapted { field, .. } => field.as_str(),
            other => panic!("{other}"),
        })
        .collect();
    fields.sort_unstable();
    fields
}

fn of_chat(more: &Value) -> ChatRequest {
    let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    chat::decode_request(body.to_string().as_bytes()).unwrap().request
}

fn of_responses(more: &Value) -> ChatRequest {
    let mut body = json!({"model": "m", "input": "hi"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    responses::decode_request(body.to_string().as_bytes()).unwrap().request
}

fn sent(request: &ChatRequest, api: &'static str, dialect: &Dialect) -> (Value, Vec<Warning>) {
    let to = Origin::new(api, "openai", "m");
    let encoded = match api {
        FAMILY => chat::encode_request(request, &to, false, dialect).unwrap(),
        _ => responses::encode_request(request, &to, false, dialect).unwrap(),
    };
    (serde_json::from_slice(&encoded.body).unwrap(), encoded.warnings)
}

#[test]
fn a_chat_in_the_responses_api_keeps_what_both_have_and_says_what_it_lost() {
    let request = of_chat(&json!({
        "verbosity": "low", "prompt_cache_key": "k", "prompt_cache_retention": "24h", "store": false,
        "safety_identifier": "u", "user": "older", "metadata": {"a": "b"}, "service_tier": "flex",
        "response_format": {"type": "json_object"},
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}],
        "tool_choice": {"type": "allowed_tools", "allowed_tools": {
            "mode": "auto", "tools": [{"type": "function", "function": {"name": "f"}}]}},
        "logit_bias": {"5": 1}, "modalities": ["text"], "prediction": {}, "web_search_options": {}, "max_tokns": 1,
    }));
    let (body, warnings) = sent(&request, responses::FAMILY, &Dialect::OPENAI);
    assert_eq!(body["text"], json!({"verbosity": "low", "format": {"type": "json_object"}}));
    for (name, value) in [
        ("prompt_cache_key", json!("k")),
        ("prompt_cache_retention", json!("24h")),
        ("store", json!(false)),
        ("safety_identifier", json!("u")),
        ("user", json!("older")),
        ("metadata", json!({"a": "b"})),
        ("service_tier", json!("flex")),
        ("tool_choice", json!({"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}]})),
    ] {
        assert_eq!(body[name], value, "{name}");
    }
    let lost = ["logit_bias", "max_tokns", "modalities", "prediction", "web_search_options"];
    assert_eq!(fields(&warnings), lost);
    assert!(lost.iter().all(|name| body.get(*name).is_none()), "{body}");

    let mut strict = request;
    strict.on_unsupported = OnUnsupported::Error;
    let to = Origin::new(responses::FAMILY, "openai", "m");
    let error = responses::encode_request(&strict, &to, false, &Dialect::OPENAI).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.param().is_some_and(|field| lost.contains(&field)), "{error}");
}

#[test]
fn settings_for_a_provider_are_for_either_of_its_protocols() {
    let mut request = ChatRequest::new("m").with_user("hi");
    for (name, value) in [
        ("verbosity", json!("high")),
        ("reasoning_effort", json!("low")),
        ("max_completion_tokens", json!(9)),
        ("prediction", json!({})),
        ("web_search_options", json!({})),
        ("x_new", json!(1)),
        ("include", json!(["a"])),
    ] {
        request.ext.set("openai", name, value);
    }
    request.ext.set("openai-responses", "text", json!({"format": {"type": "text"}}));
    request.ext.set("openai-chat", "logit_bias", json!({}));
    let (body, warnings) = sent(&request, responses::FAMILY, &Dialect::OPENAI);
    assert_eq!(body["text"], json!({"format": {"type": "text"}, "verbosity": "high"}));
    assert_eq!((&body["reasoning"]["effort"], &body["max_output_tokens"]), (&json!("low"), &json!(9)));
    assert_eq!((&body["x_new"], &body["include"]), (&json!(1), &json!(["a"])), "what is not the other's is as it was");
    assert_eq!(
        fields(&warnings),
        ["ext.openai-chat.logit_bias", "ext.openai.prediction", "ext.openai.web_search_options"]
    );
    // Where only this protocol is spoken, the settings are its own, and those for chats are for somebody else.
    let only = Dialect { chat_api: ChatApi::Responses, ..Dialect::OPENAI };
    let (body, warnings) = sent(&request, responses::FAMILY, &only);
    assert_eq!((&body["verbosity"], fields(&warnings).len()), (&json!("high"), 0));
    let (body, warnings) = sent(&request, FAMILY, &Dialect::OPENAI);
    assert_eq!((&body["verbosity"], &body["logit_bias"], warnings.len()), (&json!("high"), &json!({}), 0));
}

#[test]
fn a_response_as_a_chat_keeps_what_both_have_and_says_what_it_lost() {
    let request = of_responses(&json!({
        "text": {"verbosity": "low", "format": {"type": "json_object"}}, "prompt_cache_key": "k", "store": true,
        "safety_identifier": "u", "user": "older", "instructions": "",
        "reasoning": {"effort": "low", "summary": "auto"}, "background": false, "truncation": "disabled",
        "include": ["reasoning.encrypted_content"], "max_tool_calls": 3, "max_output_tokns": 5,
        "stream_options": {"include_obfuscation": false},
        "tools": [{"type": "function", "name": "f", "parameters": {}}],
        "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}]},
    }));
    let (body, warnings) = sent(&request, FAMILY, &Dialect::OPENAI);
    for (name, value) in [
        ("verbosity", json!("low")),
        ("prompt_cache_key", json!("k")),
        ("store", json!(true)),
        ("user", json!("older")),
        ("reasoning_effort", json!("low")),
        (
            "tool_choice",
            json!({"type": "allowed_tools", "allowed_tools": {
                "mode": "auto", "tools": [{"type": "function", "function": {"name": "f"}}]}}),
        ),
    ] {
        assert_eq!(body[name], value, "{name}");
    }
    assert_eq!(fields(&warnings), ["include", "max_output_tokns", "max_tool_calls", "reasoning.summary"]);
    assert!(
        ["text", "include", "truncation", "background", "stream_options"].iter().all(|name| body.get(*name).is_none()),
        "{body}"
    );

    // Other vendors may refuse what they do not know.
    let (body, warnings) = sent(&request, FAMILY, &Dialect::COMPATIBLE);
    assert!(["verbosity", "prompt_cache_key", "store"].iter().all(|name| body.get(*name).is_none()), "{body}");
    let lost = fields(&warnings);
    assert!(["text.verbosity", "prompt_cache_key", "store"].iter().all(|name| lost.contains(name)), "{lost:?}");
    assert!(fields(&sent(&of_responses(&json!({"store": false})), FAMILY, &Dialect::COMPATIBLE).1).is_empty());
}

#[test]
fn usage_of_a_stream_is_not_asked_for_in_the_responses_api() {
    let request =
        of_chat(&json!({"stream": true, "stream_options": {"include_usage": true, "include_obfuscation": false}}));
    let (body, warnings) = sent(&request, responses::FAMILY, &Dialect::OPENAI);
    assert_eq!((&body["stream_options"], warnings.len()), (&json!({"include_obfuscation": false}), 0));
}

#[test]
fn options_of_a_stream_stay_out_of_a_request_without_one() {
    let request = of_chat(&json!({"stream": true, "stream_options": {"include_obfuscation": false}, "store": true}));
    let (body, warnings) = sent(&request, FAMILY, &Dialect::OPENAI);
    assert_eq!((body.get("stream_options"), &body["store"], warnings.len()), (None, &json!(true), 0));
}
