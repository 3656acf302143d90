//! Arbitrary requests and answers, as far as the vendor's form can say them.
//!
//! Left out, because the form has no place for it or writes it in another way: names of speakers, cache hints, file names
//! and details of media, citations without their grounding, `metadata`, `end_user`, the efforts `none` and `max`, empty
//! messages, calls without arguments, and ids like `call_7` out of their order.

use std::sync::Arc;

use llm_core::{
    Candidate, ChatRequest, ChatResponse, Effort, FinishReason, FunctionTool, JsonSchema, Media, Message, OutputFormat,
    Part, PartKind, Reasoning, Role, Tool, ToolChoice, ToolResult, ToolStatus, Usage, Visibility,
};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{MODEL, origin};

fn words() -> impl Strategy<Value = String> {
    prop_oneof![".{1,12}", Just("Größe 你好 😊\n\"\\\u{7f}\u{2028}".to_owned())]
}

fn object() -> impl Strategy<Value = String> {
    let value =
        prop_oneof![words().prop_map(Value::from), any::<i64>().prop_map(Value::from), Just(json!([null, {"x": 1.5}]))];
    let compact =
        vec((words(), value), 0..3).prop_map(|fields| Value::Object(fields.into_iter().collect()).to_string());
    prop_oneof![compact, Just("{ \"b\" : 1.0,\n\"a\": 1e2 }".to_owned())]
}

fn signature() -> impl Strategy<Value = Option<String>> {
    of("[A-Za-z0-9+/]{4,12}=")
}

fn media() -> impl Strategy<Value = Media> {
    prop_oneof![
        vec(any::<u8>(), 0..6).prop_map(|bytes| Media::inline("image/png", bytes)),
        Just(Media::url("application/pdf", "https://x.test/a?b=c")),
    ]
}

fn opaque() -> impl Strategy<Value = Part> {
    words().prop_map(|code| Part::opaque("gemini.executableCode", json!({"executableCode": {"code": code}})))
}

fn user_part() -> impl Strategy<Value = Part> {
    let part = prop_oneof![words().prop_map(Part::text), media().prop_map(Part::media)];
    (part, any::<bool>()).prop_map(|(mut part, ext)| {
        if ext {
            part.ext.set("gemini", "videoMetadata", json!({"fps": 2}));
        }
        part
    })
}

/// A part of the model's; calls get their ids later.
fn model_part() -> impl Strategy<Value = Part> {
    let part = prop_oneof![
        3 => words().prop_map(Part::text),
        1 => words().prop_map(|text| Part::new(PartKind::Reasoning {
            text,
            visibility: Visibility::Summary,
            encrypted: None,
        })),
        1 => opaque(),
        1 => media().prop_map(Part::media),
        2 => ("[a-z_]{1,8}", object()).prop_map(|(name, arguments)| Part::tool_call("", name, arguments)),
    ];
    (part, signature()).prop_map(|(mut part, signature)| {
        part.signature = signature;
        part
    })
}

/// Gives every call an id: the vendor's, or the next made-up one.
fn number(parts: &mut [Part], next: &mut u32, given: bool) {
    for part in parts {
        if let PartKind::ToolCall(call) = &mut part.kind {
            call.id = if given { format!("fc-{next}") } else { format!("call_{next}") };
            *next += 1;
        }
    }
}

fn result(call: &llm_core::ToolCall, text: String, media: Option<Media>, failed: bool) -> Message {
    let mut content = vec![Part::text(text)];
    content.extend(media.map(Part::media));
    let status = if failed { ToolStatus::Error } else { ToolStatus::Ok };
    let result = ToolResult { call_id: call.id.clone(), name: Some(call.name.clone()), content, status };
    Message::new(Role::Tool, vec![Part::new(PartKind::ToolResult(result))])
}

fn conversation() -> impl Strategy<Value = Vec<Arc<Message>>> {
    let text = prop_oneof![
        words(),
        object(),
        words().prop_map(|text| json!({"result": text}).to_string()),
        Just(r#"{"error": "no"}"#.to_owned()),
        Just("{not json".to_owned()),
    ];
    let answer = (text, of(media()), any::<bool>());
    let turn = (vec(user_part(), 1..3), vec(model_part(), 1..5), vec(answer, 5));
    (of(vec(words().prop_map(Part::text), 1..3)), vec(turn, 1..3), any::<bool>()).prop_map(|(system, turns, given)| {
        let mut messages: Vec<Message> = system.map(|parts| Message::new(Role::System, parts)).into_iter().collect();
        let mut next = 0;
        for (user, mut model, answers) in turns {
            number(&mut model, &mut next, given);
            let model = Message::new(Role::Assistant, model);
            let calls: Vec<_> = model.tool_calls().cloned().collect();
            messages.extend([Message::new(Role::User, user), model]);
            messages.extend(
                calls.iter().zip(answers).map(|(call, (text, media, failed))| result(call, text, media, failed)),
            );
        }
        messages.into_iter().map(Arc::new).collect()
    })
}

fn tools() -> impl Strategy<Value = Vec<Arc<Tool>>> {
    let function = ("[a-z]{1,5}", of(words()), object(), any::<bool>()).prop_map(|(name, description, schema, ext)| {
        let schema = serde_json::from_str(&schema).unwrap();
        let mut function = FunctionTool { name, description, schema, ..FunctionTool::default() };
        if ext {
            function.ext.set("gemini", "behavior", "NON_BLOCKING");
        }
        Arc::new(Tool::Function(function))
    });
    let search =
        Tool::Provider { id: "gemini.googleSearch".to_owned(), name: String::new(), args: serde_json::Map::new() };
    (vec(function, 0..3), vec(Just(Arc::new(search)), 0..2)).prop_map(|(functions, own)| [functions, own].concat())
}

/// A decimal of few digits, which every JSON reader reads alike.
fn decimal() -> impl Strategy<Value = f64> {
    (-200_i32..200).prop_map(|hundredths| f64::from(hundredths) / 100.0)
}

pub(crate) fn request() -> impl Strategy<Value = ChatRequest> {
    let reasoning = prop_oneof![
        prop::sample::select(vec!["minimal", "low", "medium", "high", "xhigh", "ultra"])
            .prop_map(|word| Reasoning::Effort(Effort::from(word))),
        any::<u32>().prop_map(Reasoning::Budget),
    ];
    let output = prop_oneof![
        Just(OutputFormat::Text),
        Just(OutputFormat::Json),
        Just(OutputFormat::JsonSchema(JsonSchema {
            schema: json!({"type": ["object", "null"]}),
            ..JsonSchema::default()
        })),
    ];
    let choice = prop_oneof![
        Just(ToolChoice::Auto),
        Just(ToolChoice::None),
        Just(ToolChoice::Required),
        "[a-z]{1,5}".prop_map(ToolChoice::Named),
    ];
    let numbers = (of(decimal()), of(decimal()), of(decimal()), of(decimal()), of(any::<i32>()));
    let counts = (of(any::<u32>()), of(any::<u32>()), of(any::<u32>()), of(any::<u32>()), vec(words(), 0..3));
    let rest = (of(reasoning), output, choice, of(words()), any::<bool>());
    (conversation(), tools(), numbers, counts, rest).prop_map(|(messages, tools, numbers, counts, rest)| {
        let mut request = ChatRequest::new(MODEL);
        (request.messages, request.tools) = (messages, tools);
        let sampling = &mut request.sampling;
        (sampling.temperature, sampling.top_p, sampling.presence_penalty, sampling.frequency_penalty, _) = numbers;
        sampling.seed = numbers.4.map(i64::from);
        (sampling.top_k, sampling.max_output_tokens, sampling.candidates, sampling.logprobs, sampling.stop) = counts;
        let ext;
        (request.reasoning, request.output, request.tool_choice, request.service_tier, ext) = rest;
        if ext {
            request.ext.set("gemini", "generationConfig", json!({"mediaResolution": "LOW"}));
            request.ext.set("gemini", "safetySettings", json!([{"category": "C"}]));
        }
        request
    })
}

fn usage() -> impl Strategy<Value = Usage> {
    let count = || 0_u64..1_000_000;
    (of((count(), of(count()))), of((count(), of(count()))), of(count()), of(count()), any::<bool>()).prop_map(
        |(input, output, cached, audio, extra)| {
            let mut usage = Usage::default();
            if let Some((prompt, tool_use)) = input {
                usage.input = Some(prompt + tool_use.unwrap_or_default());
                usage.extra.extend(tool_use.map(|tokens| ("toolUsePromptTokenCount".to_owned(), tokens.into())));
            }
            if let Some((words, thoughts)) = output {
                (usage.output, usage.reasoning) = (Some(words + thoughts.unwrap_or_default()), thoughts);
            }
            (usage.cache_read, usage.input_audio, usage.output_audio) = (cached, audio, audio);
            if extra {
                usage.extra.insert("trafficType".to_owned(), "ON_DEMAND".into());
            }
            usage
        },
    )
}

fn candidate() -> impl Strategy<Value = Candidate> {
    let end = prop::sample::select(vec![
        ("STOP", FinishReason::Stop),
        ("MAX_TOKENS", FinishReason::Length),
        ("SAFETY", FinishReason::ContentFilter),
        ("MALFORMED_FUNCTION_CALL", FinishReason::Error),
        ("TOMORROW", FinishReason::Other("TOMORROW".to_owned())),
    ]);
    (vec(model_part(), 0..6), end).prop_map(|(parts, (word, reason))| {
        let mut message = Message::new(Role::Assistant, parts);
        message.origin = Some(origin());
        let calls = message.content.iter().any(|part| matches!(part.kind, PartKind::ToolCall(_)));
        let reason = if calls && word == "STOP" { FinishReason::ToolCalls } else { reason };
        Candidate { message, finish: llm_core::Finish::new(reason, word) }
    })
}

pub(crate) fn response() -> impl Strategy<Value = ChatResponse> {
    let seconds = of(0_u64..253_402_300_800);
    let facts = (of(words()), words(), seconds, of(words()), any::<bool>(), any::<bool>());
    (candidate(), vec(candidate(), 0..2), usage(), facts).prop_map(|(first, mut more, usage, facts)| {
        let mut next = 0;
        let (id, model, created, service_tier, ext, given) = facts;
        let mut response = ChatResponse::new(origin(), first.message, first.finish);
        number(&mut response.message.content, &mut next, given);
        for candidate in &mut more {
            number(&mut candidate.message.content, &mut next, given);
        }
        (response.more, response.usage) = (more, usage);
        (response.id, response.model, response.created, response.service_tier) =
            (id, Some(model), created, service_tier);
        if ext {
            response.ext.set("gemini", "promptFeedback", json!({"safetyRatings": [1]}));
            response.ext.set("gemini", "finishMessage", "m");
        }
        response
    })
}
