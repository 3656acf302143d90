//! The fields of what is asked beside chats.

use std::sync::Arc;

use llm_core::{
    EmbedRequest, ImageDelivery, ImageRequest, Media, MediaData, ModerateRequest, Part, Request, RerankRequest,
    SpeechRequest, Timestamps, TranscribeRequest,
};

use super::case::{Case, Cases, Fate};
use super::media::{BYTES, URL, bytes_mark};

/// The smallest request of an operation.
pub(super) fn plain(operation: &str, model: &str) -> Option<Request> {
    Some(match operation {
        "embed" => Request::Embed(Arc::new(embed(model))),
        "rerank" => Request::Rerank(Arc::new(rerank(model))),
        "image" => Request::Image(Arc::new(image(model))),
        "speech" => Request::Speech(Arc::new(speech(model))),
        "transcribe" => Request::Transcribe(Arc::new(transcribe(model))),
        "moderate" => Request::Moderate(Arc::new(moderate(model))),
        _ => return None,
    })
}

/// Every field of an operation's request.
pub(super) fn all(operation: &str, model: &str, api: &str) -> Vec<Case> {
    match operation {
        "embed" => of_embed(model, api),
        "rerank" => of_rerank(model, api),
        "image" => of_image(model, api),
        "speech" => of_speech(model, api),
        "transcribe" => of_transcribe(model, api),
        "moderate" => of_moderate(model, api),
        _ => Vec::new(),
    }
}

fn embed(model: &str) -> EmbedRequest {
    EmbedRequest::new(model, ["Hello"])
}

fn rerank(model: &str) -> RerankRequest {
    RerankRequest::new(model, "Hello", ["one", "two"])
}

fn image(model: &str) -> ImageRequest {
    ImageRequest::new(model, "Hello")
}

fn speech(model: &str) -> SpeechRequest {
    SpeechRequest::new(model, "Hello", "alloy")
}

fn transcribe(model: &str) -> TranscribeRequest {
    TranscribeRequest::new(model, wav())
}

fn moderate(model: &str) -> ModerateRequest {
    ModerateRequest::new(model, ["Hello"])
}

fn wav() -> Media {
    let mut audio = Media::inline("audio/wav", &b"RIFF"[..]);
    audio.filename = Some("sound.wav".to_owned());
    audio
}

impl<R: Clone> Cases<R> {
    /// A text that only this field has.
    fn text(&mut self, field: &'static str, value: &str, set: impl FnOnce(&mut R, String)) {
        self.field(field, &[value], |request| set(request, value.to_owned()));
    }
}

fn of_embed(model: &str, api: &str) -> Vec<Case> {
    let mut cases = Cases::new(embed(model), |request| Request::Embed(Arc::new(request)));
    cases.model(model);
    cases.heart("a text", "inputs", "words-7351", |request| request.inputs = vec!["words-7351".to_owned()]);
    cases.heart("a second text", "inputs", "words-7351", |request| request.inputs.push("words-7351".to_owned()));
    cases.field("dimensions", &["735"], |request| request.dimensions = Some(735));
    let task = |task: &str| {
        let task = task.to_owned();
        move |request: &mut EmbedRequest| request.task = Some(task)
    };
    cases.change("the task document", "task", &[], task("query"), task("document"));
    cases.named("an unknown task", "task", &["7351"], task("task-7351"));
    cases.text("end_user", "user-7351", |request, value| request.end_user = Some(value));
    cases.extensions(api, |request| &mut request.ext);
    cases.list
}

fn of_rerank(model: &str, api: &str) -> Vec<Case> {
    let mut cases = Cases::new(rerank(model), |request| Request::Rerank(Arc::new(request)));
    cases.model(model);
    cases.heart("query", "query", "words-7351", |request| "words-7351".clone_into(&mut request.query));
    cases.heart("a document", "documents", "words-7351", |request| "words-7351".clone_into(&mut request.documents[1]));
    cases.field("top_n", &[], |request| request.top_n = Some(1));
    cases.field("max_tokens_per_document", &["735"], |request| request.max_tokens_per_document = Some(735));
    // `false` is what most vendors do unasked, here and below.
    cases.field("return_documents", &[], |request| request.return_documents = Some(true));
    cases.extensions(api, |request| &mut request.ext);
    cases.list
}

fn of_image(model: &str, api: &str) -> Vec<Case> {
    let mut cases = Cases::new(image(model), |request| Request::Image(Arc::new(request)));
    cases.model(model);
    cases.heart("prompt", "prompt", "words-7351", |request| "words-7351".clone_into(&mut request.prompt));
    let bytes = bytes_mark();
    let first = || Media::inline("image/png", &b"first"[..]);
    cases.named("an image", "images", &[&bytes], |request| request.images = vec![Media::inline("image/png", BYTES)]);
    cases.change(
        "a second image",
        "images",
        &[&bytes],
        |request| request.images = vec![first()],
        |request| request.images.push(Media::inline("image/png", BYTES)),
    );
    cases.named("an image by url", "images", &[URL], |request| request.images = vec![Media::url("image/png", URL)]);
    let mask = |mask: Media| move |request: &mut ImageRequest| request.mask = Some(mask);
    let with_first = |request: &mut ImageRequest| request.images = vec![first()];
    cases.change("mask", "mask", &[&bytes], with_first, mask(Media::inline("image/png", BYTES)));
    cases.change("a mask by url", "mask", &[URL], with_first, mask(Media::url("image/png", URL)));
    cases.named("a mask without an image", "mask", &[&bytes], mask(Media::inline("image/png", BYTES)));
    cases.field("count", &[], |request| request.count = Some(2));
    cases.text("size", "735x351", |request, value| request.size = Some(value));
    cases.text("aspect_ratio", "73:51", |request, value| request.aspect_ratio = Some(value));
    cases.text("quality", "quality-7351", |request, value| request.quality = Some(value));
    cases.text("style", "style-7351", |request, value| request.style = Some(value));
    cases.text("background", "background-7351", |request, value| request.background = Some(value));
    cases.text("format", "webp", |request, value| request.format = Some(value));
    cases.field("compression", &["73"], |request| request.compression = Some(73));
    cases.field("seed", &["73519"], |request| request.seed = Some(73519));
    for delivery in [ImageDelivery::Inline, ImageDelivery::Url] {
        cases.named(&format!("the delivery {delivery:?}"), "delivery", &[], |request| {
            request.delivery = Some(delivery);
        });
    }
    cases.text("end_user", "user-7351", |request, value| request.end_user = Some(value));
    cases.extensions(api, |request| &mut request.ext);
    cases.list
}

fn of_speech(model: &str, api: &str) -> Vec<Case> {
    let mut cases = Cases::new(speech(model), |request| Request::Speech(Arc::new(request)));
    cases.model(model);
    cases.heart("input", "input", "words-7351", |request| "words-7351".clone_into(&mut request.input));
    cases.heart("voice", "voice", "voice-7351", |request| "voice-7351".clone_into(&mut request.voice));
    cases.text("instructions", "words-7351", |request, value| request.instructions = Some(value));
    cases.text("format", "opus", |request, value| request.format = Some(value));
    cases.field("speed", &["1.37"], |request| request.speed = Some(1.37));
    cases.extensions(api, |request| &mut request.ext);
    cases.list
}

fn of_transcribe(model: &str, api: &str) -> Vec<Case> {
    let mut cases = Cases::new(transcribe(model), |request| Request::Transcribe(Arc::new(request)));
    cases.model(model);
    cases.heart("audio", "audio", &bytes_mark(), |request| {
        request.audio.data = MediaData::Inline { bytes: BYTES.into() };
    });
    cases.named("the name of a file", "audio", &["sound-7351"], |request| {
        request.audio.filename = Some("sound-7351.wav".to_owned());
    });
    cases.last(Fate::Instead("sound.wav"));
    cases.named("the type of a sound", "audio", &[], |request| {
        request.audio = Media { filename: Some("sound.mp3".to_owned()), ..Media::inline("audio/mpeg", &b"RIFF"[..]) };
    });
    cases.named("a sound by url", "audio", &[URL], |request| request.audio = Media::url("audio/wav", URL));
    cases.field("translate", &[], |request| request.translate = true);
    cases.text("language", "cy", |request, value| request.language = Some(value));
    cases.text("prompt", "words-7351", |request, value| request.prompt = Some(value));
    cases.field("temperature", &["0.37"], |request| request.temperature = Some(0.37));
    for times in [Timestamps::Segment, Timestamps::Word] {
        cases.named(&format!("the times of {times:?}"), "timestamps", &[], |request| request.timestamps = vec![times]);
    }
    cases.field("diarize", &[], |request| request.diarize = Some(true));
    cases.extensions(api, |request| &mut request.ext);
    cases.list
}

fn of_moderate(model: &str, api: &str) -> Vec<Case> {
    let mut cases = Cases::new(moderate(model), |request| Request::Moderate(Arc::new(request)));
    cases.model(model);
    cases.heart("a text", "inputs", "words-7351", |request| request.inputs = vec!["words-7351".into()]);
    cases.heart("a second text", "inputs", "words-7351", |request| request.inputs.push("words-7351".into()));
    let bytes = bytes_mark();
    let parts = [
        ("a second part", "words-7351", Part::text("words-7351")),
        ("an image", &*bytes, Part::media(Media::inline("image/png", BYTES))),
        ("an image by url", URL, Part::media(Media::url("image/png", URL))),
        ("a sound", &*bytes, Part::media(Media::inline("audio/wav", BYTES))),
        ("a call", "words-7351", Part::tool_call("call_1", "words-7351", "{}")),
    ];
    for (name, mark, part) in parts {
        cases.named(name, "inputs", &[mark], |request| request.inputs[0].content.push(part));
    }
    cases.extensions(api, |request| &mut request.ext);
    cases.list
}
