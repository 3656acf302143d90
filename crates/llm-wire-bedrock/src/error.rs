//! Errors, both ways. An exception is named in a header (`x-amzn-errortype`), or in the headers of a message in a stream;
//! its body is `{"message": …}`.
//!
//! Names and statuses: the service model of `bedrock-runtime` (botocore 1.44, 2026-11). Names of AWS's front door
//! (signatures, tokens): recordings and the list of common errors in AWS's references.

use llm_core::{Error, ErrorKind};
use llm_wire::json::{Fields, Text};
use llm_wire::{ErrorFacts, ErrorResponse};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// The header with an exception's name.
const ERROR_TYPE: &str = "x-amzn-errortype";

/// How messages begin that say more than their exception's name, behind what models put before them.
/// Texts: AWS's documentation of Titan, Nova and Converse; issues of its SDKs; Claude's own words, which pass through.
const BEGINNINGS: &[(&str, ErrorKind)] = &[
    ("Input is too long", ErrorKind::ContextLength),
    ("prompt is too long", ErrorKind::ContextLength),
    ("Input Tokens Exceeded", ErrorKind::ContextLength),
    ("Too many input tokens", ErrorKind::ContextLength),
    ("input length and `max_tokens` exceed context limit", ErrorKind::ContextLength),
    ("This model's maximum context length is", ErrorKind::ContextLength),
    ("Output blocked by content filtering policy", ErrorKind::ContentFilter),
    ("This request has been blocked by our content filters", ErrorKind::ContentFilter),
    ("The provided model identifier is invalid", ErrorKind::NotFound),
    ("The requested model does not exist", ErrorKind::NotFound),
];

/// What is put before a model's own words.
const PREFIXES: [&str; 3] =
    ["The model returned the following errors: ", "Malformed input request: ", "400 Bad Request: "];

/// Reads an answer with an error status.
pub fn decode_error(response: &ErrorResponse) -> Error {
    let header = response.headers.get(ERROR_TYPE).and_then(|value| value.to_str().ok()).map(bare_name);
    let said: Option<Said> = serde_json::from_slice(&response.body).ok().map(Said::read);
    let Some(Said { message, name }) = said else {
        // A proxy's page or nothing at all.
        let text = response.text();
        let message = if text.starts_with('<') { "" } else { &text };
        let kind = classify(header.unwrap_or_default(), Some(response.status), message);
        return with_code(response.error(kind, message), header.unwrap_or_default());
    };
    let name = header.map(str::to_owned).or(name).unwrap_or_default();
    let kind = classify(&name, Some(response.status), &message);
    with_code(response.error(kind, &message), &name)
}

fn with_code(error: Error, name: &str) -> Error {
    if name.is_empty() { error } else { error.with_code(name) }
}

/// `ValidationException:http://internal.amazon.com/…`, `com.amazon.coral.service#ValidationException`.
fn bare_name(name: &str) -> &str {
    let name = name.split(':').next().unwrap_or_default();
    name.rsplit('#').next().unwrap_or_default().trim()
}

/// What an error body says.
struct Said {
    message: String,
    name: Option<String>,
}

impl Said {
    /// AWS's form, and those of models and proxies: `{"error": {"message": …}}`, `{"error": "text"}`.
    fn read(mut fields: Fields<'_>) -> Self {
        let mut text = |name: &str| fields.take_text(name).map(std::borrow::Cow::into_owned);
        let message = text("message").or_else(|| text("Message")).or_else(|| text("originalMessage"));
        let name = text("__type").map(|name| bare_name(&name).to_owned());
        let message = message.or_else(|| {
            let error = fields.take("error")?;
            match serde_json::from_str::<Text<'_>>(error.get()) {
                Ok(Text(text)) => Some(text.into_owned()),
                Err(_) => Fields::read(error)?.take_text("message").map(Into::into),
            }
        });
        Self { message: message.unwrap_or_default(), name }
    }
}

/// An exception inside a stream.
pub(crate) fn in_band(exception: &str, data: &[u8]) -> Error {
    let said: Option<Said> = serde_json::from_slice(data).ok().map(Said::read);
    let message = said.map(|said| said.message).unwrap_or_default();
    // Inside a stream the name begins with a small letter.
    let mut name = bare_name(exception).to_owned();
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    with_code(upstream(classify(&name, None, &message), &message), &name)
}

/// An error inside a stream that is none of the service's exceptions: the stream itself failed.
pub(crate) fn without_model(code: &str, words: &[u8]) -> Error {
    let words = String::from_utf8_lossy(words);
    with_code(upstream(classify(code, None, &words), &words), code)
}

fn upstream(kind: ErrorKind, message: &str) -> Error {
    Error::upstream(kind, if message.is_empty() { "the vendor reported an error and said nothing" } else { message })
}

/// JSON, but no answer: an error with a good status, or something else.
pub(crate) fn not_an_answer(fields: Fields<'_>) -> Error {
    if ["message", "Message", "__type", "error"].iter().any(|name| fields.has(name)) {
        let Said { message, name } = Said::read(fields);
        let name = name.unwrap_or_default();
        return with_code(upstream(classify(&name, None, &message), &message).with_status(200), &name);
    }
    Error::new(ErrorKind::Malformed, "reading the answer: it has neither an answer nor an error")
}

/// The class of an error: by the exception's name, which says it exactly, else by the status.
fn classify(name: &str, status: Option<u16>, message: &str) -> ErrorKind {
    match name.strip_suffix("Exception").unwrap_or(name) {
        "Validation" => refine(message, ErrorKind::InvalidRequest),
        "Throttling" | "TooManyRequests" => throttled(message),
        "ServiceQuotaExceeded" => ErrorKind::QuotaExhausted,
        "ServiceUnavailable" | "ModelNotReady" => ErrorKind::Overloaded,
        // 424 and 408: the model behind the service failed or took too long.
        "ModelError" | "ModelStreamError" | "ModelTimeout" | "InternalServer" | "InternalFailure" => ErrorKind::Server,
        "AccessDenied" => denied(message),
        "OptInRequired" | "NotAuthorized" => ErrorKind::Permission,
        "ResourceNotFound" | "UnknownOperation" => ErrorKind::NotFound,
        "ExpiredToken"
        | "InvalidSignature"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClient"
        | "MissingAuthenticationToken"
        | "IncompleteSignature"
        | "InvalidClientTokenId"
        | "RequestExpired"
        | "RequestTimeTooSkewed"
        | "InvalidToken"
        | "AuthFailure" => ErrorKind::Auth,
        _ if matches!(status, Some(408 | 424)) => ErrorKind::Server,
        _ => match status.map(ErrorKind::of_status) {
            Some(ErrorKind::InvalidRequest) => refine(message, ErrorKind::InvalidRequest),
            Some(ErrorKind::RateLimited) => throttled(message),
            Some(ErrorKind::Permission) => denied(message),
            Some(kind) => kind,
            None => ErrorKind::Server,
        },
    }
}

/// "Too many tokens, please wait before trying again." is a limit of the minute; per day it is a quota.
fn throttled(message: &str) -> ErrorKind {
    if message.starts_with("Too many tokens per day") { ErrorKind::QuotaExhausted } else { ErrorKind::RateLimited }
}

/// 403 is said of a key that is wrong and of one that may not do this.
fn denied(message: &str) -> ErrorKind {
    const KEYS: [&str; 7] = [
        "Authentication failed",
        "The security token included in the request",
        "The request signature we calculated does not match",
        "Signature expired",
        "Signature not yet current",
        "Missing Authentication Token",
        "Invalid API Key",
    ];
    if KEYS.iter().any(|key| message.starts_with(key)) { ErrorKind::Auth } else { ErrorKind::Permission }
}

fn refine(message: &str, otherwise: ErrorKind) -> ErrorKind {
    let own = PREFIXES.iter().find_map(|prefix| message.strip_prefix(prefix)).unwrap_or(message);
    BEGINNINGS.iter().find(|(beginning, _)| own.starts_with(beginning)).map_or(otherwise, |(_, kind)| *kind)
}

/// The HTTP status and the body of an error in the vendor's form, with Loquat's own facts under `x_llm`. The name for the
/// header is [`error_type`]'s.
pub fn encode_error(error: &Error) -> (u16, Vec<u8>) {
    (form(error.kind()).0, body(error))
}

/// The value of the header `x-amzn-errortype`.
pub fn error_type(error: &Error) -> &'static str {
    form(error.kind()).1
}

/// The name and the body of an exception inside a stream. A stream knows fewer of them.
pub(crate) fn exception(error: &Error) -> (&'static str, Vec<u8>) {
    let name = match form(error.kind()).1 {
        "ThrottlingException" => "throttlingException",
        "ServiceUnavailableException" => "serviceUnavailableException",
        "ModelErrorException" | "ModelTimeoutException" => "modelStreamErrorException",
        "InternalServerException" => "internalServerException",
        _ => "validationException",
    };
    (name, body(error))
}

/// Status and name of a class.
fn form(kind: ErrorKind) -> (u16, &'static str) {
    match kind {
        ErrorKind::Auth => (403, "UnrecognizedClientException"),
        ErrorKind::Permission => (403, "AccessDeniedException"),
        ErrorKind::NotFound => (404, "ResourceNotFoundException"),
        ErrorKind::InvalidRequest
        | ErrorKind::ContextLength
        | ErrorKind::ContentFilter
        | ErrorKind::Unsupported
        | ErrorKind::PayloadTooLarge => (400, "ValidationException"),
        ErrorKind::RateLimited | ErrorKind::Limited => (429, "ThrottlingException"),
        ErrorKind::QuotaExhausted | ErrorKind::BudgetExceeded => (400, "ServiceQuotaExceededException"),
        ErrorKind::Overloaded | ErrorKind::CircuitOpen | ErrorKind::NoTarget => (503, "ServiceUnavailableException"),
        ErrorKind::Timeout(_) => (408, "ModelTimeoutException"),
        ErrorKind::ModelOutput | ErrorKind::Network | ErrorKind::Malformed | ErrorKind::Truncated => {
            (424, "ModelErrorException")
        }
        _ => (500, "InternalServerException"),
    }
}

fn body(error: &Error) -> Vec<u8> {
    // Serializing strings and numbers into memory cannot fail.
    serde_json::to_vec(&WireError(error)).unwrap_or_default()
}

struct WireError<'a>(&'a Error);

impl Serialize for WireError<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let error = self.0;
        let mut map = serializer.serialize_map(None)?;
        let known = error.kind() != ErrorKind::ContextLength
            || refine(error.message(), ErrorKind::InvalidRequest) == ErrorKind::ContextLength;
        if known {
            map.serialize_entry("message", error.message())?;
        } else {
            map.serialize_entry("message", &format_args!("Input is too long: {}", error.message()))?;
        }
        map.serialize_entry("x_llm", &ErrorFacts(error))?;
        map.end()
    }
}
