//! What a client sends and a vendor takes arrives: requests read, and written again for the same protocol.

use llm_core::{ErrorKind, Origin, OutputFormat, PartKind};
use llm_wire_openai::dialect::{ReasoningReplay, ReasoningRequest, StreamUsage};
use llm_wire_openai::{Dialect, FAMILY, chat, completions};
use serde_json::{Value, json};

/// A server that nothing more is known of, but for usage, which no client here asks for.
const SERVER: Dialect = Dialect { stream_usage: StreamUsage::Unasked, ..Dialect::COMPATIBLE };

fn to() -> Origin {
    Origin::new(FAMILY, "vendor", "m")
}

fn again(body: &Value, dialect: &Dialect) -> Value {
    let request = chat::decode_request(body.to_string().as_bytes()).unwrap().request;
    serde_json::from_slice(&chat::encode_request(&request, &to(), false, dialect).unwrap().body).unwrap()
}

fn conversation(message: &Value) -> Value {
    json!({"model": "m", "messages": [{"role": "user", "content": "hi"}, message]})
}

#[test]
fn reasoning_goes_back_in_the_field_it_came_in() {
    for (said, back) in [
        (json!({"reasoning_content": "hm"}), json!({"reasoning_content": "hm"})),
        (json!({"reasoning": "hm"}), json!({"reasoning": "hm"})),
        // Some clients send both.
        (json!({"reasoning": "hm", "reasoning_content": "hm"}), json!({"reasoning": "hm", "reasoning_content": "hm"})),
    ] {
        let with = |fields: &Value| {
            let mut message = json!({"role": "assistant", "content": "a"});
            message.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            conversation(&message)
        };
        assert_eq!(again(&with(&said), &SERVER), with(&back));
        // Who documents one field is asked in that one.
        let one = Dialect { reasoning_replay: ReasoningReplay::Field("thoughts"), ..SERVER };
        assert_eq!(again(&with(&said), &one), with(&json!({"thoughts": "hm"})));
    }
}

#[test]
fn a_blank_stands_for_reasoning_only_where_the_model_may_reason() {
    let calls = json!([{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}]);
    let body = conversation(&json!({"role": "assistant", "content": null, "tool_calls": calls}));
    let dialect = Dialect {
        reasoning: ReasoningRequest::Toggle,
        reasoning_replay: ReasoningReplay::Required("reasoning_content"),
        ..SERVER
    };
    let blank = |body: &Value, dialect| again(body, dialect)["messages"][1].get("reasoning_content").cloned();
    assert_eq!(blank(&body, &dialect), Some(" ".into()));
    for (field, value) in [("reasoning_effort", json!("none")), ("thinking", json!({"type": "disabled"}))] {
        let mut off = body.clone();
        off[field] = value;
        assert_eq!(blank(&off, &dialect), None, "{field}");
    }
    assert_eq!(blank(&body, &Dialect { reasons: false, ..dialect }), None);
}

#[test]
fn calls_without_ids_are_told_apart() {
    let call = |name: &str| json!({"type": "function", "function": {"name": name, "arguments": "{}"}});
    let mut body = conversation(&json!({"role": "assistant", "content": "", "tool_calls": [call("f"), call("g")]}));
    let messages = body["messages"].as_array_mut().unwrap();
    messages.extend([json!({"role": "tool", "content": "1"}), json!({"role": "tool", "content": "2"})]);
    let request = chat::decode_request(body.to_string().as_bytes()).unwrap().request;
    let mut ids = Vec::new();
    for part in request.messages.iter().flat_map(|message| &message.content) {
        match &part.kind {
            PartKind::ToolCall(call) => ids.push(call.id.as_str()),
            PartKind::ToolResult(result) => ids.push(result.call_id.as_str()),
            _ => {}
        }
    }
    assert_eq!(ids, ["call_0", "call_1", "call_0", "call_1"]);
}

#[test]
fn models_without_sampling_take_what_holds_anyway() {
    let body = |temperature: f64, top_p: f64| json!({"model": "m", "messages": [{"role": "user", "content": "hi"}], "temperature": temperature, "top_p": top_p});
    let openai = Dialect { drop_sampling: true, ..Dialect::OPENAI };
    assert_eq!(again(&body(1.0, 1.0), &openai), body(1.0, 1.0));
    let sent = again(&body(0.5, 1.0), &openai);
    assert_eq!((sent.get("temperature"), sent.get("top_p")), (None, Some(&json!(1.0))));
    // Others refuse even that, and lose nothing without it.
    let elsewhere = Dialect { drop_sampling: true, ..SERVER };
    let request = chat::decode_request(body(1.0, 1.0).to_string().as_bytes()).unwrap().request;
    let encoded = chat::encode_request(&request, &to(), false, &elsewhere).unwrap();
    let sent: Value = serde_json::from_slice(&encoded.body).unwrap();
    assert_eq!((sent.get("temperature"), encoded.warnings.len()), (None, 0));
}

#[test]
fn an_effort_switches_reasoning_on() {
    let body = |more: Value| {
        let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let dialect = Dialect { reasoning: ReasoningRequest::Toggle, effort_allowed: &["low", "high"], ..SERVER };
    let low = body(json!({"reasoning_effort": "low"}));
    assert_eq!(again(&low, &dialect), low);
    let none = body(json!({"reasoning_effort": "none"}));
    assert_eq!(again(&none, &dialect), body(json!({"thinking": {"type": "disabled"}})));
}

#[test]
fn several_prompts_go_to_who_takes_them_and_to_nobody_else() {
    for prompt in [json!(["one", "two"]), json!([[1, 2], [3]]), json!([1, 2, 3])] {
        let body = json!({"model": "m", "prompt": prompt, "max_tokens": 5});
        let request = completions::decode_request(body.to_string().as_bytes()).unwrap().request;
        let encoded = completions::encode_request(&request, &to(), false, &SERVER).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&encoded.body).unwrap(), body);
        assert_eq!(encoded.warnings, []);
        let refused = chat::encode_request(&request, &to(), false, &SERVER).unwrap_err();
        assert_eq!((refused.kind(), refused.param()), (ErrorKind::Unsupported, Some("prompt")));
    }
    for prompt in [json!([]), json!([1, "a"]), json!([[]]), json!({}), json!([-1])] {
        let refused = completions::decode_request(json!({"prompt": prompt}).to_string().as_bytes()).unwrap_err();
        assert_eq!((refused.kind(), refused.param()), (ErrorKind::InvalidRequest, Some("prompt")), "{prompt}");
    }
}

#[test]
fn what_only_some_servers_understand_arrives_as_it_came() {
    let image = json!({"type": "image_url", "image_url": {"url": "https://example.com/a.png"}});
    let schema = json!({"type": "object"});
    for (field, value) in [
        ("max_tokens", json!(-1)),
        ("top_k", json!(-1)),
        ("logprobs", json!(1)),
        ("metadata", json!({"a": 1, "b": "text"})),
        ("response_format", json!({"type": "json_object", "schema": schema})),
        ("response_format", json!({"type": "json_object", "value": schema})),
        ("response_format", json!({"type": "json_schema", "schema": schema})),
        ("response_format", json!({"type": "json_schema", "json_schema": {"schema": schema}})),
        ("response_format", json!({"type": "json_schema", "json_schema": {"name": "n"}})),
        ("messages", json!([{"role": "user", "content": [{"type": "file", "file_id": "f"}, image]}])),
    ] {
        let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
        body[field] = value;
        assert_eq!(again(&body, &SERVER), body);
    }
}

#[test]
fn a_schema_is_understood_in_every_form_it_is_sent_in() {
    let schema = json!({"type": "object"});
    for format in [
        json!({"type": "json_object", "schema": schema}),
        json!({"type": "json_schema", "schema": schema}),
        json!({"type": "json_schema", "json_schema": {"schema": schema}}),
    ] {
        let body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}], "response_format": format});
        let request = chat::decode_request(body.to_string().as_bytes()).unwrap().request;
        let OutputFormat::JsonSchema(read) = &request.output else { panic!("{format}") };
        assert_eq!(read.schema, schema);
    }
}

#[test]
fn whole_counts_may_be_written_as_floats_and_results_may_be_nothing() {
    let call = json!([{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}]);
    let body = json!({"model": "m", "max_tokens": 512.0, "messages": [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": null, "tool_calls": call},
        {"role": "tool", "tool_call_id": "a", "content": null},
    ]});
    let again = again(&body, &SERVER);
    assert_eq!((&again["max_tokens"], &again["messages"][2]["content"]), (&json!(512), &json!("")));
}

#[test]
fn a_file_at_an_address_keeps_it() {
    let part = json!({"type": "file", "file": {"filename": "a.pdf", "file_data": "https://example.com/a.pdf"}});
    let body = json!({"model": "m", "messages": [{"role": "user", "content": [part]}]});
    assert_eq!(again(&body, &Dialect { media: &["file_url", "file"], ..SERVER }), body);
    let read = chat::decode_request(body.to_string().as_bytes()).unwrap().request;
    let PartKind::Media(media) = &read.messages[0].content[0].kind else { panic!("no medium") };
    assert_eq!((media.as_url(), media.filename.as_deref()), (Some("https://example.com/a.pdf"), Some("a.pdf")));
}

#[test]
fn a_tool_of_the_vendor_that_looks_like_a_function_keeps_its_name() {
    let tool = json!({"type": "builtin_function", "function": {"name": "$web_search", "new": 1}});
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}], "tools": [tool]});
    assert_eq!(again(&body, &Dialect { custom_tools: true, ..SERVER }), body);
}
