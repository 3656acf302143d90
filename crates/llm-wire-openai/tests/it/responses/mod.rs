//! The Responses API.

mod answer;
mod ingress;
mod request;
mod round_trip;
mod stream;
mod written;

use std::sync::Arc;

use llm_core::{Error, Event, Origin};
use llm_wire_openai::{Dialect, responses};

use crate::support::events_of;

fn origin() -> Arc<Origin> {
    Arc::new(Origin::new(responses::FAMILY, "vendor", "m"))
}

/// The events of a body that comes in the given pieces, and the error it ends in.
fn events<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Event>, Option<Error>) {
    events_of(responses::Decoder::new(origin(), Vec::new(), &Dialect::OPENAI), pieces)
}
