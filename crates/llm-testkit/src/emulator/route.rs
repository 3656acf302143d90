//! From a path to a vendor and an operation. Paths are taken exactly as the vendors have them. Pure.

use http::{HeaderMap, Method};
use percent_encoding::percent_decode_str;

use super::problem::{Class, Problem};
use super::protocol::{Operation, Vendor};

/// Where a request goes.
#[derive(Debug, PartialEq)]
pub(crate) struct Route {
    pub(crate) vendor: Vendor,
    pub(crate) operation: Operation,
    /// Gemini: the model and the method, which stand in the path.
    pub(crate) target: Option<(String, String)>,
    /// Why the vendor has no such place.
    pub(crate) wrong: Option<Problem>,
}

/// Finds the place of a request.
pub(crate) fn route(method: &Method, path: &str, headers: &HeaderMap) -> Route {
    let anthropic = headers.contains_key("anthropic-version") || headers.contains_key("x-api-key");
    let (vendor, operation, verb) = match path {
        "/v1/chat/completions" => (Vendor::OpenAi, Operation::Chat, Method::POST),
        "/v1/embeddings" => (Vendor::OpenAi, Operation::Embed, Method::POST),
        "/v1/messages" => (Vendor::Anthropic, Operation::Chat, Method::POST),
        // Google's client speaks v1 since its major of 2026; only the key's header tells it from OpenAI's.
        "/v1/models" if headers.contains_key("x-goog-api-key") => (Vendor::Gemini, Operation::Models, Method::GET),
        "/v1/models" if anthropic => (Vendor::Anthropic, Operation::Models, Method::GET),
        "/v1/models" => (Vendor::OpenAi, Operation::Models, Method::GET),
        "/v1beta/models" => (Vendor::Gemini, Operation::Models, Method::GET),
        "/api/chat" => (Vendor::Ollama, Operation::Chat, Method::POST),
        "/api/embed" => (Vendor::Ollama, Operation::Embed, Method::POST),
        "/api/tags" => (Vendor::Ollama, Operation::Models, Method::GET),
        _ => return gemini(method, path).unwrap_or_else(|| nowhere(method, path, anthropic)),
    };
    let wrong = (*method != verb).then(|| wrong_method(method, path));
    Route { vendor, operation, target: None, wrong }
}

/// `/v1beta/models/{model}:{method}`, also under `/v1`.
fn gemini(method: &Method, path: &str) -> Option<Route> {
    let rest = path.strip_prefix("/v1beta/models/").or_else(|| path.strip_prefix("/v1/models/"))?;
    let (model, verb) = rest.rsplit_once(':')?;
    let operation = match verb {
        "generateContent" | "streamGenerateContent" => Operation::Chat,
        "embedContent" | "batchEmbedContents" => Operation::Embed,
        _ => return None,
    };
    let model = percent_decode_str(model).decode_utf8_lossy().into_owned();
    let wrong = (method != Method::POST).then(|| wrong_method(method, path));
    Some(Route { vendor: Vendor::Gemini, operation, target: Some((model, verb.to_owned())), wrong })
}

fn nowhere(method: &Method, path: &str, anthropic: bool) -> Route {
    let vendor = if path.starts_with("/v1beta") {
        Vendor::Gemini
    } else if path.starts_with("/api/") {
        Vendor::Ollama
    } else if anthropic {
        Vendor::Anthropic
    } else {
        Vendor::OpenAi
    };
    let message = format!("there is nothing at {method} {path}");
    let wrong = Some(Problem::new(Class::NotFound).with_code("unknown_url").with_message(message));
    Route { vendor, operation: Operation::Unknown, target: None, wrong }
}

fn wrong_method(method: &Method, path: &str) -> Problem {
    Problem::of_status(405).with_message(format!("{path} does not take {method}"))
}

/// The query in pairs, decoded.
pub(crate) fn query(query: Option<&str>) -> Vec<(String, String)> {
    let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pairs = query.into_iter().flat_map(|query| query.split('&')).filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (decoded(key), decoded(value)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: &Method, path: &str, vendor: Vendor, operation: Operation, right: bool) {
        let route = route(method, path, &HeaderMap::new());
        assert_eq!(
            (route.vendor, route.operation, route.wrong.is_none()),
            (vendor, operation, right),
            "{method} {path}"
        );
    }

    #[test]
    fn finds_the_vendors_places() {
        check(&Method::POST, "/v1/chat/completions", Vendor::OpenAi, Operation::Chat, true);
        check(&Method::POST, "/v1/messages", Vendor::Anthropic, Operation::Chat, true);
        check(&Method::POST, "/v1beta/models/echo:streamGenerateContent", Vendor::Gemini, Operation::Chat, true);
        check(&Method::POST, "/api/chat", Vendor::Ollama, Operation::Chat, true);
        check(&Method::GET, "/v1/chat/completions", Vendor::OpenAi, Operation::Chat, false);
        check(&Method::POST, "/v1/v1/chat/completions", Vendor::OpenAi, Operation::Unknown, false);
        check(&Method::POST, "/v1beta/models/echo:translate", Vendor::Gemini, Operation::Unknown, false);
        check(&Method::GET, "/v1/models", Vendor::OpenAi, Operation::Models, true);
    }

    #[test]
    fn reads_models_and_queries() {
        let route = route(&Method::POST, "/v1beta/models/tools%2Breason:generateContent", &HeaderMap::new());
        assert_eq!(route.target, Some(("tools+reason".to_owned(), "generateContent".to_owned())));
        assert_eq!(query(Some("alt=sse&key=a%20b")), [("alt".into(), "sse".into()), ("key".into(), "a b".into())]);
        assert_eq!(query(None), []);
    }
}
