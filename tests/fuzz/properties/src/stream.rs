//! What holds for every stream, whatever the vendor: it does not matter how its bytes arrive, its events are in order, and
//! it is whole only with the vendor's end mark.

use bytes::Bytes;
use futures_util::{FutureExt as _, stream};
use http::{HeaderMap, StatusCode};
use llm_core::{Body, ChatStream, HttpResponse};

use crate::input::Input;
use crate::outcome::Outcome;

/// What is sent for a text.
pub(crate) type Encode<'a> = dyn Fn(&[u8]) -> Vec<u8> + 'a;

/// A vendor's streams.
pub(crate) struct Protocol<'a> {
    pub(crate) open: &'a dyn Fn(HttpResponse) -> ChatStream,
    /// One of these stands in every stream that is whole.
    pub(crate) marks: &'a [&'a str],
    /// What ends a frame.
    pub(crate) frame_end: &'a [u8],
    /// What is sent for the text of an input, where that is not the text itself.
    pub(crate) encode: Option<&'a Encode<'a>>,
}

impl Protocol<'_> {
    /// Holds the properties of streams against the body of an input.
    pub(crate) fn check(&self, input: &Input<'_>) {
        let whole = self.read(input.body, |bytes| vec![bytes.into()]);
        let split = self.read(input.body, |bytes| input.pieces(&bytes));
        assert!(whole.events == split.events, "split bytes give other events: {split:?}, not {whole:?}");
        assert_eq!(whole.said(), split.said(), "split bytes give another end");
        let start = &input.body[..input.cut()];
        let cut = self.read(start, |bytes| vec![bytes.into()]);
        // A stream that may end here gives what was held back until it was known to be all.
        if start.ends_with(self.frame_end) && cut.end.is_err() {
            let (all, some) = (whole.words(), cut.words());
            assert!(all.starts_with(&some), "a cut stream says {some:?}, the whole one {all:?}");
        }
    }

    fn read(&self, body: &[u8], pieces: impl Fn(Vec<u8>) -> Vec<Bytes>) -> Outcome {
        let sent = self.encode.map_or_else(|| body.to_vec(), |encode| encode(body));
        let body_stream = Body::stream(stream::iter(pieces(sent).into_iter().map(Ok)));
        let response =
            HttpResponse { status: StatusCode::OK, headers: HeaderMap::new(), body: body_stream, received_at: None };
        let outcome = Outcome::of((self.open)(response));
        let outcome = outcome.now_or_never().expect("a stream waits although its bytes are at hand");
        if outcome.end.is_ok() {
            let text = String::from_utf8_lossy(body);
            // A field name can be written with escapes.
            let marked = text.contains("\\u") || self.marks.iter().any(|mark| text.contains(mark));
            assert!(marked, "a stream without an end mark passes for whole");
        }
        outcome
    }
}
