//! What went wrong on the network, in words that name the host and nothing else: no path, no query, no header, no body.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use llm_core::{Error, ErrorKind, Progress, TimeoutStage};
use reqwest::Url;

/// Host and, where it stands in the address, port; never a user name, a path or a query.
fn host(url: &str) -> String {
    let Ok(url) = Url::parse(url) else { return "the upstream".to_owned() };
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => "the upstream".to_owned(),
    }
}

/// No answer came: before the connection stood, provably nothing was sent.
pub(crate) fn before_headers(error: reqwest::Error, url: &str, connect_timeout: Duration) -> Error {
    let host = host(url);
    let error = error.without_url();
    if error.is_builder() {
        let message = format!("calling {host}: the request cannot be made; check the base url");
        return Error::new(ErrorKind::Config, message).with_progress(Progress::NotSent).with_source(error);
    }
    if !error.is_connect() {
        let message = format!("calling {host}: the connection broke before an answer came; try again");
        return Error::new(ErrorKind::Network, message).with_progress(Progress::Sent).with_source(error);
    }
    let (kind, message) = if error.is_timeout() {
        let message = format!(
            "connecting to {host}: no connection within {connect_timeout:?}; check the base url, the network and the proxy"
        );
        (ErrorKind::Timeout(TimeoutStage::Connect), message)
    } else if error.is_dns() {
        let what = "the name cannot be resolved; check the base url and the network";
        (ErrorKind::Network, format!("connecting to {host}: {what}"))
    } else if io_kind(&error) == Some(io::ErrorKind::ConnectionRefused) {
        let what = "the connection was refused; is the server running, and is the base url right?";
        (ErrorKind::Network, format!("connecting to {host}: {what}"))
    } else {
        let what =
            "no connection, or no agreement on TLS; check the base url, the proxy and the machine's certificates";
        (ErrorKind::Network, format!("connecting to {host}: {what}"))
    };
    Error::new(kind, message).with_progress(Progress::NotSent).with_source(error)
}

/// The answer broke off.
pub(crate) fn in_body(error: reqwest::Error, url: &str) -> Error {
    let message = format!("reading the answer of {}: the connection broke before the answer was whole", host(url));
    Error::new(ErrorKind::Network, message).with_progress(Progress::Sent).with_source(error.without_url())
}

fn io_kind(error: &reqwest::Error) -> Option<io::ErrorKind> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return Some(error.kind());
        }
        cause = error.source();
    }
    None
}

/// A timer of the call ran out before the headers.
pub(crate) fn no_answer(stage: TimeoutStage, limit: Option<Duration>, url: &str) -> Error {
    let host = host(url);
    let message = match limit {
        Some(limit) if stage == TimeoutStage::FirstByte => {
            format!("waiting for {host}: no answer within {limit:?}; raise the first-byte timeout for slow models")
        }
        _ => format!("waiting for {host}: the deadline of the request has passed"),
    };
    Error::new(ErrorKind::Timeout(stage), message).with_progress(Progress::Sent)
}

/// The deadline had passed before anything was sent.
pub(crate) fn too_late(url: &str) -> Error {
    let message = format!("calling {}: the deadline of the request has passed, nothing was sent", host(url));
    Error::new(ErrorKind::Timeout(TimeoutStage::Total), message).with_progress(Progress::NotSent)
}

/// A timer of the call ran out inside the body.
pub(crate) fn silence(stage: TimeoutStage, limit: Option<Duration>, url: &str) -> Error {
    let host = host(url);
    let message = match limit {
        Some(limit) if stage == TimeoutStage::Idle => {
            format!(
                "reading the answer of {host}: no byte for {limit:?}; raise the idle timeout if it pauses on purpose"
            )
        }
        _ => format!("reading the answer of {host}: the deadline of the request has passed"),
    };
    Error::new(ErrorKind::Timeout(stage), message).with_progress(Progress::Sent)
}

/// The caller gave up.
pub(crate) fn cancelled(url: &str, progress: Progress) -> Error {
    Error::new(ErrorKind::Cancelled, format!("calling {}: the caller cancelled", host(url))).with_progress(progress)
}

/// A response is larger than allowed.
pub(crate) fn too_large(what: &str, limit: u64, url: &str) -> Error {
    let message = format!("reading the answer of {}: its {what} exceed the limit of {limit} bytes", host(url));
    Error::new(ErrorKind::Malformed, message).with_progress(Progress::Sent)
}

/// The address of a request is no good.
pub(crate) fn address(why: &str) -> Error {
    let message = format!("reading the address of a request: {why}; check the base url");
    Error::new(ErrorKind::Config, message).with_progress(Progress::NotSent)
}
