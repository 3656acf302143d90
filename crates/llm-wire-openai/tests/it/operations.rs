//! The operations beside chats: what is asked comes out as it went in, and what vendors answer is read.

use std::collections::BTreeMap;

use bytes::Bytes;
use llm_core::{
    Component, ErrorKind, Event, ImageDelivery, ImageRequest, ImageResponse, MadeImage, Media, ModerateInput,
    ModerateRequest, ModerateResponse, Moderation, OnUnsupported, Part, Ranked, RerankRequest, RerankResponse,
    SpeechRequest, Spoken, Timestamps, TranscribeRequest, TranscribeResponse, Usage, Warning,
};
use llm_wire::StreamEncoder;
use llm_wire_openai::audio::{speech, transcriptions};
use llm_wire_openai::dialect::{EmbedForm, TranscriptionForm};
use llm_wire_openai::{Dialect, chat, completions, embed, images, moderations, rerank};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{collect, events, origin};

/// Everything that is said comes back, so nothing may be refused.
const DIALECT: Dialect = Dialect { drop: &[], ..Dialect::OPENAI };

fn text() -> impl Strategy<Value = String> {
    "[ -~äß東京🌤\n\t\"\\\\]{1,20}"
}

fn word() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9_-]{0,12}"
}

fn hundredths(most: u32) -> impl Strategy<Value = f64> {
    (0..=most).prop_map(|n| f64::from(n) / 100.0)
}

fn image() -> impl Strategy<Value = Media> {
    vec(any::<u8>(), 1..60)
        .prop_map(|bytes| Media { filename: Some("a.png".into()), ..Media::inline("image/png", bytes) })
}

fn rerank_request() -> impl Strategy<Value = RerankRequest> {
    (word(), text(), vec(text(), 1..5), of(1..9_u32), of(1..900_u32), of(any::<bool>())).prop_map(
        |(model, query, documents, top_n, max_tokens, repeat)| {
            let mut request = RerankRequest::new(model, query, documents);
            (request.top_n, request.max_tokens_per_document, request.return_documents) = (top_n, max_tokens, repeat);
            request
        },
    )
}

fn image_request() -> impl Strategy<Value = ImageRequest> {
    let words = (of(word()), of(word()), of(word()), of(word()), of(word()), of(word()));
    let delivery = of(prop_oneof![Just(ImageDelivery::Inline), Just(ImageDelivery::Url)]);
    (word(), text(), of(1..9_u32), of(0..100_u32), of(-9..9_i64), words, delivery).prop_map(
        |(model, prompt, count, compression, seed, words, delivery)| {
            let mut request = ImageRequest::new(model, prompt);
            (request.count, request.compression, request.seed) = (count, compression, seed);
            (request.size, request.quality, request.style, request.background, request.format, request.end_user) =
                words;
            request.delivery = delivery;
            request
        },
    )
}

fn moderate_input() -> impl Strategy<Value = Vec<ModerateInput>> {
    let parts = vec(
        prop_oneof![
            text().prop_map(Part::text),
            word().prop_map(|name| Part::media(Media::url("image/*", format!("https://files.test/{name}.png")))),
        ],
        2..4,
    );
    prop_oneof![
        vec(text().prop_map(ModerateInput::from), 1..4),
        parts.prop_map(|parts| vec![ModerateInput::new(parts)])
    ]
}

proptest! {
    #[test]
    fn orders_come_back(request in rerank_request(), scores in vec(hundredths(100), 0..5), used in of(1..900_u64)) {
        let encoded = rerank::encode_request(&request, &origin(), &DIALECT).unwrap();
        prop_assert!(encoded.warnings.is_empty());
        prop_assert_eq!(rerank::decode_request(&encoded.body).unwrap(), request);
        let ranked = (0..).zip(scores).map(|(index, score)| Ranked::new(index, score)).collect();
        let mut response = RerankResponse::new(origin(), ranked);
        response.model = Some("m".into());
        if let Some(used) = used {
            response.usage = Usage::new(used, 0).with_counted(Component::Request, used);
        }
        let body = rerank::encode_response(&response);
        prop_assert_eq!(rerank::decode_response(&body, &origin(), &DIALECT).unwrap(), response);
    }

    #[test]
    fn images_come_back(request in image_request(), picture in image(), prompt in of(text())) {
        let payload = images::encode_request(&request, &origin(), &DIALECT).unwrap();
        prop_assert_eq!(payload.content_type, None);
        prop_assert_eq!(&images::decode_request(&payload.body).unwrap(), &request);
        let mut edit = request.clone().with_image(picture.clone());
        edit.mask = Some(picture.clone());
        let payload = images::encode_request(&edit, &origin(), &DIALECT).unwrap();
        let read = images::decode_edit(&payload.content_type.unwrap(), &Bytes::from(payload.body)).unwrap();
        prop_assert_eq!(read, edit);
        let mut made = MadeImage::new(Media { filename: None, ..picture });
        made.revised_prompt = prompt;
        let mut response = ImageResponse::new(origin(), vec![made, MadeImage::new(Media::url("image/*", "https://x.test/1"))]);
        response.created = Some(5);
        response.usage = Usage::new(3, 4);
        response.usage.input_image = Some(1);
        let read = images::decode_response(&images::encode_response(&response), &ImageRequest::default(), &origin(), &DIALECT).unwrap();
        prop_assert_eq!(read, response);
    }

    #[test]
    fn contents_to_judge_come_back(model in word(), inputs in moderate_input(), score in hundredths(100)) {
        let request = ModerateRequest::new(model, inputs);
        let encoded = moderations::encode_request(&request, &origin(), &DIALECT).unwrap();
        prop_assert_eq!(moderations::decode_request(&encoded.body).unwrap(), request);
        let judged = Moderation::default().with_category("hate", score > 0.5, Some(score)).with_category("war", false, None);
        let mut response = ModerateResponse::new(origin(), vec![judged, Moderation::default()]);
        (response.id, response.model) = (Some("modr-1".into()), Some("m".into()));
        let read = moderations::decode_response(&moderations::encode_response(&response), &origin(), &DIALECT).unwrap();
        prop_assert_eq!(read, response);
    }

    #[test]
    fn texts_to_speak_come_back(input in text(), voice in word(), words in (of(word()), of(word())), speed in of(hundredths(400))) {
        let mut request = SpeechRequest::new("tts", input, voice);
        (request.instructions, request.format, request.speed) = (words.0, words.1, speed);
        let encoded = speech::encode_request(&request, &origin(), &DIALECT).unwrap();
        prop_assert_eq!(speech::decode_request(&encoded.body).unwrap(), request);
    }

    #[test]
    fn sound_comes_back(
        bytes in vec(any::<u8>(), 0..300),
        words in (of("[a-z]{2}"), of(text())),
        temperature in of(hundredths(100)),
        times in 0..4_usize,
        diarize in any::<bool>(),
        name in "[a-z]{1,8}\\.wav",
    ) {
        let audio = Media { filename: Some(name), ..Media::inline("audio/wav", bytes) };
        let mut request = TranscribeRequest::new("whisper-1", audio);
        (request.language, request.prompt) = words;
        request.temperature = temperature;
        request.diarize = diarize.then_some(true);
        if !diarize {
            request.timestamps = [Timestamps::Word, Timestamps::Segment].into_iter().take(times).collect();
        }
        let payload = transcriptions::encode_request(&request, &origin(), &DIALECT).unwrap();
        prop_assert!(payload.warnings.is_empty());
        let body = Bytes::from(payload.body);
        let read = transcriptions::decode_request(&payload.content_type.unwrap(), &body, false).unwrap();
        prop_assert_eq!(read.request, request);
    }

    #[test]
    fn prompts_come_back(prompt in text(), stop in vec(word(), 0..3), most in of(1..90_u32), top_p in of(hundredths(100)), stream in any::<bool>()) {
        let mut request = llm_core::ChatRequest::new("davinci-002").with_user(prompt);
        (request.sampling.stop, request.sampling.max_output_tokens, request.sampling.top_p) = (stop, most, top_p);
        let encoded = completions::encode_request(&request, &origin(), stream, &DIALECT).unwrap();
        prop_assert!(encoded.warnings.is_empty());
        let read = completions::decode_request(&encoded.body).unwrap();
        prop_assert_eq!((read.stream, read.include_usage), (stream, stream));
        prop_assert_eq!(read.request, request);
    }
}

#[test]
fn an_order_has_many_forms() {
    let read = |body: &Value| rerank::decode_response(body.to_string().as_bytes(), &origin(), &Dialect::COMPATIBLE);
    let voyage = json!({"object": "list", "data": [{"relevance_score": 0.5, "index": 1}], "model": "rerank-2",
        "usage": {"total_tokens": 43}});
    let voyage = read(&voyage).unwrap();
    assert_eq!((voyage.results[0].index, voyage.usage.input, voyage.usage.output), (1, Some(43), Some(0)));
    let router = json!({"results": [{"index": 0, "relevance_score": 0.25, "document": {"text": "a"}}],
        "usage": {"cost": 0.001, "search_units": 1}});
    let router = read(&router).unwrap();
    assert_eq!(router.results[0].document.as_deref(), Some("a"));
    assert_eq!(router.usage.counted, BTreeMap::from([(Component::Request, 1)]));
    let error = json!({"error": {"message": "no", "code": 501, "type": "not_supported_error"}});
    assert!(read(&error).is_err());
    for nonsense in [json!([]), json!(5), json!({"results": [5]}), json!({"results": [{"index": -1}]}), json!({})] {
        assert_eq!(read(&nonsense).unwrap_err().kind(), ErrorKind::Malformed, "{nonsense}");
    }
}

#[test]
fn a_prompt_goes_under_the_names_of_the_vendor() {
    let mut request = llm_core::ChatRequest::new("m").with_user("a");
    (request.sampling.seed, request.end_user) = (Some(7), Some("u".into()));
    let written = |dialect: &Dialect| {
        let encoded = completions::encode_request(&request, &origin(), false, dialect).unwrap();
        (serde_json::from_slice::<Value>(&encoded.body).unwrap(), encoded.warnings)
    };
    let (body, warnings) = written(&Dialect::OPENAI);
    assert_eq!((body, warnings.len()), (json!({"model": "m", "prompt": "a", "seed": 7, "user": "u"}), 0));
    let (body, warnings) = written(&Dialect { seed: Some("random_seed"), end_user: None, ..Dialect::OPENAI });
    assert_eq!(body, json!({"model": "m", "prompt": "a", "random_seed": 7}));
    assert!(matches!(&*warnings, [Warning::Unsupported { field, .. }] if field == "end_user"), "{warnings:?}");
}

#[test]
fn what_a_vendor_cannot_take_is_said() {
    let mut request = ImageRequest::new("m", "a cat");
    request.aspect_ratio = Some("16:9".into());
    let dialect = Dialect { drop: &["style"], ..Dialect::OPENAI };
    request.style = Some("vivid".into());
    let payload = images::encode_request(&request, &origin(), &dialect).unwrap();
    let fields: Vec<_> = payload
        .warnings
        .iter()
        .map(|warning| match warning {
            Warning::Unsupported { field, .. } => field.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(fields, ["aspect_ratio", "style"]);
    assert!(!String::from_utf8(payload.body).unwrap().contains("vivid"));
    request.on_unsupported = OnUnsupported::Error;
    let error = images::encode_request(&request, &origin(), &dialect).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let pictures = ModerateInput::new(vec![Part::media(Media::url("image/*", "https://x.test/1"))]);
    let several = ModerateRequest::new("m", [pictures, ModerateInput::from("a")]);
    let error = moderations::encode_request(&several, &origin(), &Dialect::OPENAI).unwrap_err();
    assert_eq!((error.kind(), error.param()), (ErrorKind::Unsupported, Some("inputs")));
}

#[test]
fn images_without_tokens_are_counted() {
    let request = ImageRequest::new("m", "a cat");
    let read =
        |body: Value| images::decode_response(body.to_string().as_bytes(), &request, &origin(), &Dialect::OPENAI);
    let xai = json!({"data": [{"url": "https://x.test/1", "mime_type": "image/jpeg"}],
        "usage": {"cost_in_usd_ticks": 200_000_000_u64}});
    let xai = read(xai).unwrap();
    assert_eq!(xai.images[0].media, Media::url("image/jpeg", "https://x.test/1"));
    assert_eq!(xai.usage.counted, BTreeMap::from([(Component::Image, 1)]));
    let png = read(json!({"data": [{"b64_json": "iVBORw0KGgo="}]})).unwrap();
    assert_eq!(png.images[0].media.media_type, "image/png", "its first bytes tell");
    for nonsense in [json!([]), json!({"data": [{}]}), json!({"data": [{"b64_json": "?"}]})] {
        assert_eq!(read(nonsense).unwrap_err().kind(), ErrorKind::Malformed);
    }
}

#[test]
fn sound_is_sound_and_json_is_an_error() {
    let request = SpeechRequest::new("tts-1", "grüße", "alloy");
    let read = |body: &'static [u8], content_type| {
        speech::decode_response(Bytes::from_static(body), content_type, &request, &origin(), &Dialect::OPENAI)
    };
    let spoken = read(b"ID3", Some("audio/mpeg; charset=x")).unwrap();
    assert_eq!((&*spoken.audio.media_type, spoken.audio.bytes().unwrap().len()), ("audio/mpeg", 3));
    assert_eq!(spoken.usage.counted, BTreeMap::from([(Component::InputCharacter, 5)]));
    assert_eq!(read(b"ID3", Some("application/octet-stream")).unwrap().audio.media_type, "audio/mpeg");
    let error = read(br#"{"error":{"message":"no","code":"invalid_api_key"}}"#, Some("application/json"));
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Auth);
    assert_eq!(read(b"", None).unwrap_err().kind(), ErrorKind::Malformed);
}

#[test]
fn transcripts_have_many_forms() {
    let read = |body: &str, content_type| {
        transcriptions::decode_response(&Bytes::from(body.to_owned()), content_type, &origin(), &Dialect::OPENAI)
    };
    let who = r#"{"text":"a b","duration":3.7,"segments":[{"text":" a","speaker":"A","start":0.0,"end":1.5,"id":"s"}],
        "usage":{"type":"tokens","input_tokens":37,"output_tokens":4,"input_token_details":{"audio_tokens":37}}}"#;
    let who = read(who, Some("application/json")).unwrap();
    assert_eq!((who.segments[0].speaker.as_deref(), who.usage.input_audio), (Some("A"), Some(37)));
    let old = read(r#"{"text":"a","duration":5.2,"language":"english"}"#, None).unwrap();
    assert_eq!(old.usage.counted, BTreeMap::from([(Component::InputAudioSecond, 6)]));
    assert_eq!(read("a\n", Some("text/plain")).unwrap().text, "a");
    let events = "data: {\"type\":\"transcript.text.segment\",\"text\":\"a\",\"start\":0,\"end\":1}\r\n\r\n\
        data: {\"type\":\"transcript.text.done\",\"text\":\"a\"}\r\n\r\ndata: [DONE]\r\n\r\n";
    let streamed = read(events, Some("text/event-stream")).unwrap();
    assert_eq!((&*streamed.text, &*streamed.segments), ("a", &[Spoken::new("a", 0.0, 1.0)][..]));
    for cut in 0..events.find("\"}\r\n\r\ndata: [D").unwrap() {
        assert!(read(&events[..cut], Some("text/event-stream")).is_err(), "cut at {cut}");
    }
    assert_eq!(read("[]", None).unwrap_err().kind(), ErrorKind::Malformed);
    let mut response = TranscribeResponse::new(origin(), "a b".into());
    (response.language, response.duration) = (Some("en".into()), Some(2.0));
    response.segments = vec![Spoken::new("a b", 0.0, 2.0)];
    response.words = vec![Spoken::new("a", 0.0, 1.0), Spoken::new("b", 1.0, 2.0)];
    response.usage = Usage::default().with_counted(Component::InputAudioSecond, 2);
    let (content_type, body) = transcriptions::encode_response(&response, "verbose_json");
    assert_eq!(read(&String::from_utf8(body).unwrap(), Some(content_type)).unwrap(), response);
    let (content_type, body) = transcriptions::encode_response(&response, "text");
    assert_eq!(read(&String::from_utf8(body).unwrap(), Some(content_type)).unwrap().text, "a b");
}

#[test]
fn sound_goes_out_in_the_vendors_form() {
    let mut request = TranscribeRequest::new("m", Media::inline("audio/mpeg", &b"abc"[..]));
    request.diarize = Some(true);
    let encode = |form| {
        let dialect = Dialect { transcription: form, ..Dialect::COMPATIBLE };
        transcriptions::encode_request(&request, &origin(), &dialect).unwrap()
    };
    let flags = encode(TranscriptionForm::Flags);
    let body = String::from_utf8(flags.body).unwrap();
    assert!(body.contains("name=\"diarize\"\r\n\r\ntrue\r\n") && body.contains("filename=\"audio.mp3\""), "{body}");
    let json = encode(TranscriptionForm::InputAudio);
    assert_eq!(json.warnings.len(), 1, "nobody says who speaks");
    let body: Value = serde_json::from_slice(&json.body).unwrap();
    assert_eq!(body, json!({"model": "m", "input_audio": {"data": "YWJj", "format": "mp3"}}));
}

#[test]
fn continuations_are_read_as_chats_and_written_for_old_clients() {
    let whole = r#"{"id":"cmpl-1","object":"text_completion","created":5,"model":"davinci-002","choices":[
        {"text":"a b","index":0,"logprobs":null,"finish_reason":"length"},
        {"text":"c","index":1,"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}"#;
    let response = chat::decode_response(whole.as_bytes(), &origin(), &Dialect::OPENAI).unwrap();
    assert_eq!((response.text(), response.more[0].message.text()), ("a b".into(), "c".into()));
    let written: Value = serde_json::from_slice(&completions::encode_response(&response)).unwrap();
    assert_eq!(written, serde_json::from_str::<Value>(whole).unwrap());
    let chunk = |text: &str, end: &str| {
        format!(
            r#"data: {{"id":"cmpl-1","object":"text_completion","created":5,"choices":[{{"text":"{text}","index":0,"logprobs":null,"finish_reason":{end}}}],"model":"m"}}"#
        )
    };
    let stream =
        format!("{}\n\n{}\n\n{}\n\ndata: [DONE]\n\n", chunk("a", "null"), chunk(" b", "null"), chunk("", "\"stop\""));
    let (seen, error) = events([stream.as_bytes()], &Dialect::OPENAI);
    assert!(error.is_none(), "{error:?}");
    assert_eq!(collect(seen.clone()).text(), "a b");
    let mut encoder = completions::Encoder::new(false);
    let mut out = Vec::new();
    for event in &seen {
        encoder.event(event, &mut out);
    }
    let (again, error) = events([&out[..]], &Dialect::OPENAI);
    assert!(error.is_none() && seen.iter().any(|event| matches!(event, Event::Finish(_))));
    assert_eq!(collect(again).text(), "a b");
}

#[test]
fn sound_may_come_as_json() {
    let body = json!({"model": "m", "language": "de", "temperature": 0.5, "provider": {"only": ["x"]},
        "input_audio": {"data": "aGk=", "format": "mp3"}});
    let read = transcriptions::decode_json(body.to_string().as_bytes()).unwrap();
    assert_eq!((&*read.format, read.request.audio.bytes().unwrap().as_ref()), ("json", &b"hi"[..]));
    let dialect = Dialect { transcription: TranscriptionForm::InputAudio, ..Dialect::COMPATIBLE };
    let written = transcriptions::encode_request(&read.request, &origin(), &dialect).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&written.body).unwrap(), body);
    for (wrong, field) in [
        (json!({}), "input_audio"),
        (json!({"input_audio": {"format": "mp3"}}), "input_audio.data"),
        (json!({"input_audio": {"data": "aGk="}}), "input_audio.format"),
        (json!({"input_audio": {"data": "%", "format": "mp3"}}), "input_audio.data"),
    ] {
        let error = transcriptions::decode_json(wrong.to_string().as_bytes()).unwrap_err();
        assert_eq!((error.kind(), error.param()), (ErrorKind::InvalidRequest, Some(field)));
    }
}

#[test]
fn bare_vectors_are_read_where_the_vendor_gives_them() {
    let dialect = Dialect { embed_form: EmbedForm::Features, ..Dialect::COMPATIBLE };
    let read = |body: &str| embed::decode_response(body.as_bytes(), &origin(), &dialect);
    assert_eq!(read("[0.5, 1]").unwrap().vectors, [[0.5, 1.0]]);
    assert_eq!(read("[[0.5], [1]]").unwrap().vectors, [[0.5], [1.0]]);
    assert!(read(r#"{"error": "model is overloaded"}"#).unwrap_err().message().contains("overloaded"));
    assert_eq!(read("[[[1]]]").unwrap_err().kind(), ErrorKind::Malformed);
}

#[test]
fn token_numbers_go_to_who_knows_them() {
    let read = |input: &Value| embed::decode_request(json!({"model": "m", "input": input}).to_string().as_bytes());
    for input in [json!([1, 2, 3]), json!([[1, 2], [3]])] {
        let request = read(&input).unwrap().request;
        assert!(request.inputs.is_empty(), "no other protocol has texts to send");
        let written = embed::encode_request(&request, &origin(), &Dialect::COMPATIBLE).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&written.body).unwrap(), json!({"model": "m", "input": input}));
    }
    assert_eq!(read(&json!(["a", "b"])).unwrap().request.inputs, ["a", "b"]);
    for (input, field, what) in [
        (json!([1, "a"]), "input", "input must be strings or token numbers"),
        (json!([1, [2]]), "input", "input must be strings or token numbers"),
        (json!(["a", {}]), "input[1]", "input[1] must be a string or token numbers"),
        (json!({}), "input", "input must be a string or a list of strings"),
        (json!([]), "input", "input is empty: send at least one text"),
    ] {
        let error = read(&input).unwrap_err();
        assert_eq!((error.param(), error.message()), (Some(field), what), "{input}");
    }
}
