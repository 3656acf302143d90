//! What stands in the content of an answer besides a string: typed parts, annotations, audio, images.

use std::borrow::Cow;

use llm_core::{Citation, Extensions, Media, MediaData, Part, PartKind, Visibility, base64_text};
use serde_json::{Map, Value};

use crate::FAMILY;
use crate::dialect::{Dialect, ReasoningReplay};
use crate::json::{Few, Ignored, Kept, Loose, Number, Raw, is_empty, parse};
use crate::media;

/// One typed part of an answer.
#[derive(Debug, PartialEq)]
pub(crate) enum Piece<'a> {
    Text(Cow<'a, str>),
    Reasoning(String),
    Refusal(Cow<'a, str>),
    /// Anything else: it becomes a part by itself.
    Whole(PartKind),
}

wire_object! {
    lenient struct Body<'a> {
        "type" => kind: Loose<'a>,
        "text" => text: Loose<'a>,
        "thinking" => thinking: Option<Raw<'a>>,
        "summary" => summary: Option<Raw<'a>>,
        "reasoning" => reasoning: Option<Raw<'a>>,
        "refusal" => refusal: Loose<'a>,
        "image_url" => image_url: Option<Raw<'a>>,
    }
    skip: []
    rest: Ignored
}

impl<'a> Piece<'a> {
    /// Reads a part; `None` when it says nothing.
    pub(crate) fn read(raw: Raw<'a>) -> Option<Self> {
        let body: Body<'a> = parse(raw)?;
        let piece = match &*body.kind.0 {
            "text" | "output_text" | "" => Self::Text(body.text.some()?),
            // Mistral's `thinking`, a list of parts; Databricks' `reasoning` with a `summary` of parts.
            "thinking" | "reasoning" => Self::Reasoning(
                [body.thinking, body.summary, body.reasoning]
                    .into_iter()
                    .flatten()
                    .map(words)
                    .find(|words| !words.is_empty())
                    .or_else(|| body.text.owned())?,
            ),
            "refusal" => Self::Refusal(body.refusal.some()?),
            "image_url" => Self::Whole(PartKind::Media(image(body.image_url?)?)),
            kind => Self::Whole(PartKind::Opaque { kind: format!("{FAMILY}.{kind}"), data: parse(raw)? }),
        };
        Some(piece)
    }
}

/// The words of a string or of a list of text parts.
fn words(raw: Raw<'_>) -> String {
    if let Some(text) = parse::<String>(raw) {
        return text;
    }
    let parts: Few<Body<'_>> = parse(raw).unwrap_or_default();
    parts.into_iter().map(|part| part.text.0).collect()
}

/// An image by its URL, bare or as `{url}`.
fn image(raw: Raw<'_>) -> Option<Media> {
    wire_object! {
        lenient struct Image<'a> {
            "url" => url: Loose<'a>,
        }
        skip: []
        rest: Ignored
    }
    let url = match parse::<String>(raw) {
        Some(url) => url,
        None => parse::<Image<'_>>(raw)?.url.owned()?,
    };
    Some(media::of_url(&url, "image/*"))
}

/// The images beside the words (OpenRouter, Vercel: `images: [{type, image_url: {url}}]`).
pub(crate) fn images(raw: Raw<'_>) -> impl Iterator<Item = Media> {
    let images: Vec<Raw<'_>> = parse(raw).unwrap_or_default();
    images.into_iter().filter_map(|raw| match Piece::read(raw)? {
        Piece::Whole(PartKind::Media(media)) => Some(media),
        _ => None,
    })
}

wire_object! {
    /// Spoken words: the sound, what it says, and the id by which a later turn refers to it.
    lenient struct Audio<'a> {
        "id" => id: Loose<'a>,
        "data" => data: Loose<'a>,
        "transcript" => transcript: Loose<'a>,
        "expires_at" => expires_at: Number,
    }
    skip: []
    rest: Ignored
}

impl Audio<'_> {
    pub(crate) fn read(raw: Raw<'_>) -> Option<Audio<'_>> {
        let audio: Audio<'_> = parse(raw)?;
        let says_something = !audio.id.is_empty() || !audio.data.is_empty() || !audio.transcript.is_empty();
        says_something.then_some(audio)
    }

    pub(crate) fn bytes(&self) -> Option<bytes::Bytes> {
        base64_text::decode(self.data.as_some()?)
    }

    /// The facts beside the sound.
    pub(crate) fn write_into(&self, facts: &mut Map<String, Value>) {
        if let Some(id) = self.id.as_some() {
            facts.insert("id".to_owned(), id.into());
        }
        if let Some(words) = self.transcript.as_some() {
            // Streams send the transcript in pieces.
            match facts.get_mut("transcript") {
                Some(Value::String(said)) => said.push_str(words),
                _ => {
                    facts.insert("transcript".to_owned(), words.into());
                }
            }
        }
        if let Some(at) = self.expires_at.0.filter(|at| *at != 0) {
            facts.insert("expires_at".to_owned(), at.into());
        }
    }
}

/// The shell of a sound. The format is what the request asked for; the answer does not say it.
pub(crate) fn sound(bytes: bytes::Bytes) -> PartKind {
    PartKind::Media(Media {
        media_type: "audio/*".to_owned(),
        data: MediaData::Inline { bytes },
        filename: None,
        detail: None,
    })
}

/// Splits annotations into sources of the words and others (OpenRouter's parsed files), which are kept as they are.
pub(crate) fn annotations(raw: Raw<'_>, ascii_text: bool) -> (Vec<Citation>, Vec<Value>) {
    wire_object! {
        lenient struct Annotation<'a> {
            "type" => kind: Loose<'a>,
            "url_citation" => url_citation: Source<'a>,
        }
        skip: []
        rest: Ignored
    }
    wire_object! {
        lenient struct Source<'a> {
            "url" => url: Loose<'a>,
            "title" => title: Loose<'a>,
            "content" => content: Loose<'a>,
            "start_index" => start: Number,
            "end_index" => end: Number,
        }
        skip: []
        rest: Ignored
    }
    let (mut citations, mut others) = (Vec::new(), Vec::new());
    if is_empty(raw) {
        return (citations, others);
    }
    for raw in parse::<Vec<Raw<'_>>>(raw).unwrap_or_default() {
        let Some(value) = parse::<Value>(raw) else { continue };
        let Some(annotation) = parse::<Annotation<'_>>(raw).filter(|found| &*found.kind.0 == "url_citation") else {
            others.push(value);
            continue;
        };
        let source = annotation.url_citation;
        // The indices count characters; in plain ASCII these are bytes. OpenRouter writes 0 and 0 for "not known".
        let span = match (source.start.0, source.end.0) {
            (Some(start), Some(end)) if ascii_text && start < end => {
                u32::try_from(start).ok().zip(u32::try_from(end).ok())
            }
            _ => None,
        };
        let mut ext = Extensions::default();
        if let Value::Object(fields) = value {
            ext.0.insert(FAMILY.to_owned(), fields);
        }
        citations.push(Citation {
            source: source.url.0.into_owned(),
            title: source.title.owned(),
            quote: source.content.owned(),
            span,
            ext,
        });
    }
    (citations, others)
}

/// Reasoning that has come as text, as blocks for the way back, or both; `None` when there is neither.
pub(crate) fn reasoning(text: Option<String>, details: Option<Value>, provider: &str) -> Option<Part> {
    let hidden = text.is_none();
    let details = details.filter(|details| details.as_array().is_some_and(|items| !items.is_empty()));
    if hidden && details.is_none() {
        return None;
    }
    let mut part = Part::reasoning(text.unwrap_or_default());
    if let (true, PartKind::Reasoning { visibility, .. }) = (hidden, &mut part.kind) {
        *visibility = Visibility::Redacted;
    }
    if let Some(details) = details {
        part.ext.set(provider, DETAILS, details);
    }
    Some(part)
}

/// The name of the blocks that OpenRouter wants back unchanged.
pub(crate) const DETAILS: &str = "reasoning_details";

/// The newer of the two names that the text of reasoning has.
pub(crate) const REASONING: &str = "reasoning";
/// The older one, which most servers have.
pub(crate) const REASONING_CONTENT: &str = "reasoning_content";

/// The mark of reasoning that came in [`REASONING`]: the names of all fields that it stood in. Never written as it is.
pub(crate) const NAMED: &str = "reasoning_fields";

/// The mark, for servers that want it back where it came from.
pub(crate) fn named(dialect: &Dialect) -> Option<Extensions> {
    matches!(dialect.reasoning_replay, ReasoningReplay::Named(_)).then(|| {
        let mut mark = Extensions::default();
        mark.set(FAMILY, NAMED, REASONING);
        mark
    })
}

/// Facts about a call that the same provider wants back: what stands beside the function, and the type of a custom tool.
pub(crate) fn call_facts(rest: &Kept<'_>, custom: bool, provider: &str) -> Extensions {
    let mut ext = Extensions::default();
    if custom {
        ext.set(FAMILY, "type", "custom");
    }
    if rest.0.iter().any(|(_, raw)| !is_empty(raw)) {
        rest.read_into(ext.of_mut(provider));
    }
    ext
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<Piece<'_>> {
        Piece::read(serde_json::from_str(json).unwrap())
    }

    #[test]
    fn reads_the_parts_of_all_vendors() {
        assert_eq!(read(r#"{"type":"text","text":"a"}"#), Some(Piece::Text("a".into())));
        assert_eq!(read(r#"{"type":"text","text":""}"#), None);
        let mistral =
            r#"{"type":"thinking","thinking":[{"type":"text","text":"a"},{"type":"text","text":"b"}],"closed":true}"#;
        assert_eq!(read(mistral), Some(Piece::Reasoning("ab".into())));
        let databricks = r#"{"type":"reasoning","summary":[{"type":"summary_text","text":"a"}]}"#;
        assert_eq!(read(databricks), Some(Piece::Reasoning("a".into())));
        assert_eq!(read(r#"{"type":"refusal","refusal":"no"}"#), Some(Piece::Refusal("no".into())));
        let Some(Piece::Whole(PartKind::Opaque { kind, data })) = read(r#"{"type":"reference","reference_ids":[1]}"#)
        else {
            panic!("an opaque part")
        };
        assert_eq!((&*kind, data["reference_ids"][0].as_u64()), ("openai-chat.reference", Some(1)));
    }

    #[test]
    fn annotations_of_urls_are_citations() {
        let json = r#"[{"type":"url_citation","url_citation":{"url":"u","title":"t","start_index":2,"end_index":5}},
            {"type":"file","file":{"hash":"h"}}]"#;
        let raw = serde_json::from_str(json).unwrap();
        let (citations, others) = annotations(raw, true);
        assert_eq!((citations[0].source.as_str(), citations[0].span), ("u", Some((2, 5))));
        assert_eq!(others[0]["file"]["hash"], "h");
        assert_eq!(annotations(raw, false).0[0].span, None, "characters are not bytes");
    }

    #[test]
    fn audio_that_says_nothing_is_none() {
        let nothing = r#"{"data":"","expires_at":0,"id":"","transcript":""}"#;
        assert!(Audio::read(serde_json::from_str(nothing).unwrap()).is_none());
    }
}
