//! `decode(encode(x)) == x` for what the protocol can say.
//!
//! Limits of the generators: texts, names and ids are not empty; two messages of the assistant do not follow each other,
//! since their items become one; readable reasoning is a summary; finish reasons are this API's words. What belongs to
//! items (their ids and states) is not compared: answers get some that have none.

use std::sync::Arc;

use llm_core::{
    ChatRequest, ChatResponse, Effort, Finish, FinishReason, Message, Part, PartKind, Reasoning, Role, ToolChoice,
    ToolResult, Visibility,
};
use llm_wire::StreamEncoder;
use llm_wire_openai::{Dialect, responses};
use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;

use super::{events, origin};
use crate::round_trip::{as_events, call_part, hundredths, media_part, output, text, text_part, tool, usage, word};
use crate::support::collect;

fn thought() -> impl Strategy<Value = Part> {
    let kind = |text: &str, visibility, encrypted| PartKind::Reasoning { text: text.to_owned(), visibility, encrypted };
    prop_oneof![
        (text(), word()).prop_map(move |(text, signature)| {
            Part::new(kind(&text, Visibility::Summary, None)).with_signature(signature)
        }),
        word().prop_map(move |data| Part::new(kind("", Visibility::Redacted, Some(data)))),
    ]
}

fn assistant_parts() -> impl Strategy<Value = Vec<Part>> {
    let refusal = text().prop_map(|text| Part::new(PartKind::Refusal { text }));
    vec(prop_oneof![thought(), text_part(), refusal, call_part()], 1..5)
}

fn message() -> impl Strategy<Value = Vec<Message>> {
    let plain = |role: Role| vec(text_part(), 1..3).prop_map(move |content| Message::new(role.clone(), content));
    let tool = (word(), vec(prop_oneof![text_part(), media_part()], 0..3)).prop_map(|(call_id, content)| {
        let result = ToolResult { call_id, content, ..ToolResult::default() };
        Message::new(Role::Tool, vec![Part::new(PartKind::ToolResult(result))])
    });
    let user = (vec(prop_oneof![text_part(), media_part()], 1..4), of(word())).prop_map(|(content, extra)| {
        let mut message = Message::new(Role::User, content);
        if let Some(value) = extra {
            message.ext.set("openai-responses", "x_message", value);
        }
        message
    });
    let instructions = text().prop_map(Message::system);
    prop_oneof![
        plain(Role::Developer).prop_map(|message| vec![message]),
        instructions.prop_map(|message| vec![message]),
        user.prop_map(|message| vec![message]),
        tool.prop_map(|message| vec![message]),
        (assistant_parts(), text())
            .prop_map(|(content, next)| vec![Message::new(Role::Assistant, content), Message::user(next)]),
    ]
}

prop_compose! {
    fn request()(
        model in word(), messages in vec(message(), 1..5), tools in vec(tool(), 0..3), choice in 0..4_u8,
        output in output(), parallel in of(any::<bool>()), temperature in of(hundredths(200)),
        longest in of(any::<u32>()), logprobs in of(1..20_u32), effort in of(word()), tier in of(word()),
        metadata in btree_map(word(), text(), 0..3), ext in of((word(), text())),
    ) -> ChatRequest {
        let mut request = ChatRequest::new(model);
        request.messages = messages.into_iter().flatten().map(Arc::new).collect();
        if let Some(first) = tools.first() {
            request.tool_choice = match choice {
                0 => ToolChoice::Auto,
                1 => ToolChoice::None,
                2 => ToolChoice::Required,
                _ => ToolChoice::Named(first.name().to_owned()),
            };
            request.parallel_tool_calls = parallel;
        }
        request.tools = tools.into_iter().map(Arc::new).collect();
        request.output = output;
        request.sampling.temperature = temperature;
        request.sampling.max_output_tokens = longest;
        request.sampling.logprobs = logprobs;
        request.reasoning = effort.map(|word| Reasoning::Effort(Effort::from(word)));
        request.service_tier = tier;
        request.metadata = metadata;
        if logprobs.is_some() {
            request.ext.set("openai-responses", "include", serde_json::json!(["message.output_text.logprobs"]));
        }
        if let Some((name, value)) = ext {
            request.ext.set("openai-responses", &format!("x_{name}"), value.clone());
            request.ext.set("openai-responses", "text", serde_json::json!({"verbosity": value}));
        }
        request
    }
}

fn end() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("completed"), Just("max_output_tokens"), Just("content_filter")]
}

prop_compose! {
    fn response()(
        content in assistant_parts(), end in end(), id in word(), model in word(), created in 1..u64::from(u32::MAX),
        usage in usage(), tier in of(word()), fact in of(text()),
    ) -> ChatResponse {
        let mut message = Message::new(Role::Assistant, content);
        message.origin = Some(origin());
        let reason = match end {
            "completed" if message.tool_calls().next().is_some() => FinishReason::ToolCalls,
            "completed" => FinishReason::Stop,
            "content_filter" => FinishReason::ContentFilter,
            _ => FinishReason::Length,
        };
        let mut response = ChatResponse::new(origin(), message, Finish::new(reason, end));
        response.id = Some(id);
        response.model = Some(model);
        response.created = Some(created);
        // The protocol always names these two.
        response.usage = usage;
        response.usage.cache_read = response.usage.cache_read.or(Some(0));
        response.usage.reasoning = response.usage.reasoning.or(Some(0));
        response.service_tier = tier;
        if let Some(fact) = fact {
            response.ext.set("openai-responses", "x_fact", fact);
        }
        response
    }
}

/// Without what belongs to items.
fn bare(mut response: ChatResponse) -> ChatResponse {
    for part in &mut response.message.content {
        part.ext.0.remove("openai-responses");
    }
    response
}

proptest! {
    #[test]
    fn a_request_comes_back(mut request in request(), stream in any::<bool>()) {
        // What the client wrote beyond our own fields is a part of what it asked.
        request.form = request.ext.of(responses::FAMILY).map(|_| responses::FAMILY.into());
        let encoded = responses::encode_request(&request, &origin(), stream, &Dialect::OPENAI).unwrap();
        prop_assert_eq!(encoded.warnings, vec![]);
        let decoded = responses::decode_request(&encoded.body).unwrap();
        prop_assert_eq!(decoded.request, request);
        prop_assert_eq!(decoded.stream, stream);
    }

    #[test]
    fn an_answer_comes_back(response in response()) {
        let body = responses::encode_response(&response);
        let decoded = responses::decode_response(&body, &origin(), &Dialect::OPENAI).unwrap();
        prop_assert_eq!(&bare(decoded.clone()), &response);
        let json = |body: &[u8]| serde_json::from_slice::<serde_json::Value>(body).unwrap();
        let again = responses::encode_response(&decoded);
        prop_assert_eq!(json(&again), json(&body), "with the items' own ids nothing is made up");
    }

    #[test]
    fn a_stream_comes_back(response in response()) {
        let (mut encoder, mut body) = (responses::Encoder::new(), Vec::new());
        for event in as_events(&response) {
            encoder.event(&event, &mut body);
        }
        let (streamed, error) = events([&body[..]]);
        prop_assert!(error.is_none(), "{:?}", error);
        let collected = collect(streamed.clone());
        prop_assert_eq!(&bare(collected.clone()), &response);
        // What passes through twice stays what it is, ids and all.
        let (mut encoder, mut second) = (responses::Encoder::new(), Vec::new());
        for event in &streamed {
            encoder.event(event, &mut second);
        }
        let (again, _) = events([&second[..]]);
        prop_assert_eq!(collect(again), collected);
    }

    #[test]
    fn no_damage_makes_it_panic(response in response(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let (mut encoder, mut stream) = (responses::Encoder::new(), Vec::new());
        for event in as_events(&response) {
            encoder.event(&event, &mut stream);
        }
        let mut body = responses::encode_response(&response);
        for bytes in [&mut body, &mut stream] {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = responses::decode_response(&body, &origin(), &Dialect::OPENAI);
        let (events, _) = events([&stream[..]]);
        let mut accumulator = llm_core::Accumulator::default();
        for event in events {
            prop_assert!(accumulator.push(event).is_ok(), "the order of events holds whatever comes");
        }
    }

    #[test]
    fn no_bytes_make_it_panic(body in vec(any::<u8>(), 0..200)) {
        let _ = responses::decode_request(&body);
        let _ = responses::decode_response(&body, &origin(), &Dialect::OPENAI);
        let framed = [b"data: ", &body[..], b"\n\n"].concat();
        let _ = events([&framed[..]]);
    }
}
