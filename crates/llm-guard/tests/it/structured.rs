//! Each way to an answer by a schema.

use std::sync::Arc;

use llm_core::Support::{No, Unknown, Yes};
use llm_core::{
    ChatResponse, Cost, ErrorKind, Fallback, FinishReason, Layer as _, OnUnsupported, OutputFormat, Part, PartKind,
    Retry, Role, Support, Tool, ToolChoice, ToolStatus, Usage, Usd, Warning,
};
use llm_guard::structured::{SchemaBroken, Settings, StructuredLayer};
use serde_json::json;

use crate::support::{Scripted, answer, both, call, can, request, words};

const GOOD: &str = r#"{"label": "bug", "tags": ["a"]}"#;
const BAD: &str = r#"{"label": "bug", "tags": ["secret-7351!"]}"#;

fn settings(change: impl FnOnce(&mut Settings)) -> Settings {
    let mut settings = Settings::default();
    change(&mut settings);
    settings
}

/// What the warnings say of the output.
fn told(response: &ChatResponse) -> Vec<&str> {
    let said = response.warnings.iter().filter_map(|warning| match warning {
        Warning::Adapted { field, details } if field == "output" => Some(details.as_str()),
        _ => None,
    });
    said.collect()
}

#[tokio::test]
async fn a_vendors_own_mode_is_left_alone() {
    for support in [Yes, Unknown] {
        for asked in both(request()) {
            let provider = Scripted::new(can(support, Yes), [words("not even JSON")]);
            let response = provider.ask(Settings::default(), asked).await.unwrap();
            assert_eq!((response.text().as_str(), &*response.warnings), ("not even JSON", &[][..]));
            assert_eq!(provider.asked(), [request()]);
        }
    }
}

#[tokio::test]
async fn the_arguments_of_a_forced_tool_are_the_answer() {
    for asked in both(request()) {
        let parts = vec![
            Part::reasoning("Hm"),
            Part::text("I call it now."),
            Part::tool_call("call_1", "ticket", GOOD).with_signature("of the call"),
            Part::tool_call("call_2", "ticket", "{}"),
        ];
        let provider = Scripted::new(can(No, Yes), [answer(parts, FinishReason::ToolCalls)]);
        let response = provider.ask(Settings::default(), asked).await.unwrap();
        assert_eq!(response.message.content, [Part::reasoning("Hm"), Part::text(GOOD)]);
        assert_eq!(response.finish.reason, FinishReason::Stop);
        assert_eq!(response.usage, Usage::new(10, 5));
        assert!(told(&response)[0].contains("a tool with the schema"), "{:?}", response.warnings);
        let [sent] = &provider.asked()[..] else { panic!("one call") };
        let Tool::Function(tool) = &*sent.tools[0] else { panic!("a function") };
        assert_eq!((tool.name.as_str(), &tool.schema), ("ticket", &crate::support::schema()));
        assert_eq!((&sent.tool_choice, &sent.output), (&ToolChoice::Named("ticket".to_owned()), &OutputFormat::Text));
        assert_eq!(sent.messages, request().messages);
    }
}

#[tokio::test]
async fn without_tools_the_schema_stands_in_the_prompt() {
    let fenced = format!("```json\n{GOOD}\n```");
    let mut with_tools = request();
    with_tools.tools.push(Arc::new(Tool::function("look_up", "it", json!({"type": "object"}))));
    let mut of_numbers = request();
    if let OutputFormat::JsonSchema(schema) = &mut of_numbers.output {
        schema.schema = json!({"type": "array"});
    }
    for (request, support, text) in [(request(), No, GOOD), (with_tools, Yes, GOOD), (of_numbers, Yes, "[1]")] {
        for asked in both(request.clone()) {
            let said = if text == GOOD { &fenced } else { text };
            let provider = Scripted::new(can(No, support), [words(said)]);
            let response = provider.ask(Settings::default(), asked).await.unwrap();
            assert_eq!(response.text(), text);
            assert!(told(&response)[0].contains("stood in the prompt"), "{:?}", response.warnings);
            let [sent] = &provider.asked()[..] else { panic!("one call") };
            assert_eq!((&sent.output, &sent.tools), (&OutputFormat::Text, &request.tools));
            assert_eq!(sent.messages.len(), 3);
            assert_eq!((&sent.messages[1].role, &sent.messages[2]), (&Role::System, &request.messages[1]));
            let OutputFormat::JsonSchema(schema) = &request.output else { panic!("a schema") };
            assert!(sent.messages[1].text().contains(&schema.schema.to_string()));
        }
    }
}

#[tokio::test]
async fn a_call_of_the_callers_own_tool_passes() {
    let mut with_tools = request();
    with_tools.tools.push(Arc::new(Tool::function("look_up", "it", json!({"type": "object"}))));
    for (support, validate) in [(No, false), (Yes, true)] {
        for asked in both(with_tools.clone()) {
            let provider = Scripted::new(can(support, Yes), [call("look_up", "{}")]);
            let response = provider.ask(settings(|settings| settings.validate = validate), asked).await.unwrap();
            assert_eq!(response.message.content, [Part::tool_call("call_1", "look_up", "{}")]);
            assert_eq!(response.finish.reason, FinishReason::ToolCalls);
        }
    }
}

#[tokio::test]
async fn a_model_is_told_once_what_is_wrong() {
    for asked in both(request()) {
        let provider = Scripted::new(can(No, No), [words(BAD), words(GOOD)]);
        let response = provider.ask(Settings::default(), asked).await.unwrap();
        assert_eq!(response.text(), GOOD);
        assert_eq!(response.usage, Usage::new(20, 10), "both calls");
        assert_eq!(response.cost.as_ref().map(|cost| cost.total), Some(Usd::from_nanos(14)));
        assert!(told(&response)[0].contains("asked again"), "{:?}", response.warnings);
        let [first, second] = &provider.asked()[..] else { panic!("two calls") };
        assert_eq!(second.messages[..3], first.messages[..]);
        assert_eq!((&second.messages[3].role, second.messages[3].text().as_str()), (&Role::Assistant, BAD));
        let correction = second.messages[4].text();
        assert!(correction.contains("\"pattern\" of the schema at tags[0]"), "{correction}");
        assert!(!correction.contains("secret"));
        assert_eq!(provider.keys(), [Some("key".into()), Some("key-again".into())], "it is another request");
    }
}

#[tokio::test]
async fn a_wrong_call_is_answered_as_a_failed_one() {
    let [whole, _] = both(request());
    let provider = Scripted::new(can(No, Yes), [call("ticket", "{}"), call("ticket", GOOD)]);
    let response = provider.ask(Settings::default(), whole).await.unwrap();
    assert_eq!((response.text().as_str(), &response.finish.reason), (GOOD, &FinishReason::Stop));
    let second = &provider.asked()[1];
    let PartKind::ToolResult(result) = &second.messages[3].content[0].kind else { panic!("a result") };
    assert_eq!((result.call_id.as_str(), result.status), ("call_1", ToolStatus::Error));
    assert_eq!(second.tool_choice, ToolChoice::Named("ticket".to_owned()));
}

#[tokio::test]
async fn words_in_the_place_of_a_call_are_read_too() {
    for asked in both(request()) {
        let provider = Scripted::new(can(No, Unknown), [words(GOOD)]);
        assert_eq!(provider.ask(Settings::default(), asked.clone()).await.unwrap().text(), GOOD);
        let provider = Scripted::new(can(No, Unknown), [words("Sure!"), call("ticket", GOOD)]);
        let response = provider.ask(Settings::default(), asked).await.unwrap();
        assert_eq!((response.text().as_str(), response.usage), (GOOD, Usage::new(20, 10)));
        assert_eq!(response.finish.reason, FinishReason::Stop);
    }
}

#[tokio::test]
async fn an_answer_that_is_wrong_twice_is_an_error_that_says_where() {
    for asked in both(request()) {
        let provider = Scripted::new(can(No, No), [words("Of course: secret-7351"), words(BAD)]);
        let error = provider.ask(Settings::default(), asked).await.unwrap_err();
        assert_eq!((error.kind(), error.param()), (ErrorKind::ModelOutput, Some("output")));
        assert_eq!((error.retry(), error.fallback()), (Retry::Never, Fallback::Next));
        let broken = SchemaBroken::of(&error).unwrap();
        let violation = broken.violation.as_ref().unwrap();
        assert_eq!((violation.path.as_str(), violation.keyword.as_str()), ("tags[0]", "pattern"));
        assert!(error.message().contains("at tags[0]"), "{error}");
        assert!(!format!("{error} {error:?} {broken:?}").contains("7351"), "{error:?}");
        let partial = error.partial().unwrap();
        assert_eq!(
            (&partial.usage, partial.cost.as_ref().map(|cost| cost.total)),
            (&Usage::new(20, 10), Some(Usd::from_nanos(14)))
        );
        assert_eq!(provider.asked().len(), 2);
    }
}

#[tokio::test]
async fn what_was_cut_off_or_refused_is_not_asked_for_again() {
    for reason in [FinishReason::Length, FinishReason::Refusal, FinishReason::ContentFilter] {
        for asked in both(request()) {
            let provider = Scripted::new(can(No, No), [answer(vec![Part::text("{\"label\": ")], reason.clone())]);
            let error = provider.ask(Settings::default(), asked).await.unwrap_err();
            assert!(error.message().contains(reason.as_str()), "{error}");
            assert_eq!((SchemaBroken::of(&error).unwrap().violation.is_none(), provider.asked().len()), (true, 1));
        }
    }
}

#[tokio::test]
async fn a_stream_that_was_shown_ends_in_an_error() {
    let [_, streamed] = both(request());
    let provider = Scripted::new(can(No, Yes), [call("ticket", BAD)]);
    let error = provider.ask(Settings::default(), streamed.clone()).await.unwrap_err();
    assert_eq!((error.kind(), error.fallback()), (ErrorKind::ModelOutput, Fallback::Never));
    let native = Scripted::new(can(Yes, Yes), [words(BAD)]);
    let error = native.ask(settings(|settings| settings.validate = true), streamed).await.unwrap_err();
    assert_eq!(error.partial().map(|partial| &partial.usage), Some(&Usage::new(10, 5)));
}

#[tokio::test]
async fn the_vendors_own_mode_is_held_to_the_schema_where_that_is_wished() {
    let validate = settings(|settings| settings.validate = true);
    for asked in both(request()) {
        let provider = Scripted::new(can(Yes, Yes), [words(GOOD)]);
        let response = provider.ask(validate, asked).await.unwrap();
        assert_eq!((response.text().as_str(), response.warnings.len()), (GOOD, 0));
    }
    let [whole, _] = both(request());
    let provider = Scripted::new(can(Yes, Yes), [words(BAD), words(GOOD)]);
    let response = provider.ask(validate, whole).await.unwrap();
    assert_eq!((response.text().as_str(), told(&response).len()), (GOOD, 1));
    assert!(provider.asked().iter().all(|sent| sent.output == request().output));
}

#[tokio::test]
async fn settings_switch_off_what_they_say() {
    let [whole, _] = both(request());
    let provider = Scripted::new(can(No, No), [words("anything")]);
    let off = settings(|settings| settings.enabled = false);
    assert_eq!(provider.ask(off, whole.clone()).await.unwrap().text(), "anything");
    assert_eq!(provider.asked(), [request()]);
    let provider = Scripted::new(can(No, No), [words("anything")]);
    let error = provider.ask(settings(|settings| settings.repair = false), whole).await.unwrap_err();
    assert_eq!((error.kind(), provider.asked().len()), (ErrorKind::ModelOutput, 1));
}

#[tokio::test]
async fn several_answers_are_refused_in_strict_mode() {
    let mut several = request();
    several.sampling.candidates = Some(3);
    let [whole, _] = both(several.clone());
    let provider = Scripted::new(can(No, No), [words(GOOD)]);
    let response = provider.ask(Settings::default(), whole).await.unwrap();
    assert!(matches!(&response.warnings[0], Warning::Unsupported { field, .. } if field == "sampling.candidates"));
    several.on_unsupported = OnUnsupported::Error;
    let [whole, _] = both(several);
    let error = provider.ask(Settings::default(), whole).await.unwrap_err();
    assert_eq!((error.kind(), error.param()), (ErrorKind::Unsupported, Some("sampling.candidates")));
    let mut silent = request();
    silent.on_unsupported = OnUnsupported::Ignore;
    let [whole, _] = both(silent);
    let provider = Scripted::new(can(No, No), [words(GOOD)]);
    assert!(provider.ask(Settings::default(), whole).await.unwrap().warnings.is_empty());
}

#[test]
fn with_the_layer_every_chat_model_has_structured_output() {
    let of = |support| {
        let layered = StructuredLayer::default().layer(Arc::new(Scripted::new(can(support, No), [])));
        layered.capabilities("m").json_schema
    };
    assert_eq!([No, Unknown, Yes].map(of), [Yes, Unknown, Yes]);
    assert_eq!(Cost::sum(None, None), None);
    assert_ne!(Support::Yes, Support::No);
}
