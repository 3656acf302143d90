//! Whatever a model answers: what comes out follows the schema, or is the error that says why not.

use llm_core::Support::{No, Yes};
use llm_core::schema::{Schema, json_in};
use llm_core::{ChatResponse, ErrorKind, FinishReason, Part, PartKind};
use llm_guard::structured::{SchemaBroken, Settings};
use proptest::prelude::*;

use crate::support::{Scripted, answer, both, can, request, schema};

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(r#"{"label": "bug"}"#.to_owned()),
        Just(r#"{"label": "billing", "tags": ["a", "b"]}"#.to_owned()),
        Just(r#"{"label": "canary"}"#.to_owned()),
        Just(r#"{"label": "bug", "canary": 1}"#.to_owned()),
        Just(r#"{"label": "bug", "tags": ["CANARY"]}"#.to_owned()),
        Just("```json\n{\"label\": \"bug\"}\n```".to_owned()),
        Just("Here:\n```\n{\"label\": \"bug\"}\n```\nDone".to_owned()),
        Just(r#"{"label": "#.to_owned()),
        Just(String::new()),
        "[ -~]{0,40}",
        "\\PC{0,20}",
    ]
}

fn part() -> impl Strategy<Value = Part> {
    prop_oneof![
        4 => text().prop_map(Part::text),
        4 => (text(), "[a-z]{1,8}").prop_map(|(arguments, name)| Part::tool_call("call_1", name, arguments)),
        1 => text().prop_map(Part::reasoning),
        1 => text().prop_map(|text| Part::new(PartKind::Refusal { text })),
    ]
}

fn reason() -> impl Strategy<Value = FinishReason> {
    let all: Vec<FinishReason> = FinishReason::KNOWN.iter().map(|word| FinishReason::from(*word)).collect();
    prop_oneof![4 => Just(FinishReason::Stop), 2 => Just(FinishReason::ToolCalls), 2 => prop::sample::select(all)]
}

fn any_answer() -> impl Strategy<Value = ChatResponse> {
    (prop::collection::vec(part(), 0..4), reason()).prop_map(|(parts, reason)| answer(parts, reason))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn what_comes_out_follows_the_schema_or_is_the_error_that_says_why(
        answers in prop::collection::vec(any_answer(), 2),
        way in 0..3,
        streamed in any::<bool>(),
        repair in any::<bool>(),
    ) {
        let can = match way {
            0 => can(No, Yes),
            1 => can(No, No),
            _ => can(Yes, Yes),
        };
        let mut settings = Settings::default();
        (settings.validate, settings.repair) = (true, repair);
        let provider = Scripted::new(can, answers.clone());
        let asked = both(request())[usize::from(streamed)].clone();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let outcome = runtime.block_on(provider.ask(settings, asked));
        let calls = provider.asked().len();
        let most = if repair { 2 } else { 1 };
        prop_assert!(calls <= most);
        let of_the_caller = |response: &ChatResponse| response.message.tool_calls().next().is_some();
        match outcome {
            Ok(response) => {
                let text = response.text();
                let read = json_in(&text);
                prop_assert!(read.is_some(), "{}", text);
                prop_assert_eq!(Schema::new(&schema()).check(&read.unwrap().1), Ok(()));
                prop_assert!(way == 2 || !of_the_caller(&response));
                prop_assert_eq!(response.usage.input, Some(10 * u64::try_from(calls).unwrap()));
            }
            Err(error) => {
                prop_assert_eq!(error.kind(), ErrorKind::ModelOutput);
                prop_assert!(SchemaBroken::of(&error).is_some());
                let said = format!("{error} {error:?}").to_ascii_lowercase();
                prop_assert!(!said.contains("canary"), "{}", said);
                let usage = error.partial().and_then(|partial| partial.usage.input);
                prop_assert_eq!(usage, Some(10 * u64::try_from(calls).unwrap()));
            }
        }
    }
}
