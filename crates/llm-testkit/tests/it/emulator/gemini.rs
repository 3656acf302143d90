//! The Gemini protocol: content, thoughts, embeddings, models, errors.

use llm_testkit::emulator::Emulator;
use serde_json::{Value, json};

use super::client::{Answer, joined, post, send};

const KEY: [(&str, &str); 1] = [("x-goog-api-key", "AIza-test")];

async fn call(target: &str, body: Value) -> Answer {
    let emulator = Emulator::start().await.unwrap();
    post(&emulator, &format!("/v1beta/models/{target}"), &KEY, &body).await
}

fn request(more: Value) -> Value {
    let mut request = json!({"contents": [{"role": "user", "parts": [{"text": "hi there"}]}]});
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    request
}

fn weather() -> Value {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    json!([{"functionDeclarations": [{"name": "weather", "description": "…", "parametersJsonSchema": schema}]}])
}

#[tokio::test]
async fn answers_whole() {
    let answer =
        call("echo:generateContent", request(json!({"systemInstruction": {"parts": [{"text": "be brief"}]}}))).await;
    assert_eq!(answer.header("content-type"), Some("application/json; charset=UTF-8"));
    let body = answer.json();
    assert_eq!(body["candidates"][0]["content"], json!({"parts": [{"text": "echo: hi there"}], "role": "model"}));
    assert_eq!((&body["candidates"][0]["finishReason"], &body["modelVersion"]), (&json!("STOP"), &json!("echo")));
    let usage = &body["usageMetadata"];
    assert_eq!(
        (&usage["promptTokenCount"], &usage["candidatesTokenCount"], &usage["totalTokenCount"]),
        (&json!(7), &json!(3), &json!(10))
    );
}

#[tokio::test]
async fn streams_in_crlf_with_cumulative_usage() {
    let answer = call("echo:streamGenerateContent?alt=sse", request(json!({}))).await;
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    assert!(answer.body.ends_with("\r\n\r\n") && !answer.body.replace("\r\n", "").contains('\n'));
    let events = answer.events();
    assert_eq!(joined(&events, "/candidates/0/content/parts/0/text"), "echo: hi there");
    let counts: Vec<_> = events.iter().map(|event| event["usageMetadata"]["candidatesTokenCount"].clone()).collect();
    assert_eq!(counts, [1, 2, 3, 3]);
    assert_eq!(joined(&events, "/candidates/0/finishReason"), "STOP");
}

#[tokio::test]
async fn streams_a_json_array_without_alt_sse() {
    let answer = call("echo:streamGenerateContent", request(json!({}))).await;
    let chunks = answer.json();
    assert_eq!(joined(chunks.as_array().unwrap(), "/candidates/0/content/parts/0/text"), "echo: hi there");
}

#[tokio::test]
async fn shows_thoughts_where_asked_and_counts_them_beside_the_answer() {
    let config = json!({"thinkingConfig": {"includeThoughts": true, "thinkingBudget": 100}});
    let body = call("echo:generateContent", request(json!({"generationConfig": config}))).await.json();
    let parts = body["candidates"][0]["content"]["parts"].as_array().unwrap();
    assert_eq!((&parts[0]["thought"], &parts[0]["text"]), (&json!(true), &json!("thinking about: hi there")));
    assert!(parts[1]["thoughtSignature"].is_string());
    let usage = &body["usageMetadata"];
    assert_eq!(
        (&usage["thoughtsTokenCount"], &usage["candidatesTokenCount"], &usage["totalTokenCount"]),
        (&json!(4), &json!(3), &json!(12))
    );

    let events = call("reason:streamGenerateContent?alt=sse", request(json!({}))).await.events();
    let (thoughts, words): (Vec<Value>, Vec<Value>) =
        events.into_iter().partition(|event| event.pointer("/candidates/0/content/parts/0/thought").is_some());
    assert_eq!(joined(&thoughts, "/candidates/0/content/parts/0/text"), "thinking about: hi there");
    assert_eq!(joined(&words, "/candidates/0/content/parts/0/text"), "echo: hi there");
    assert!(words.last().unwrap().pointer("/candidates/0/content/parts/0/thoughtSignature").is_some());
}

#[tokio::test]
async fn calls_tools_and_knows_its_signature_again() {
    let body = call("tools-x2+reason:generateContent", request(json!({"tools": weather()}))).await.json();
    assert_eq!(body["candidates"][0]["finishReason"], "STOP");
    let parts = body["candidates"][0]["content"]["parts"].as_array().unwrap();
    assert_eq!(parts[1]["functionCall"], json!({"name": "weather", "args": {"city": "text"}}));
    assert!(parts[1]["thoughtSignature"].is_string() && parts[2].get("thoughtSignature").is_none());

    let result = json!({"functionResponse": {"name": "weather", "response": {"result": "sunny"}}});
    let history = |parts: &[Value], results: &[Value]| {
        request(json!({"tools": weather(), "contents": [
            {"role": "user", "parts": [{"text": "weather?"}]},
            {"role": "model", "parts": parts},
            {"role": "user", "parts": results},
        ]}))
    };
    let both = [result.clone(), result];
    let good = call("tools-x2+reason:generateContent", history(parts, &both)).await.json();
    assert_eq!(
        joined(good["candidates"][0]["content"]["parts"].as_array().unwrap(), "/text"),
        "thinking about: sunnysunnyecho: sunnysunny"
    );
    // Another model's signature, and one result too few.
    for (target, results) in [("tools:generateContent", &both[..]), ("tools-x2+reason:generateContent", &both[..1])] {
        let bad = call(target, history(parts, results)).await;
        assert_eq!((bad.status, &bad.json()["error"]["status"]), (400, &json!("INVALID_ARGUMENT")), "{target}");
    }
}

#[tokio::test]
async fn names_may_be_snake_case() {
    let schema = json!({"type": "object", "properties": {"my_city": {"type": "string"}}, "required": ["my_city"]});
    let tools = json!([{"function_declarations": [{"name": "weather", "parameters_json_schema": schema}]}]);
    let body = call("tools:generateContent", request(json!({"tools": tools}))).await.json();
    assert_eq!(body["candidates"][0]["content"]["parts"][0]["functionCall"]["args"], json!({"my_city": "text"}));
}

#[tokio::test]
async fn errors_have_googles_form() {
    for (model, status, word) in [
        ("limit-429-ra20", 429, "RESOURCE_EXHAUSTED"),
        ("quota", 429, "RESOURCE_EXHAUSTED"),
        ("overloaded", 503, "UNAVAILABLE"),
        ("auth", 400, "INVALID_ARGUMENT"),
        ("permission", 403, "PERMISSION_DENIED"),
        ("context-length", 400, "INVALID_ARGUMENT"),
        ("fail-500", 500, "INTERNAL"),
        ("unknown-model", 404, "NOT_FOUND"),
    ] {
        let answer = call(&format!("{model}:generateContent"), request(json!({}))).await;
        let error = &answer.json()["error"];
        assert_eq!(
            (answer.status, &error["code"], &error["status"]),
            (status, &json!(status), &json!(word)),
            "{model}"
        );
        let details = error["details"].to_string();
        assert_eq!(details.contains(r#""retryDelay":"20s""#), model == "limit-429-ra20", "{details}");
        assert_eq!(details.contains("PerDay"), model == "quota");
        assert_eq!(details.contains("API_KEY_INVALID"), model == "auth");
        assert_eq!(answer.header("retry-after"), None);
    }
    let blocked = call("content-filter:generateContent", request(json!({}))).await;
    assert_eq!((blocked.status, blocked.json().get("candidates")), (200, None));
    assert_eq!(blocked.json()["promptFeedback"]["blockReason"], "PROHIBITED_CONTENT");
}

#[tokio::test]
async fn names_the_field_that_is_wrong() {
    for (body, field) in [
        (json!({}), "contents"),
        (json!({"contents": [{"role": "assistant", "parts": [{"text": "x"}]}]}), "contents[0].role"),
        (json!({"contents": [{"parts": []}]}), "contents[0].parts"),
        (json!({"contents": [{"parts": [{"thought": true}]}]}), "contents[0].parts[0].data"),
        (request(json!({"generationConfig": {"topP": 2}})), "generationConfig.topP"),
    ] {
        let answer = call("echo:generateContent", body.clone()).await;
        let error = answer.json();
        assert_eq!(answer.status, 400, "{body}");
        assert_eq!(error.pointer("/error/details/0/fieldViolations/0/field"), Some(&json!(field)), "{error}");
    }
    let emulator = Emulator::start().await.unwrap();
    let path = "/v1beta/models/echo:generateContent";
    assert_eq!(post(&emulator, path, &[], &request(json!({}))).await.status, 403);
    assert_eq!(post(&emulator, &format!("{path}?key=k"), &[], &request(json!({}))).await.status, 200);
}

#[tokio::test]
async fn embeds_one_and_many() {
    let one = call("embed:embedContent", json!({"content": {"parts": [{"text": "a"}]}, "outputDimensionality": 3}))
        .await
        .json();
    assert_eq!(one["embedding"]["values"].as_array().unwrap().len(), 3);
    let each =
        |text| json!({"model": "models/embed", "content": {"parts": [{"text": text}]}, "outputDimensionality": 3});
    let many = call("embed:batchEmbedContents", json!({"requests": [each("a"), each("b")]})).await.json();
    assert_eq!(many["embeddings"][0], one["embedding"]);
    assert_eq!(many["embeddings"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn lists_models_in_pages() {
    let emulator = Emulator::start().await.unwrap();
    let first = send(&emulator, "GET", "/v1beta/models?pageSize=20", &KEY, "").await.json();
    assert_eq!(first["models"][0]["name"], "models/echo");
    let token = first["nextPageToken"].as_str().unwrap();
    let rest = send(&emulator, "GET", &format!("/v1beta/models?pageSize=20&pageToken={token}"), &KEY, "").await.json();
    assert_eq!(
        first["models"].as_array().unwrap().len() + rest["models"].as_array().unwrap().len(),
        llm_testkit::emulator::MODELS.len()
    );
    assert!(rest.get("nextPageToken").is_none());
}
