//! `InvokeModel`: every publisher's own body, answers told apart by their fields.

use std::sync::Arc;

use llm_core::{
    BuildCx, Capabilities, ChatRequest, EmbedRequest, ErrorKind, KnownModels, Request, RerankRequest, Response,
};
use llm_provider_bedrock::PLUGIN;
use llm_testkit::{Exchange, ScriptedTransport};
use llm_wire::aws_event_stream::{AwsHeaderValue, encode_message};
use serde_json::{Value, json};

use super::{chat, provider, sent};

#[tokio::test]
async fn invoke_speaks_each_publishers_form() {
    let provider = provider(&json!({"api_key": "k", "api": "invoke"})).unwrap();
    let claude = json!({"type": "message", "role": "assistant", "model": "claude", "content": [{"type": "text", "text": "Hi"}],
        "stop_reason": "end_turn", "usage": {"input_tokens": 3, "output_tokens": 1}});
    let request = sent(
        &*provider,
        ChatRequest::new("us.anthropic.claude-haiku-4-5-20251001-v1:0").with_user("hi"),
        &claude.to_string(),
    )
    .await;
    assert!(request.url.ends_with("/model/us.anthropic.claude-haiku-4-5-20251001-v1%3A0/invoke"), "{}", request.url);
    let body = request.json();
    assert_eq!(body["anthropic_version"], "bedrock-2023-05-31");
    assert!(body.get("model").is_none() && body.get("stream").is_none(), "{body}");

    let openai =
        json!({"choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hi"}}]});
    let request =
        sent(&*provider, ChatRequest::new("ai21.jamba-1-5-mini-v1:0").with_user("hi"), &openai.to_string()).await;
    assert_eq!(request.json(), json!({"messages": [{"role": "user", "content": "hi"}]}));

    let titan = json!({"inputTextTokenCount": 2, "results": [{"tokenCount": 1, "outputText": "Hi", "completionReason": "FINISH"}]});
    let mut asked = ChatRequest::new("amazon.titan-text-lite-v1").with_user("hi");
    asked.sampling.max_output_tokens = Some(9);
    let request = sent(&*provider, asked, &titan.to_string()).await;
    assert_eq!(request.json(), json!({"inputText": "hi", "textGenerationConfig": {"maxTokenCount": 9}}));
}

/// The operator's word on an application's inference profile, whose name says nothing.
struct Said;

impl KnownModels for Said {
    fn capabilities(&self, _: &str, model: &str) -> Arc<Capabilities> {
        let mut known = Capabilities::default();
        known.publisher = model.ends_with("/ours").then_some("meta".into());
        known.form = model.ends_with("/vectors").then_some("cohere".into());
        Arc::new(known)
    }
}

#[tokio::test]
async fn a_model_that_nobody_knows_is_not_guessed_at() {
    let arn = |name: &str| format!("arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/{name}");
    let config = json!({"api_key": "k", "api": "invoke"}).as_object().unwrap().clone();
    let provider = PLUGIN.build(config, &BuildCx::new("aws").with_models(Arc::new(Said))).unwrap();

    let transport = ScriptedTransport::always(Exchange::new(200, "{}"));
    let ask = Request::Chat(Arc::new(ChatRequest::new(arn("theirs")).with_user("hi")));
    let vectors = Request::Embed(Arc::new(EmbedRequest::new(arn("theirs"), ["a"])));
    let order = Request::Rerank(Arc::new(RerankRequest::new(arn("theirs"), "q", ["a"])));
    for request in [ask, vectors, order] {
        let error = provider.call(&transport.cx(), request).await.unwrap_err();
        assert_eq!((error.kind(), error.param()), (ErrorKind::Config, Some("model")));
        assert!(error.message().contains("under `prices.model`"), "{error}");
    }
    assert_eq!(transport.requests().len(), 0);

    let llama = json!({"generation": "Hi", "stop_reason": "stop"});
    let request = sent(&*provider, ChatRequest::new(arn("ours")).with_user("hi"), &llama.to_string()).await;
    assert!(request.json()["prompt"].is_string(), "{}", request.json());
    let transport = ScriptedTransport::always(Exchange::new(200, r#"{"embeddings": [[1.0], [2.0]]}"#));
    let vectors = Request::Embed(Arc::new(EmbedRequest::new(arn("vectors"), ["a", "b"])));
    provider.call(&transport.cx(), vectors).await.unwrap();
    assert_eq!(transport.last_request().unwrap().json()["texts"], json!(["a", "b"]));
}

#[tokio::test]
async fn answers_of_invoke_are_read_by_their_fields() {
    let provider = provider(&json!({"api_key": "k", "api": "invoke"})).unwrap();
    let answers = [
        ("amazon.titan-text-express-v1", json!({"results": [{"outputText": "Hi", "completionReason": "LENGTH"}]})),
        (
            "amazon.nova-lite-v1:0",
            json!({"output": {"message": {"role": "assistant", "content": [{"text": "Hi"}]}}, "stopReason": "max_tokens"}),
        ),
        ("meta.llama3-8b-instruct-v1:0", json!({"generation": "Hi", "stop_reason": "length"})),
        ("mistral.mistral-7b-instruct-v0:2", json!({"outputs": [{"text": "Hi", "stop_reason": "length"}]})),
        (
            "mistral.mistral-large-2407-v1:0",
            json!({"choices": [{"message": {"role": "assistant", "content": "Hi"}, "stop_reason": "length"}]}),
        ),
        ("cohere.command-text-v14", json!({"generations": [{"text": "Hi", "finish_reason": "MAX_TOKENS"}]})),
        ("cohere.command-r-v1:0", json!({"text": "Hi", "finish_reason": "MAX_TOKENS", "chat_history": []})),
        (
            "ai21.j2-mid-v1",
            json!({"id": 1, "completions": [{"data": {"text": "Hi"}, "finishReason": {"reason": "length"}}]}),
        ),
        (
            "ai21.jamba-1-5-mini-v1:0",
            json!({"choices": [{"message": {"role": "assistant", "content": "Hi"}, "finish_reason": "length"}]}),
        ),
        ("us.deepseek.r1-v1:0", json!({"choices": [{"text": "Hi", "stop_reason": "length"}]})),
        (
            "openai.gpt-oss-20b-1:0",
            json!({"object": "chat.completion", "service_tier": "default",
                "choices": [{"message": {"role": "assistant", "content": "Hi"}, "finish_reason": "length"}]}),
        ),
        (
            "anthropic.claude-3-haiku-20240307-v1:0",
            json!({"type": "message", "content": [{"type": "text", "text": "Hi"}], "stop_reason": "max_tokens"}),
        ),
        ("anthropic.claude-v2:1", json!({"type": "completion", "completion": "Hi", "stop_reason": "max_tokens"})),
    ];
    for (model, answer) in answers {
        let exchange = Exchange::new(200, answer.to_string())
            .with_header("x-amzn-bedrock-input-token-count", "3")
            .with_header("x-amzn-bedrock-output-token-count", "2");
        let transport = ScriptedTransport::always(exchange);
        let outcome = chat(&*provider, &transport.cx(), ChatRequest::new(model).with_user("hi")).await.unwrap();
        let Response::Chat(response) = outcome else { panic!() };
        assert_eq!((response.text().as_str(), response.finish.reason.as_str()), ("Hi", "length"), "{model}");
        assert_eq!((response.usage.input, response.usage.output), (Some(3), Some(2)), "{model}");
    }
}

fn chunk(payload: &Value) -> Vec<u8> {
    let bytes = llm_core::base64_text::encode(payload.to_string().as_bytes());
    let headers = [(":event-type", "chunk"), (":message-type", "event")];
    let headers = headers.map(|(name, value)| (name, AwsHeaderValue::Text(value)));
    encode_message(&headers, json!({"bytes": bytes, "p": "abc"}).to_string().as_bytes()).unwrap()
}

#[tokio::test]
async fn streams_of_invoke_are_whole_with_the_metrics_and_cut_without() {
    let metrics = json!({"inputTokenCount": 3, "outputTokenCount": 2});
    let streams = [
        (
            "anthropic.claude-3-haiku-20240307-v1:0",
            vec![
                json!({"type": "message_start", "message": {"id": "msg_1", "usage": {"input_tokens": 3, "output_tokens": 1}}}),
                json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
                json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}}),
                json!({"type": "content_block_stop", "index": 0}),
                json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}}),
                json!({"type": "message_stop", "amazon-bedrock-invocationMetrics": metrics}),
            ],
        ),
        (
            "amazon.nova-lite-v1:0",
            vec![
                json!({"messageStart": {"role": "assistant"}}),
                json!({"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "Hi"}}}),
                json!({"contentBlockStop": {"contentBlockIndex": 0}}),
                json!({"messageStop": {"stopReason": "end_turn"}}),
                json!({"metadata": {"usage": {"inputTokens": 3, "outputTokens": 2}}, "amazon-bedrock-invocationMetrics": metrics}),
            ],
        ),
        (
            "ai21.jamba-1-5-mini-v1:0",
            vec![
                json!({"id": "c", "choices": [{"index": 0, "delta": {"role": "assistant", "content": "H"}, "finish_reason": null}]}),
                json!({"id": "c", "choices": [{"index": 0, "delta": {"content": "i"}, "finish_reason": "stop"}],
                    "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}}),
                json!({"amazon-bedrock-invocationMetrics": metrics}),
            ],
        ),
        (
            "mistral.mistral-large-2407-v1:0",
            vec![
                json!({"choices": [{"index": 0, "message": {"role": "assistant", "content": "H"}, "stop_reason": null}]}),
                json!({"choices": [{"index": 0, "message": {"role": "assistant", "content": "i"}, "stop_reason": "stop"}],
                    "amazon-bedrock-invocationMetrics": metrics}),
            ],
        ),
        (
            "us.deepseek.r1-v1:0",
            vec![
                json!({"choices": [{"index": 0, "text": "H", "stop_reason": null}]}),
                json!({"choices": [{"index": 0, "text": "i", "stop_reason": "stop"}],
                    "amazon-bedrock-invocationMetrics": metrics}),
            ],
        ),
        (
            "meta.llama3-8b-instruct-v1:0",
            vec![
                json!({"generation": "H", "prompt_token_count": 3, "generation_token_count": 1, "stop_reason": null}),
                json!({"generation": "i", "prompt_token_count": null, "generation_token_count": 2, "stop_reason": "stop",
                    "amazon-bedrock-invocationMetrics": metrics}),
            ],
        ),
        (
            "cohere.command-r-v1:0",
            vec![
                json!({"is_finished": false, "event_type": "text-generation", "text": "Hi"}),
                json!({"is_finished": true, "event_type": "stream-end", "response": {"finish_reason": "COMPLETE", "text": "Hi"},
                    "amazon-bedrock-invocationMetrics": metrics}),
            ],
        ),
    ];
    for (model, payloads) in streams {
        let provider = provider(&json!({"api_key": "k", "api": "invoke"})).unwrap();
        let frames: Vec<Vec<u8>> = payloads.iter().map(chunk).collect();
        for kept in 0..=frames.len() {
            let transport = ScriptedTransport::always(Exchange::new(200, frames[..kept].concat()).split_every(7));
            let asked = Request::ChatStream(Arc::new(ChatRequest::new(model).with_user("hi")));
            let Response::ChatStream(stream) = provider.call(&transport.cx(), asked).await.unwrap() else { panic!() };
            let outcome = stream.collect().await;
            assert!(transport.last_request().unwrap().url.ends_with("/invoke-with-response-stream"));
            if kept < frames.len() {
                assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Truncated, "{model} after {kept} chunks");
            } else {
                let response = outcome.unwrap();
                assert_eq!((response.text().as_str(), response.finish.reason.as_str()), ("Hi", "stop"), "{model}");
                assert_eq!((response.usage.input, response.usage.output), (Some(3), Some(2)), "{model}");
            }
        }
    }
}
