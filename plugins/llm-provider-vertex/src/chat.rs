//! A chat in the protocol of the model's publisher.

use std::sync::Arc;

use http::{HeaderName, HeaderValue};
use llm_core::{Capabilities, ChatRequest, ChatResponse, Error, ErrorKind, HttpRequest, Origin, Warning};
use llm_wire::exchange::Success;
use llm_wire::{Account, ErrorResponse};
use llm_wire_anthropic::{Hosted, messages};
use llm_wire_gemini::generate;
use llm_wire_openai::{Dialect, chat};
use serde_json::{Map, Value};

use crate::models::{self, Model, Protocol};
use crate::route::Route;

/// Which class of speed and price a request is of (the vendor's pages "flex-paygo" and "priority-paygo",
/// read 2026-11); the body has no field for it.
const TIER: HeaderName = HeaderName::from_static("x-vertex-ai-llm-shared-request-type");

/// A chat request as it goes out.
pub(crate) struct Ready {
    pub(crate) protocol: Protocol,
    pub(crate) origin: Arc<Origin>,
    pub(crate) dialect: Dialect,
    path: String,
    body: Vec<u8>,
    tier: Option<HeaderValue>,
    warnings: Vec<Warning>,
}

impl Protocol {
    /// The wire family.
    pub(crate) fn api(self) -> &'static str {
        match self {
            Self::Gemini => llm_wire_gemini::API,
            Self::Messages => llm_wire_anthropic::API,
            Self::RawChat | Self::Chat => llm_wire_openai::FAMILY,
        }
    }

    /// Google's front door answers in its own form also for other publishers' models.
    pub(crate) fn classify(self) -> fn(&ErrorResponse) -> Error {
        match self {
            Self::Gemini => llm_wire_gemini::decode_error,
            Self::Messages => |response| {
                if is_googles(response) {
                    llm_wire_gemini::decode_error(response)
                } else {
                    llm_wire_anthropic::decode_error(response)
                }
            },
            Self::RawChat | Self::Chat => |response| {
                if is_googles(response) {
                    llm_wire_gemini::decode_error(response)
                } else {
                    llm_wire_openai::decode_error(response, &Dialect::COMPATIBLE)
                }
            },
        }
    }
}

impl Ready {
    pub(crate) fn new(
        request: &ChatRequest,
        model: Model<'_>,
        origin: Arc<Origin>,
        stream: bool,
        known: &Capabilities,
        route: &Route,
    ) -> Result<Self, Error> {
        let protocol = model.protocol();
        let dialect = models::dialect(known);
        let raw = if stream { "streamRawPredict" } else { "rawPredict" };
        let (path, body, warnings) = match protocol {
            Protocol::Gemini => {
                let profile = models::profile(model.name, known);
                let encoded = generate::encode_request(request, &origin, stream, &profile)?;
                let method = if stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
                (route.method(model.publisher, model.name, method), encoded.body, encoded.warnings)
            }
            Protocol::Messages => {
                let profile = models::messages_profile(model.name, known);
                let encoded = messages::encode_request(request, &origin, stream, &profile)?;
                (route.method(model.publisher, model.name, raw), encoded.body, encoded.warnings)
            }
            Protocol::RawChat | Protocol::Chat => {
                let mut named = request.clone();
                named.model = model.chat_name();
                let encoded = chat::encode_request(&named, &origin, stream, &dialect)?;
                let path = match protocol {
                    Protocol::RawChat => route.method(model.publisher, model.name, raw),
                    _ => route.open_models(),
                };
                (path, encoded.body, encoded.warnings)
            }
        };
        let tier = request.service_tier.as_deref().filter(|_| protocol == Protocol::Gemini);
        let tier = tier.filter(|tier| *tier != "standard").and_then(|tier| HeaderValue::from_str(tier).ok());
        Ok(Self { protocol, origin, dialect, path, body, tier, warnings })
    }

    /// The request; its body is gone then.
    pub(crate) fn request(&mut self, account: &Account) -> HttpRequest {
        let mut request = account.post(&self.path, std::mem::take(&mut self.body));
        if let Some(tier) = self.tier.take() {
            request.headers.insert(TIER, tier);
        }
        request
    }

    pub(crate) fn take_warnings(&mut self) -> Vec<Warning> {
        std::mem::take(&mut self.warnings)
    }

    pub(crate) fn decode(&self, success: &Success) -> Result<ChatResponse, Error> {
        match self.protocol {
            Protocol::Gemini => generate::decode_response(&success.body, &self.origin),
            Protocol::Messages => messages::decode_response(&success.body, &self.origin),
            Protocol::RawChat | Protocol::Chat => chat::decode_response(&success.body, &self.origin, &self.dialect),
        }
    }
}

/// Whether an error is in Google's form: with a gRPC status, in a list, or none that could be read.
fn is_googles(response: &ErrorResponse) -> bool {
    match serde_json::from_slice::<Value>(&response.body) {
        Ok(Value::Object(body)) => body.get("error").is_some_and(|error| error["status"].is_string()),
        _ => true,
    }
}

/// The request for a count of a Claude's tokens, which names the model in the body (the vendor's page on counting tokens
/// of partner models, read 2026-11).
pub(crate) fn count_of_messages(
    request: &ChatRequest,
    model: Model<'_>,
    origin: &Origin,
    known: &Capabilities,
) -> Result<(Vec<u8>, Vec<Warning>), Error> {
    let profile = models::messages_profile(model.name, known);
    let encoded = llm_wire_anthropic::count_tokens::encode_request(request, origin, &profile)?;
    let failed = |error| Error::new(ErrorKind::Internal, format!("writing a request for a count of tokens: {error}"));
    let mut body: Map<String, Value> = serde_json::from_slice(&encoded.body).map_err(failed)?;
    body.insert("model".to_owned(), model.name.into());
    body.insert("anthropic_version".to_owned(), Hosted::VERTEX.version.into());
    Ok((serde_json::to_vec(&body).map_err(failed)?, encoded.warnings))
}
