//! What a client of this protocol wrote goes out again as it wrote it.

use llm_core::Support;
use llm_wire_gemini::Profile;
use serde_json::{Value, json};

use crate::support::{answer, chunk, decoded, encoded, encoded_for, fields, streamed};

fn same(body: &Value, profile: Profile) {
    let (again, warnings) = encoded_for(&decoded(body), profile);
    assert_eq!(again, *body);
    assert_eq!(fields(&warnings), [""; 0]);
}

#[test]
fn ids_thoughts_and_unknown_fields_of_payloads_stay() {
    let call = |name: &str, id: &str| json!({"functionCall": {"id": id, "name": name, "args": {}, "new": 1}, "thought": true, "thoughtSignature": "s"});
    let result = |name: &str, id: &str| json!({"functionResponse": {"id": id, "name": name, "response": {"a": 1}}});
    same(
        &json!({"contents": [
            {"role": "user", "parts": [{"inlineData": {"mimeType": "image/png", "data": "aGk=", "new": true}}]},
            {"role": "model", "parts": [call("f", "call_1"), call("g", "xyz")]},
            {"role": "user", "parts": [result("g", "xyz"), result("f", "call_1")]},
        ]}),
        Profile::default(),
    );
}

#[test]
fn unknown_fields_of_instructions_and_results_stay() {
    same(
        &json!({
            "systemInstruction": {"parts": [{"text": "Be brief.", "new": 1}, {"newKind": {"a": 1}}], "new": {"b": 2}},
            "contents": [
                {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {}}, "thoughtSignature": "s"}]},
                {"role": "user", "parts": [
                    {"functionResponse": {"name": "f", "response": {"a": 1}, "scheduling": "SILENT"}, "new": 3},
                ]},
            ],
            "generationConfig": {"seed": 7, "thinkingConfig": {"thinkingBudget": 100, "includeThoughts": true}},
        }),
        Profile::default(),
    );
}

#[test]
fn words_beside_results_stay_in_their_content() {
    let call = json!({"functionCall": {"name": "f", "args": {}}, "thoughtSignature": "s"});
    let result = json!({"functionResponse": {"name": "f", "response": {"a": 1}, "parts": [
        {"inlineData": {"mimeType": "image/png", "data": "aGk=", "displayName": "chart"}},
    ]}});
    same(
        &json!({"contents": [
            {"role": "user", "parts": [{"text": "Look."}]},
            {"role": "model", "parts": [call]},
            {"role": "user", "parts": [{"text": "Here:"}, result, {"text": "And now?"}]},
            {"role": "user", "parts": [{"text": "Go on."}]},
        ]}),
        Profile::default(),
    );
}

#[test]
fn schemas_in_the_older_form_stay_in_it() {
    let schema =
        json!({"type": "OBJECT", "properties": {"a": {"type": "STRING", "nullable": true, "min_length": "1"}}});
    let body = json!({
        "contents": [{"role": "user", "parts": [{"text": "Hi"}]}],
        "tools": [{"functionDeclarations": [{"name": "f", "parameters": schema}]}],
        "generationConfig": {"responseMimeType": "application/json", "responseSchema": schema},
    });
    same(&body, Profile::default());
    let other = json!({"type": "object", "properties": {"a": {"type": ["string", "null"], "minLength": 1}}});
    let llm_core::OutputFormat::JsonSchema(read) = decoded(&body).output else { panic!() };
    assert_eq!(read.schema, other, "other vendors are sent json schema");
    let chosen = json!({
        "contents": [{"role": "user", "parts": [{"text": "Hi"}]}],
        "generationConfig": {"responseMimeType": "text/x.enum", "responseSchema": {"type": "STRING", "enum": ["a"]}},
    });
    same(&chosen, Profile::default());
}

#[test]
fn models_without_json_schema_are_sent_the_older_form() {
    let body = json!({
        "contents": [{"role": "user", "parts": [{"text": "Hi"}]}],
        "tools": [{"functionDeclarations": [{"name": "f", "parametersJsonSchema": {"type": "object", "not": {}}}]}],
        "generationConfig": {"responseMimeType": "application/json", "responseJsonSchema": {"type": ["integer", "null"]}},
    });
    let (sent, warnings) = encoded_for(&decoded(&body), Profile::default().with_json_schema(Support::No));
    assert_eq!(sent["tools"][0]["functionDeclarations"][0], json!({"name": "f", "parameters": {"type": "OBJECT"}}));
    assert_eq!(sent["generationConfig"]["responseSchema"], json!({"type": "INTEGER", "nullable": true}));
    assert_eq!(fields(&warnings), ["tools[0].schema"]);
    same(&body, Profile::default());
}

#[test]
fn labels_and_names_of_files_are_vertex_ais() {
    let body = json!({
        "contents": [{"role": "user", "parts": [
            {"fileData": {"mimeType": "application/pdf", "fileUri": "gs://a/b.pdf", "displayName": "b.pdf"}},
        ]}],
        "labels": {"team": "a"},
        "generationConfig": {"thinkingConfig": {"thinkingLevel": "HIGH", "thinkingBudget": -1, "includeThoughts": true}},
    });
    same(&body, Profile::default().for_vertex());
    let (sent, warnings) = encoded(&decoded(&body));
    assert!(sent["labels"].is_null() && sent["contents"][0]["parts"][0]["fileData"]["displayName"].is_null());
    assert_eq!(fields(&warnings), ["messages[0].content[0].filename", "metadata"]);
}

#[test]
fn what_an_answer_says_of_its_calls_is_kept_in_whole_and_in_pieces() {
    let call = json!({"functionCall": {"id": "call_7", "name": "f", "args": {"a": 1}, "new": 1}, "thought": true});
    let whole = chunk(&json!([call]), &json!({"finishReason": "STOP"}));
    let expected = json!({"functionCall": {"id": "call_7", "new": 1}, "thought": true});
    for response in [answer(&whole), streamed(&[whole])] {
        let part = &response.message.content[0];
        assert_eq!(json!(part.ext.of("gemini")), expected);
    }
    let pieces = [
        chunk(&json!([{"functionCall": {"id": "call_7", "name": "f", "new": 1, "willContinue": true}}]), &json!({})),
        chunk(
            &json!([{"functionCall": {"partialArgs": [{"jsonPath": "$.a", "numberValue": 1}]}}]),
            &json!({"finishReason": "STOP"}),
        ),
    ];
    let response = streamed(&pieces);
    let part = &response.message.content[0];
    assert_eq!(json!(part.ext.of("gemini")), json!({"functionCall": {"id": "call_7", "new": 1}}));
    assert_eq!(response.message.tool_calls().next().unwrap().arguments, r#"{"a":1}"#);
}

#[test]
fn a_tool_whose_settings_are_a_list_stays() {
    let tools = json!([{"mcpServers": [{"name": "s", "streamableHttpTransport": {"url": "https://example.com"}}]}]);
    same(&json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}], "tools": tools}), Profile::default());
}
