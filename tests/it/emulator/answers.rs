//! What comes back, whole and streamed.

use std::sync::Arc;

use llm_core::{
    Effort, EmbedRequest, FinishReason, JsonSchema, Media, Message, OutputFormat, Part, PartKind, Reasoning, Request,
    Response, ToolChoice,
};
use llm_testkit::emulator::MODELS;
use serde_json::{Value, json};

use super::{Bench, PROVIDERS, city, question, weather};

#[tokio::test]
async fn text_and_usage_are_the_same_whole_and_streamed() {
    for id in PROVIDERS {
        let bench = Bench::new(id).await;
        for streamed in [false, true] {
            for model in ["echo", "split-3+pings", "words-3+pace-5ms"] {
                let answer = bench.ask(&question(model), streamed).await.unwrap();
                let expected =
                    if model.starts_with("words") { "word1 word2 word3" } else { "echo: one two three four" };
                assert_eq!(answer.text(), expected, "{id} {model} {streamed}");
                assert_eq!(answer.finish.reason, FinishReason::Stop, "{id}");
                assert_eq!(answer.model.as_deref(), Some(model), "{id}");
                assert_eq!(answer.usage.input, Some(7), "{id}");
                assert_eq!(answer.usage.output, Some(expected.split(' ').count() as u64), "{id}");
            }
        }
        bench.check_fields();
    }
}

#[tokio::test]
async fn a_connection_outlives_its_answers() {
    for id in PROVIDERS {
        let bench = Bench::new(id).await;
        for streamed in [false, true, true, true, false] {
            bench.ask(&question("echo"), streamed).await.unwrap();
            // The pool takes the connection back in a task of its own.
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
        }
        // One is the rule; a second one is opened where the pool was late.
        let connections = bench.emulator.connections();
        assert!(connections <= 2, "{id}: a body that is not read to its end costs its connection ({connections})");
    }
}

#[tokio::test]
async fn calls_come_in_their_order_and_their_results_are_taken() {
    for id in PROVIDERS {
        let bench = Bench::new(id).await;
        for streamed in [false, true] {
            let request = question("tools-x2").with_tool(weather());
            let answer = bench.ask(&request, streamed).await.unwrap();
            assert_eq!(answer.finish.reason, FinishReason::ToolCalls, "{id} {streamed}");
            let calls: Vec<_> = answer.message.tool_calls().cloned().collect();
            assert_eq!(calls.len(), 2, "{id} {streamed}");
            assert_ne!(calls[0].id, calls[1].id, "{id} {streamed}");
            for call in &calls {
                let arguments: Value = serde_json::from_str(&call.arguments).unwrap();
                assert_eq!((call.name.as_str(), arguments), ("weather", json!({"city": "text", "days": 0})), "{id}");
                assert!(!call.truncated);
            }
            // The emulator refuses results that do not fit their calls.
            let results = calls.iter().map(|call| Part::tool_result(&call.id, "sunny ")).collect();
            let next = request.with_message(answer.message).with_message(Message::new(llm_core::Role::Tool, results));
            let last = bench.ask(&next, streamed).await.unwrap();
            assert!(last.text().starts_with("echo: sunny"), "{id} {streamed}: {}", last.text());
        }
        bench.check_fields();
    }
}

#[tokio::test]
async fn the_choice_of_tools_is_followed() {
    // Ollama has no tool choice.
    for id in ["openai", "openai-compatible", "anthropic", "gemini"] {
        let bench = Bench::new(id).await;
        let other = llm_core::Tool::function("clock", "Tells the time.", city());
        let mut request = question("echo").with_tool(weather()).with_tool(other);
        request.tool_choice = ToolChoice::Named("clock".to_owned());
        let answer = bench.chat(&request).await.unwrap();
        assert_eq!(answer.message.tool_calls().map(|call| call.name.as_str()).collect::<Vec<_>>(), ["clock"], "{id}");
        request.tool_choice = ToolChoice::Required;
        assert_eq!(bench.chat(&request).await.unwrap().message.tool_calls().count(), 1, "{id}");
        request.tool_choice = ToolChoice::None;
        request.model = "tools".to_owned();
        assert_eq!(bench.chat(&request).await.unwrap().message.tool_calls().count(), 0, "{id}");
        bench.check_fields();
    }
}

#[tokio::test]
async fn reasoning_comes_apart_and_goes_back_with_its_signature() {
    for id in PROVIDERS {
        let bench = Bench::new(id).await;
        for (model, streamed) in [("reason", false), ("reason", true), ("tools+reason", false), ("tools+reason", true)]
        {
            let request = question(model).with_tool(weather());
            let answer = bench.ask(&request, streamed).await.unwrap();
            assert_eq!(
                answer.message.reasoning().as_deref(),
                Some("thinking about: one two three four"),
                "{id} {model}"
            );
            if id != "ollama" {
                assert_eq!(answer.usage.reasoning, Some(6), "{id} {model} {streamed}");
            }
            let signed = answer.message.content.iter().filter(|part| part.signature.is_some()).count();
            assert_eq!(signed, usize::from(matches!(id, "anthropic" | "gemini")), "{id} {model} {streamed}");
            // The emulator refuses a signature that is not its own, or not over these very words.
            let calls: Vec<_> = answer.message.tool_calls().cloned().collect();
            let mut next = request.with_message(answer.message);
            for call in &calls {
                next = next.with_message(Message::tool_result(&call.id, "sunny"));
            }
            let next = if calls.is_empty() { next.with_user("again") } else { next };
            let again = bench.ask(&next, streamed).await.unwrap_or_else(|error| panic!("{id} {model}: {error}"));
            assert_eq!(again.text(), if calls.is_empty() { "echo: again" } else { "echo: sunny" }, "{id} {model}");
            if signed > 0 {
                let sent = bench.emulator.requests().pop().unwrap().body.to_string();
                assert!(sent.to_lowercase().contains("signature"), "{id}: the signature did not go back");
            }
        }
        bench.check_fields();
    }
}

#[tokio::test]
async fn asking_for_reasoning_is_understood() {
    for (id, shown) in [("openai", false), ("anthropic", true), ("gemini", true), ("ollama", true)] {
        let bench = Bench::new(id).await;
        let mut request = question("echo");
        request.sampling.max_output_tokens = Some(4000);
        request.reasoning = Some(Reasoning::Effort(Effort::Low));
        let answer = bench.chat(&request).await.unwrap();
        assert_eq!(answer.message.reasoning().is_some(), shown, "{id}");
        assert_eq!(answer.usage.reasoning.unwrap_or(0) > 0, id != "ollama", "{id}");
        bench.check_fields();
    }
}

#[tokio::test]
async fn schemas_limits_and_stop_texts_arrive() {
    for id in PROVIDERS {
        let bench = Bench::new(id).await;
        for streamed in [false, true] {
            let mut request = question("echo");
            let schema =
                JsonSchema { name: "city".to_owned(), schema: city(), strict: Some(true), ..JsonSchema::default() };
            request.output = OutputFormat::JsonSchema(schema);
            let answer = bench.ask(&request, streamed).await.unwrap();
            assert_eq!(
                serde_json::from_str::<Value>(&answer.text()).unwrap(),
                json!({"city": "text", "days": 0}),
                "{id}"
            );

            let mut request = question("echo");
            request.sampling.max_output_tokens = Some(2);
            let answer = bench.ask(&request, streamed).await.unwrap();
            assert_eq!((answer.text().as_str(), &answer.finish.reason), ("echo: one", &FinishReason::Length), "{id}");

            let mut request = question("echo");
            request.sampling.stop = vec![" three".to_owned()];
            let answer = bench.ask(&request, streamed).await.unwrap();
            assert_eq!((answer.text().as_str(), &answer.finish.reason), ("echo: one two", &FinishReason::Stop), "{id}");
        }
        bench.check_fields();
    }
}

#[tokio::test]
async fn a_rich_request_is_valid_everywhere() {
    for id in PROVIDERS {
        let bench = Bench::new(id).await;
        let image = Part::media(Media::inline("image/png", vec![0x89, b'P', b'N', b'G']));
        let mut request = llm_core::ChatRequest::new("echo")
            .with_message(Message::system("be brief"))
            .with_user("first")
            .with_message(Message::assistant("yes?"))
            .with_message(Message::user("what is this?").with_part(image))
            .with_tool(weather());
        request.sampling.max_output_tokens = Some(100);
        request.sampling.temperature = Some(0.5);
        request.sampling.stop = vec!["zzz".to_owned()];
        for streamed in [false, true] {
            let answer = bench.ask(&request, streamed).await.unwrap_or_else(|error| panic!("{id}: {error}"));
            assert_eq!(answer.text(), "echo: what is this?", "{id} {streamed}");
        }
        bench.check_fields();
    }
}

#[tokio::test]
async fn cached_tokens_are_part_of_the_input() {
    for id in ["openai", "openai-compatible", "anthropic", "gemini"] {
        let bench = Bench::new(id).await;
        for streamed in [false, true] {
            let usage = bench.ask(&question("cached"), streamed).await.unwrap().usage;
            assert_eq!((usage.input, usage.cache_read), (Some(7), Some(3)), "{id} {streamed}");
        }
    }
}

#[tokio::test]
async fn refusals_and_filters_are_told_apart_from_answers() {
    for id in ["openai", "openai-compatible", "anthropic", "gemini"] {
        let bench = Bench::new(id).await;
        for streamed in [false, true] {
            let answer = bench.ask(&question("filtered-after-3"), streamed).await.unwrap();
            let reason = &answer.finish.reason;
            assert!(
                matches!(reason, FinishReason::ContentFilter | FinishReason::Refusal),
                "{id} {streamed}: {reason:?}"
            );
            assert_eq!(answer.text(), "echo: one two", "{id}");
        }
    }
    let bench = Bench::new("openai").await;
    for streamed in [false, true] {
        let answer = bench.ask(&question("refuse"), streamed).await.unwrap();
        let refusal = answer
            .message
            .content
            .iter()
            .any(|part| matches!(&part.kind, PartKind::Refusal { text } if !text.is_empty()));
        assert!(refusal && answer.text().is_empty(), "{streamed}");
    }
}

#[tokio::test]
async fn vectors_and_models_are_read() {
    for id in PROVIDERS {
        let bench = Bench::new(id).await;
        if id != "anthropic" {
            let mut request = EmbedRequest::new("embed", ["a", "b"]);
            request.dimensions = Some(16);
            let Response::Embed(answer) =
                bench.provider.call(&bench.cx, Request::Embed(Arc::new(request))).await.unwrap()
            else {
                panic!("{id}")
            };
            assert_eq!(answer.vectors.iter().map(Vec::len).collect::<Vec<_>>(), [16, 16], "{id}");
            assert_ne!(answer.vectors[0], answer.vectors[1], "{id}");
        }
        let Response::Models(models) = bench.provider.call(&bench.cx, Request::Models).await.unwrap() else {
            panic!("{id}")
        };
        let names: Vec<_> = models.iter().map(|model| model.id.trim_end_matches(":latest")).collect();
        assert_eq!(names, MODELS, "{id}");
        bench.check_fields();
    }
}
