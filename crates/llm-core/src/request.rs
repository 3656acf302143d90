//! Everything a provider can be asked, and what it answers.

use std::sync::Arc;

use crate::answer::{About, Answer as _};
use crate::chat::ChatRequest;
use crate::count_tokens::TokenCount;
use crate::embed::{EmbedRequest, EmbedResponse};
use crate::image::{ImageRequest, ImageResponse};
use crate::media::Media;
use crate::models::ModelInfo;
use crate::moderate::{ModerateRequest, ModerateResponse};
use crate::part::{Part, PartKind};
use crate::rerank::{RerankRequest, RerankResponse};
use crate::response::ChatResponse;
use crate::speech::{SpeechRequest, SpeechResponse};
use crate::stream::ChatStream;
use crate::transcribe::{TranscribeRequest, TranscribeResponse};
use crate::usage::Usage;

/// Everything a provider can be asked. Cheap to clone: a retry sends the same `Arc`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Request {
    /// A whole answer.
    Chat(Arc<ChatRequest>),
    /// An answer as it is made.
    ChatStream(Arc<ChatRequest>),
    /// Vectors.
    Embed(Arc<EmbedRequest>),
    /// Documents in order.
    Rerank(Arc<RerankRequest>),
    /// Images.
    Image(Arc<ImageRequest>),
    /// A text, spoken.
    Speech(Arc<SpeechRequest>),
    /// Sound, in writing.
    Transcribe(Arc<TranscribeRequest>),
    /// Judgements of contents.
    Moderate(Arc<ModerateRequest>),
    /// How many tokens a chat would take.
    CountTokens(Arc<ChatRequest>),
    /// The models on offer.
    Models,
}

impl Request {
    /// The operation in one stable word.
    pub fn operation(&self) -> &'static str {
        match self {
            Self::Chat(_) => "chat",
            Self::ChatStream(_) => "chat_stream",
            Self::Embed(_) => "embed",
            Self::Rerank(_) => "rerank",
            Self::Image(_) => "image",
            Self::Speech(_) => "speech",
            Self::Transcribe(_) => "transcribe",
            Self::Moderate(_) => "moderate",
            Self::CountTokens(_) => "count_tokens",
            Self::Models => "models",
        }
    }

    /// The model that is asked for; empty for operations without one.
    pub fn model(&self) -> &str {
        match self {
            Self::Chat(request) | Self::ChatStream(request) | Self::CountTokens(request) => &request.model,
            Self::Embed(request) => &request.model,
            Self::Rerank(request) => &request.model,
            Self::Image(request) => &request.model,
            Self::Speech(request) => &request.model,
            Self::Transcribe(request) => &request.model,
            Self::Moderate(request) => &request.model,
            Self::Models => "",
        }
    }

    /// The same request for another model. Costs nothing when the model is that one already.
    pub fn with_model(mut self, model: &str) -> Self {
        if self.model() == model {
            return self;
        }
        let place = match &mut self {
            Self::Chat(request) | Self::ChatStream(request) | Self::CountTokens(request) => {
                &mut Arc::make_mut(request).model
            }
            Self::Embed(request) => &mut Arc::make_mut(request).model,
            Self::Rerank(request) => &mut Arc::make_mut(request).model,
            Self::Image(request) => &mut Arc::make_mut(request).model,
            Self::Speech(request) => &mut Arc::make_mut(request).model,
            Self::Transcribe(request) => &mut Arc::make_mut(request).model,
            Self::Moderate(request) => &mut Arc::make_mut(request).model,
            Self::Models => return self,
        };
        model.clone_into(place);
        self
    }

    /// Whether the vendor charges for it. Counting tokens and listing models cost nothing anywhere.
    pub fn is_billed(&self) -> bool {
        !matches!(self, Self::CountTokens(_) | Self::Models)
    }

    /// Shows the texts and media of a request, but not a chat's, which have parts of many kinds.
    pub fn each_content<'a>(&'a self, see: &mut dyn FnMut(Content<'a>)) {
        match self {
            Self::Embed(embed) => embed.inputs.iter().for_each(|text| see(Content::Text(text))),
            Self::Rerank(rerank) => {
                see(Content::Text(&rerank.query));
                rerank.documents.iter().for_each(|text| see(Content::Text(text)));
            }
            Self::Image(image) => {
                see(Content::Text(&image.prompt));
                image.images.iter().chain(&image.mask).for_each(|media| see(Content::Media(media)));
            }
            Self::Speech(speech) => {
                see(Content::Text(&speech.input));
                see(Content::Text(speech.instructions.as_deref().unwrap_or_default()));
            }
            Self::Transcribe(transcribe) => {
                see(Content::Text(transcribe.prompt.as_deref().unwrap_or_default()));
                see(Content::Media(&transcribe.audio));
            }
            Self::Moderate(moderate) => {
                moderate.inputs.iter().flat_map(|input| &input.content).filter_map(Content::of).for_each(see);
            }
            Self::Chat(_) | Self::ChatStream(_) | Self::CountTokens(_) | Self::Models => {}
        }
    }
}

/// A text or a medium in a request.
#[derive(Clone, Copy, Debug)]
pub enum Content<'a> {
    /// Words.
    Text(&'a str),
    /// An image, sound, video or document.
    Media(&'a Media),
}

impl<'a> Content<'a> {
    fn of(part: &'a Part) -> Option<Self> {
        match &part.kind {
            PartKind::Media(media) => Some(Self::Media(media)),
            _ => part.as_text().map(Self::Text),
        }
    }
}

/// What a provider answers, variant for variant as it was asked.
#[derive(Debug)]
#[non_exhaustive]
pub enum Response {
    /// To [`Request::Chat`].
    Chat(Box<ChatResponse>),
    /// To [`Request::ChatStream`].
    ChatStream(ChatStream),
    /// To [`Request::Embed`].
    Embed(Box<EmbedResponse>),
    /// To [`Request::Rerank`].
    Rerank(Box<RerankResponse>),
    /// To [`Request::Image`].
    Image(Box<ImageResponse>),
    /// To [`Request::Speech`].
    Speech(Box<SpeechResponse>),
    /// To [`Request::Transcribe`].
    Transcribe(Box<TranscribeResponse>),
    /// To [`Request::Moderate`].
    Moderate(Box<ModerateResponse>),
    /// To [`Request::CountTokens`].
    CountTokens(Box<TokenCount>),
    /// To [`Request::Models`].
    Models(Vec<ModelInfo>),
}

impl Response {
    /// The operation that it answers, in the word of [`Request::operation`].
    pub fn operation(&self) -> &'static str {
        match self {
            Self::Chat(_) => "chat",
            Self::ChatStream(_) => "chat_stream",
            Self::Embed(_) => "embed",
            Self::Rerank(_) => "rerank",
            Self::Image(_) => "image",
            Self::Speech(_) => "speech",
            Self::Transcribe(_) => "transcribe",
            Self::Moderate(_) => "moderate",
            Self::CountTokens(_) => "count_tokens",
            Self::Models(_) => "models",
        }
    }

    /// What it took; `None` for a stream, which says so at its end, and for what is no vendor's work.
    pub fn usage(&self) -> Option<&Usage> {
        Some(match self {
            Self::Chat(response) => &response.usage,
            Self::Embed(response) => &response.usage,
            Self::Rerank(response) => &response.usage,
            Self::Image(response) => &response.usage,
            Self::Speech(response) => &response.usage,
            Self::Transcribe(response) => &response.usage,
            Self::Moderate(response) => &response.usage,
            Self::CountTokens(response) => &response.usage,
            Self::ChatStream(_) | Self::Models(_) => return None,
        })
    }

    /// The facts about it, for a layer to read and set; `None` for a stream and for a list of models.
    pub fn about(&mut self) -> Option<About<'_>> {
        Some(match self {
            Self::Chat(response) => response.about(),
            Self::Embed(response) => response.about(),
            Self::Rerank(response) => response.about(),
            Self::Image(response) => response.about(),
            Self::Speech(response) => response.about(),
            Self::Transcribe(response) => response.about(),
            Self::Moderate(response) => response.about(),
            Self::CountTokens(response) => response.about(),
            Self::ChatStream(_) | Self::Models(_) => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Origin;

    fn all() -> Vec<Request> {
        let chat = Arc::new(ChatRequest::new("m").with_user("hello"));
        let sound = Media::inline("audio/wav", &b"RIFF"[..]);
        vec![
            Request::Chat(chat.clone()),
            Request::ChatStream(chat.clone()),
            Request::Embed(Arc::new(EmbedRequest::new("m", ["a", "b"]))),
            Request::Rerank(Arc::new(RerankRequest::new("m", "q", ["a", "b"]))),
            Request::Image(Arc::new(ImageRequest::new("m", "a cat").with_image(sound.clone()))),
            Request::Speech(Arc::new(SpeechRequest::new("m", "hello", "alloy"))),
            Request::Transcribe(Arc::new(TranscribeRequest::new("m", sound))),
            Request::Moderate(Arc::new(ModerateRequest::new("m", ["a"]))),
            Request::CountTokens(chat),
        ]
    }

    #[test]
    fn every_operation_names_its_model_and_can_go_to_another() {
        for request in all() {
            assert_eq!(request.model(), "m", "{}", request.operation());
            let before = request.clone();
            assert_eq!(request.with_model("n").model(), "n");
            assert_eq!(before.model(), "m", "the first one is as it was");
        }
        assert_eq!(Request::Models.with_model("n").model(), "");
    }

    #[test]
    fn contents_are_shown_in_their_order() {
        let seen: Vec<(&str, String)> = all()
            .iter()
            .map(|request| {
                let mut words = String::new();
                request.each_content(&mut |content| match content {
                    Content::Text(text) => words.push_str(text),
                    Content::Media(media) => words.push_str(&media.media_type),
                });
                (request.operation(), words)
            })
            .filter(|(_, words)| !words.is_empty())
            .collect();
        let expected = [
            ("embed", "ab"),
            ("rerank", "qab"),
            ("image", "a cataudio/wav"),
            ("speech", "hello"),
            ("transcribe", "audio/wav"),
            ("moderate", "a"),
        ];
        assert_eq!(seen, expected.map(|(operation, words)| (operation, words.to_owned())));
    }

    #[test]
    fn what_is_known_of_an_answer_can_be_set_whatever_it_is() {
        let origin = Arc::new(Origin::new("api", "p", "m"));
        let mut answer = RerankResponse::new(origin.clone(), Vec::new());
        answer.usage = Usage::new(3, 0);
        let mut response = Response::Rerank(Box::new(answer));
        assert_eq!(response.usage().and_then(|usage| usage.input), Some(3));
        let about = response.about().unwrap();
        assert_eq!(about.origin, &origin);
        about.warnings.push(crate::Warning::Other { message: "look".to_owned() });
        let Response::Rerank(answer) = response else { panic!("it changed its operation") };
        assert_eq!(answer.warnings.len(), 1);
        assert!(Response::Models(Vec::new()).about().is_none());
    }
}
