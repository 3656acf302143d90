//! `local/echo`.

use llm_core::{
    ChatRequest, ErrorKind, Event, FinishReason, JsonSchema, Media, Message, OnUnsupported, OutputFormat, Part,
    Reasoning, Role, Tool, ToolChoice,
};
use serde_json::{Value, json};

use crate::support::{answer, ask, collect, cx, echo, fields, provider, stream};

#[tokio::test]
async fn says_back_what_the_user_said_last() {
    let request = ChatRequest::new("echo")
        .with_message(Message::system("Be brief."))
        .with_user("first")
        .with_message(Message::assistant("first"))
        .with_message(Message::new(Role::User, vec![Part::text(" two  words "), Part::text("more\n")]));
    let response = answer(request).await.unwrap();
    assert_eq!(response.text(), " two  words \nmore\n");
    assert_eq!((response.finish.reason, response.model.as_deref()), (FinishReason::Stop, Some("echo")));
    assert_eq!((response.usage.input, response.usage.output, response.usage.reasoning), (Some(7), Some(3), None));
    assert!(response.origin.is_target("fake", "echo") && response.origin.api == "local");
    assert_eq!(response.message.origin.as_ref(), Some(&response.origin));
    assert!(response.warnings.is_empty());
}

#[tokio::test]
async fn the_same_request_gives_the_same_answer() {
    let (one, two) = (answer(echo("Hello")).await.unwrap(), answer(echo("Hello")).await.unwrap());
    assert_eq!(one, two);
    assert_ne!(one.id, answer(echo("Other")).await.unwrap().id);
}

#[tokio::test]
async fn streams_word_by_word_and_says_the_same() {
    let (events, error) = stream(&*provider(&json!({})), &cx(), echo("Grüße an  die Welt")).await;
    assert!(error.is_none());
    let pieces: Vec<&str> = events
        .iter()
        .filter_map(|event| match event {
            Event::TextDelta { text, .. } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(pieces, ["Grüße ", "an  ", "die ", "Welt"]);
    assert!(matches!(events.first(), Some(Event::Start(_))) && matches!(events.last(), Some(Event::Finish(_))));
    assert_eq!(collect(&events), answer(echo("Grüße an  die Welt")).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn words_come_at_the_configured_pace() {
    let before = tokio::time::Instant::now();
    ask(&*provider(&json!({ "delay_ms": 30 })), &cx(), echo("one two three")).await.unwrap();
    assert_eq!(before.elapsed().as_millis(), 60);
}

#[tokio::test]
async fn a_result_of_a_tool_is_heard_too() {
    let request = echo("Weather?")
        .with_message(Message::new(Role::Assistant, vec![Part::tool_call("call_0", "weather", "{}")]))
        .with_message(Message::tool_result("call_0", "22 degrees"));
    assert_eq!(answer(request).await.unwrap().text(), "22 degrees");
}

#[tokio::test]
async fn media_alone_is_answered_with_its_type() {
    let image = Part::media(Media::inline("image/png", &b"png"[..]));
    let request = ChatRequest::new("echo").with_message(Message::new(Role::User, vec![image]));
    let response = answer(request).await.unwrap();
    assert_eq!((response.text().as_str(), response.usage.input), ("[image/png]", Some(1)));
}

#[tokio::test]
async fn an_empty_text_is_answered_with_nothing() {
    let response = answer(echo("")).await.unwrap();
    assert!(response.message.content.is_empty());
    assert_eq!((response.finish.reason, response.usage.output), (FinishReason::Stop, Some(0)));
}

fn tools() -> ChatRequest {
    let schema = json!({
        "type": "object",
        "properties": { "city": { "type": "string", "minLength": 1 }, "days": { "type": "integer", "minimum": 1 } },
        "required": ["city", "days"],
    });
    echo("Weather?")
        .with_tool(Tool::function("now", "Time.", Value::Null))
        .with_tool(Tool::function("weather", "Weather.", schema))
}

#[tokio::test]
async fn a_demanded_tool_is_called_with_the_smallest_arguments() {
    let mut request = tools();
    assert_eq!(answer(request.clone()).await.unwrap().text(), "Weather?", "nothing demands a call");
    request.tool_choice = ToolChoice::Named("weather".to_owned());
    let (events, error) = stream(&*provider(&json!({})), &cx(), request.clone()).await;
    assert!(error.is_none());
    let pieces = events.iter().filter(|event| matches!(event, Event::ArgumentsDelta { .. })).count();
    assert!(pieces > 1, "arguments come in pieces");
    let response = collect(&events);
    let calls: Vec<_> = response.message.tool_calls().collect();
    assert_eq!(
        (&*calls[0].id, &*calls[0].name, &*calls[0].arguments),
        ("call_0", "weather", r#"{"city":"x","days":1}"#)
    );
    assert_eq!((calls.len(), response.finish.reason.clone()), (1, FinishReason::ToolCalls));
    assert_eq!(response, answer(request.clone()).await.unwrap());
    request.tool_choice = ToolChoice::Required;
    let response = answer(request).await.unwrap();
    let call = response.message.tool_calls().next().unwrap().clone();
    assert_eq!((&*call.name, &*call.arguments), ("now", "{}"));
}

#[tokio::test]
async fn a_tool_that_is_not_there_is_refused() {
    for (choice, mut request) in [(ToolChoice::Named("nobody".to_owned()), tools()), (ToolChoice::Required, echo("hi"))]
    {
        request.tool_choice = choice;
        let error = answer(request).await.unwrap_err();
        assert_eq!((error.kind(), error.param()), (ErrorKind::InvalidRequest, Some("tool_choice")));
    }
}

#[tokio::test]
async fn output_has_the_form_that_was_asked_for() {
    let mut request = echo("a \"quoted\" word");
    request.output = OutputFormat::Json;
    assert_eq!(answer(request.clone()).await.unwrap().text(), r#"{"echo":"a \"quoted\" word"}"#);
    let schema = json!({ "type": "object", "properties": { "n": { "type": "integer" } }, "required": ["n"] });
    request.output = OutputFormat::JsonSchema(JsonSchema { schema, ..JsonSchema::default() });
    assert_eq!(answer(request.clone()).await.unwrap().text(), r#"{"n":0}"#);
    request.output = OutputFormat::JsonSchema(JsonSchema { schema: json!(false), ..JsonSchema::default() });
    let error = answer(request).await.unwrap_err();
    assert_eq!((error.kind(), error.param()), (ErrorKind::InvalidRequest, Some("output.schema")));
}

#[tokio::test]
async fn limits_cut_the_answer() {
    let mut request = echo("one two three four");
    request.sampling.max_output_tokens = Some(2);
    let response = answer(request.clone()).await.unwrap();
    assert_eq!(
        (response.text().as_str(), response.finish.reason, response.usage.output),
        ("one two ", FinishReason::Length, Some(2))
    );
    request.sampling.max_output_tokens = Some(4);
    request.sampling.stop = vec!["four".to_owned(), " three".to_owned(), String::new()];
    let response = answer(request).await.unwrap();
    assert_eq!((response.text().as_str(), response.finish.reason), ("one two", FinishReason::Stop));
}

#[tokio::test]
async fn what_only_a_model_could_heed_is_a_warning_and_in_strict_mode_an_error() {
    let mut request = echo("hi");
    request.sampling.temperature = Some(0.5);
    request.sampling.seed = Some(1);
    request.reasoning = Some(Reasoning::Budget(100));
    request.end_user = Some("ada".to_owned());
    request.ext.set("local", "script", json!([]));
    let response = answer(request.clone()).await.unwrap();
    let expected = ["ext.local", "sampling.temperature", "sampling.seed", "reasoning", "end_user"];
    assert_eq!(fields(&response.warnings), expected);
    request.on_unsupported = OnUnsupported::Error;
    assert_eq!(answer(request).await.unwrap_err().kind(), ErrorKind::Unsupported);
}

#[tokio::test]
async fn a_conversation_without_a_user_is_refused() {
    let error = answer(ChatRequest::new("echo").with_message(Message::system("hi"))).await.unwrap_err();
    assert_eq!((error.kind(), error.param()), (ErrorKind::InvalidRequest, Some("messages")));
}
