//! All tests of this crate, in one binary.
#![cfg(test)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests say what they expect")]

mod answers;
mod embed;
mod generate;
mod requests;
mod round_trip;
mod streams;

use std::sync::Arc;

use llm_core::{ChatRequest, Origin, Warning};
use llm_wire_bedrock::{API, Profile, converse};
use serde_json::Value;

/// The target of most tests.
pub(crate) fn target() -> Origin {
    Origin::new(API, "bedrock", "a.model-v1:0")
}

pub(crate) fn origin() -> Arc<Origin> {
    Arc::new(target())
}

/// The body, and the fields that warnings name.
pub(crate) fn encode_with(request: &ChatRequest, profile: &Profile) -> (Value, Vec<String>) {
    let encoded = converse::encode_request(request, &target(), profile).unwrap();
    let fields = encoded.warnings.iter().map(|warning| match warning {
        Warning::Unsupported { field, .. } | Warning::Adapted { field, .. } => field.clone(),
        other => panic!("{other:?}"),
    });
    (serde_json::from_slice(&encoded.body).unwrap(), fields.collect())
}

pub(crate) fn encode(request: &ChatRequest) -> (Value, Vec<String>) {
    encode_with(request, &Profile::default())
}
