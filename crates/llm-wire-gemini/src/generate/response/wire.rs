//! An answer as it stands in the JSON, borrowed.

use serde_json::value::RawValue;

use super::usage::WireUsage;
use crate::generate::part::WirePart;
use crate::wire::{List, Str, wire_object};

wire_object! {
    /// An answer, or one chunk of a streamed one.
    WireResponse {
        candidates: List<WireCandidate<'a>> = "candidates",
        feedback: &'a RawValue = "promptFeedback",
        usage: WireUsage<'a> = "usageMetadata",
        model: Str<'a> = "modelVersion",
        id: Str<'a> = "responseId",
        created: Str<'a> = "createTime",
        error: &'a RawValue = "error",
    }
}

wire_object! {
    /// One of the answers. Content, and the parts in it, may be absent.
    WireCandidate {
        content: WireContent<'a> = "content",
        finish: Str<'a> = "finishReason",
        index: u32 = "index",
        citations: &'a RawValue = "citationMetadata",
        grounding: &'a RawValue = "groundingMetadata",
        pages: &'a RawValue = "urlContextMetadata",
    }
}

wire_object! {
    /// What an answer says.
    WireContent {
        parts: List<WirePart<'a>> = "parts",
        role: Str<'a> = "role",
    }
}

impl<'a> WireCandidate<'a> {
    /// The parts, to be taken out of their places.
    pub(crate) fn parts(&mut self) -> impl Iterator<Item = &mut WirePart<'a>> {
        self.content.as_mut().and_then(|content| content.parts.as_mut()).into_iter().flat_map(List::iter_mut)
    }

    /// The facts that have no field of ours, sources as the vendor gives them among them; empty objects left out.
    pub(crate) fn take_facts(&mut self) -> impl Iterator<Item = (Str<'a>, &'a RawValue)> + use<'a> {
        let sources = [
            ("citationMetadata", self.citations),
            ("groundingMetadata", self.grounding),
            ("urlContextMetadata", self.pages),
        ];
        let sources = sources.into_iter().filter_map(|(name, raw)| Some((Str(name.into()), raw?)));
        sources.chain(std::mem::take(&mut self.other)).filter(|(_, raw)| !matches!(raw.get(), "{}" | "[]"))
    }
}
