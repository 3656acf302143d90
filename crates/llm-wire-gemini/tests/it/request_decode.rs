//! Requests as they come in to a server that speaks the protocol.

use llm_core::{Effort, ErrorKind, OutputFormat, PartKind, Reasoning, Role, Tool, ToolChoice};
use llm_wire_gemini::generate;
use serde_json::{Value, json};

use crate::support::{MODEL, decoded, encoded};

#[test]
fn both_spellings_are_read() {
    let camel = json!({
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [
            {"role": "user", "parts": [{"inlineData": {"mimeType": "image/png", "data": "YWJj"}}]},
            {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {"snake_key": 1}}, "thoughtSignature": "s"}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"result": "ok"}}}]},
        ],
        "tools": [{"functionDeclarations": [{"name": "f", "parametersJsonSchema": {"type": "object"}}]}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
        "generationConfig": {"maxOutputTokens": 5, "stopSequences": ["x"], "thinkingConfig": {"thinkingLevel": "low"}},
        "safetySettings": [{"category": "C"}],
    });
    let snake = json!({
        "system_instruction": {"parts": {"text": "Be brief."}},
        "contents": [
            {"role": "user", "parts": [{"inline_data": {"mime_type": "image/png", "data": "YWJj"}}]},
            {"role": "model", "parts": [{"function_call": {"name": "f", "args": {"snake_key": 1}}, "thought_signature": "s"}]},
            {"role": "user", "parts": [{"function_response": {"name": "f", "response": {"result": "ok"}}}]},
        ],
        "tools": [{"function_declarations": [{"name": "f", "parameters_json_schema": {"type": "object"}}]}],
        "tool_config": {"function_calling_config": {"mode": "any", "allowed_function_names": ["f"]}},
        "generation_config": {"max_output_tokens": 5, "stop_sequences": ["x"], "thinking_config": {"thinking_level": "LOW"}},
        "safety_settings": [{"category": "C"}],
    });
    let request = decoded(&camel);
    assert_eq!(decoded(&snake), request);
    assert_eq!(request.model, MODEL);
    let roles: Vec<_> = request.messages.iter().map(|message| message.role.clone()).collect();
    assert_eq!(roles, [Role::System, Role::User, Role::Assistant, Role::Tool]);
    assert_eq!(request.reasoning, Some(Reasoning::Effort(Effort::Low)));
    assert_eq!(request.tool_choice, ToolChoice::Named("f".to_owned()));
    let call = request.messages[2].tool_calls().next().unwrap();
    assert_eq!((call.id.as_str(), call.arguments.as_str()), ("call_0", r#"{"snake_key":1}"#));
    assert_eq!(request.messages[2].content[0].signature.as_deref(), Some("s"));
}

#[test]
fn what_has_no_place_survives_the_round_trip() {
    let body = json!({
        "contents": [{"role": "user", "parts": [{"text": "Hi", "videoMetadata": {"fps": 1}}], "note": true}],
        "tools": [{"functionDeclarations": [{"name": "f", "behavior": "NON_BLOCKING"}]}, {"urlContext": {}}],
        "toolConfig": {
            "functionCallingConfig": {"mode": "VALIDATED", "allowedFunctionNames": ["f"]},
            "includeServerSideToolInvocations": true,
        },
        "generationConfig": {
            "responseModalities": ["TEXT", "IMAGE"],
            "thinkingConfig": {"thinkingBudget": -1, "includeThoughts": true},
        },
        "cachedContent": "cachedContents/1",
        "serviceTier": "flex",
        "invented": {"tomorrow": [1]},
    });
    let request = decoded(&body);
    assert_eq!(request.reasoning, None);
    assert_eq!(request.service_tier.as_deref(), Some("flex"));
    assert_eq!(request.ext.value("gemini", "invented"), Some(&json!({"tomorrow": [1]})));
    let (again, warnings) = encoded(&request);
    assert_eq!(again, body);
    assert!(warnings.is_empty());
}

#[test]
fn thoughts_are_shown_only_if_asked_for() {
    for config in [
        json!({"thinkingLevel": "HIGH"}),
        json!({"thinkingLevel": "HIGH", "includeThoughts": false}),
        json!({"thinkingBudget": 100, "includeThoughts": true}),
        json!({"includeThoughts": true}),
        json!({"thinkingBudget": 0}),
    ] {
        let body = json!({"contents": [{"parts": [{"text": "Hi"}]}], "generationConfig": {"thinkingConfig": config}});
        let (again, _) = encoded(&decoded(&body));
        let shown = |config: &Value| config["includeThoughts"] == json!(true);
        let sent = &again["generationConfig"]["thinkingConfig"];
        assert_eq!(shown(sent), shown(&config), "{config} became {sent}");
        for field in ["thinkingLevel", "thinkingBudget"] {
            assert_eq!(sent.get(field), config.get(field));
        }
    }
}

#[test]
fn schemas_of_the_older_form_become_json_schema() {
    let openapi = json!({"type": "OBJECT", "properties": {"a": {"type": "STRING", "nullable": true}}});
    let schema = json!({"type": "object", "properties": {"a": {"type": ["string", "null"]}}});
    let request = decoded(&json!({
        "contents": [{"parts": [{"text": "Hi"}]}],
        "tools": [{"functionDeclarations": [{"name": "f", "parameters": openapi}]}],
        "generationConfig": {"responseMimeType": "application/json", "responseSchema": openapi},
    }));
    let Tool::Function(function) = &*request.tools[0] else { panic!("a function") };
    assert_eq!(function.schema, schema);
    let OutputFormat::JsonSchema(output) = &request.output else { panic!("a schema") };
    assert_eq!(output.schema, schema);
}

#[test]
fn results_without_ids_find_their_calls_by_name_and_order() {
    let call = |name: &str| json!({"functionCall": {"name": name}});
    let result = |name: &str| json!({"functionResponse": {"name": name, "response": {"a": 1}}});
    let request = decoded(&json!({"contents": [
        {"role": "user", "parts": [{"text": "Hi"}]},
        {"role": "model", "parts": [call("a"), call("b"), call("a")]},
        {"role": "user", "parts": [result("a"), result("a"), result("b"), {"text": "and?"}]},
        {"role": "model", "parts": [call("a")]},
        {"role": "user", "parts": [result("a"), result("unknown")]},
    ]}));
    let mut calls = Vec::new();
    for message in &request.messages {
        for part in &message.content {
            if let PartKind::ToolResult(result) = &part.kind {
                calls.push(result.call_id.as_str());
            }
        }
    }
    assert_eq!(calls, ["call_0", "call_2", "call_1", "call_3", "call_4"]);
    assert_eq!(request.messages[5].text(), "and?");
}

#[test]
fn the_stand_in_for_a_signature_is_none() {
    let part = json!({"functionCall": {"name": "f"}, "thoughtSignature": "skip_thought_signature_validator"});
    let request = decoded(&json!({"contents": [{"role": "model", "parts": [part]}]}));
    assert_eq!(request.messages[0].content[0].signature, None);
}

#[test]
fn what_is_wrong_is_named() {
    let contents = |parts: Value| json!({"contents": [{"role": "user", "parts": parts}]});
    let config = |config: Value| json!({"contents": [{"parts": [{"text": "x"}]}], "generationConfig": config});
    for (body, param) in [
        (json!({}), "contents"),
        (json!({"contents": []}), "contents"),
        (json!({"contents": "secret"}), "contents"),
        (json!({"contents": ["secret"]}), "contents[0]"),
        (json!({"contents": [{"role": "secret"}]}), "contents[0].role"),
        (contents(json!([{"text": "ok"}, {"text": {"secret": 1}}])), "contents[0].parts[1]"),
        (contents(json!([{"inlineData": {"mimeType": "x", "data": "§secret"}}])), "contents[0].parts[0].inlineData"),
        (contents(json!([{"fileData": {"secret": 1}}])), "contents[0].parts[0].fileData"),
        (contents(json!([{"functionCall": {"args": {}}}])), "contents[0].parts[0].functionCall.name"),
        (contents(json!([{"functionCall": {"name": ["secret"]}}])), "contents[0].parts[0].functionCall"),
        (
            contents(json!([{"functionResponse": {"name": "f", "response": "secret"}}])),
            "contents[0].parts[0].functionResponse.response",
        ),
        (config(json!({"temperature": "secret"})), "generationConfig.temperature"),
        (config(json!({"top_k": 1.5})), "generationConfig.topK"),
        (config(json!({"maxOutputTokens": -1})), "generationConfig.maxOutputTokens"),
        (config(json!({"thinkingConfig": {"thinkingLevel": 1}})), "generationConfig.thinkingConfig.thinkingLevel"),
        (
            json!({"contents": [{"parts": [{"text": "x"}]}], "tools": [{"functionDeclarations": [{"description": "secret"}]}]}),
            "tools[0].functionDeclarations[0].name",
        ),
        (
            json!({"contents": [{"parts": [{"text": "x"}]}], "tools": [{"googleSearch": "secret"}]}),
            "tools[0].googleSearch",
        ),
    ] {
        let error = generate::decode_request(body.to_string().as_bytes(), MODEL, false).unwrap_err();
        assert_eq!((error.kind(), error.param()), (ErrorKind::InvalidRequest, Some(param)), "{body}");
        assert!(error.message().contains(param) && !error.message().contains("secret"), "{error}");
    }
    for body in [&b""[..], b"[]", b"{\"contents\": [", b"\xff\xfe"] {
        assert_eq!(generate::decode_request(body, MODEL, true).unwrap_err().kind(), ErrorKind::InvalidRequest);
    }
}
