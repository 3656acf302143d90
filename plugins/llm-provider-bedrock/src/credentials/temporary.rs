//! The form in which containers and machines give temporary access keys.

use std::time::{Duration, SystemTime};

use llm_core::{Error, ErrorKind, Progress, Secret};
use serde::Deserialize;

use super::Credentials;

/// So long before its end a key is renewed.
pub(super) const BEFORE_END: Duration = Duration::from_secs(300);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    access_key_id: String,
    secret_access_key: Secret,
    token: Option<Secret>,
    expiration: Option<String>,
}

/// A key, and when it ends; `whose` is for messages.
pub(super) fn read(body: &[u8], whose: &str) -> Result<(Credentials, Option<SystemTime>), Error> {
    // The parser's words may quote the key.
    let answer: Answer = serde_json::from_slice(body)
        .map_err(|_| Error::new(ErrorKind::Auth, format!("asking for {whose} access key: the answer is none")))?;
    let end = answer.expiration.as_deref().and_then(llm_wire::rfc3339);
    let credentials = Credentials {
        access_key_id: answer.access_key_id,
        secret_access_key: answer.secret_access_key,
        session_token: answer.token,
    };
    Ok((credentials, end))
}

/// Nobody gives a key: what was answered says nothing that may be repeated.
pub(super) fn refused(status: u16, whose: &str) -> Error {
    let kind = if status >= 500 { ErrorKind::Server } else { ErrorKind::Auth };
    let message = format!("asking for {whose} access key: the answer has the status {status}");
    Error::new(kind, message).with_progress(Progress::NotSent)
}
