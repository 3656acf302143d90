//! The plugin itself, its other operations, and what it refuses.

use std::sync::Arc;

use llm_core::{BuildCx, ChatRequest, EmbedRequest, ErrorKind, Registry, Request, Response, Support};
use llm_provider_local::PLUGIN;
use serde_json::json;

use crate::support::{answer, cx, fields, provider};

#[test]
fn the_plugin_says_that_it_is_fake() {
    let plugin = Registry::linked().unwrap().plugin("local").unwrap();
    assert!(std::ptr::eq(plugin, &raw const PLUGIN));
    assert!(plugin.fake && plugin.settings.iter().all(|setting| setting.env.is_empty() && !setting.required));
}

#[tokio::test]
async fn every_model_is_listed_as_no_llm() {
    let provider = provider(&json!({ "script": [], "scripts": { "flaky": [] } }));
    let Response::Models(models) = provider.call(&cx(), Request::Models).await.unwrap() else { panic!("no models") };
    assert_eq!(models.iter().map(|model| &*model.id).collect::<Vec<_>>(), ["echo", "script", "embed", "flaky"]);
    for model in &models {
        assert_eq!(model.raw["llm"], json!(false), "{}", model.id);
        assert!(model.raw["description"].as_str().unwrap().contains("no LLM"));
    }
    assert_eq!(models[0].capabilities.forced_tool, Support::Yes);
    assert_eq!(provider.capabilities("embed").chat, Support::No);
}

#[tokio::test]
async fn texts_become_vectors() {
    let mut request = EmbedRequest::new("embed", ["Hello world", "hello, WORLD!", "other"]);
    request.task = Some("query".to_owned());
    let ask =
        async |request: EmbedRequest| match provider(&json!({})).call(&cx(), Request::Embed(Arc::new(request))).await {
            Ok(Response::Embed(response)) => Ok(*response),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error),
        };
    let response = ask(request.clone()).await.unwrap();
    assert_eq!(response.vectors[0], response.vectors[1]);
    assert_ne!(response.vectors[0], response.vectors[2]);
    assert_eq!((response.vectors[0].len(), response.usage.input, response.usage.output), (16, Some(5), None));
    assert_eq!(fields(&response.warnings), ["task"]);
    request.dimensions = Some(3);
    assert_eq!(ask(request.clone()).await.unwrap().vectors[0].len(), 3);
    for dimensions in [0, 5000] {
        request.dimensions = Some(dimensions);
        let error = ask(request.clone()).await.unwrap_err();
        assert_eq!((error.kind(), error.param()), (ErrorKind::InvalidRequest, Some("dimensions")));
    }
    assert_eq!(ask(EmbedRequest::new("echo", ["a"])).await.unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(ask(EmbedRequest::new("nobody", ["a"])).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn an_unknown_model_is_an_error_that_names_the_known_ones() {
    let error = answer(ChatRequest::new("gpt-9").with_user("hi")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.message().contains("only echo, script, embed: choose one"), "{error}");
    assert_eq!(answer(ChatRequest::new("embed").with_user("hi")).await.unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn wrong_settings_fail_the_build() {
    for (config, words) in [
        (json!({ "scripts": { "echo": [] } }), "\"echo\" is taken"),
        (json!({ "script": [{ "txt": "a" }] }), "unknown variant `txt`"),
        (
            json!({ "speed": 1 }),
            "reading speed of the provider \"local\": there is no such setting: there are delay_ms",
        ),
        (json!({ "delay_ms": -1 }), "reading delay_ms of the provider \"local\": invalid value"),
    ] {
        let error = PLUGIN.build(config.as_object().cloned().unwrap(), &BuildCx::new("local")).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.message().contains(words), "{error}");
    }
}
