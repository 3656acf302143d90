//! The form in which containers and machines give temporary access keys.

use std::time::SystemTime;

use llm_core::{Error, Secret};
use llm_wire::oauth::missing;
use serde::Deserialize;

use super::Credentials;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    access_key_id: String,
    secret_access_key: Secret,
    token: Option<Secret>,
    expiration: Option<String>,
}

/// A key, and when it ends; `asking` is what was being done, for messages.
pub(super) fn read(body: &[u8], asking: &str) -> Result<(Credentials, Option<SystemTime>), Error> {
    // The parser's words may quote the key.
    let answer: Answer = serde_json::from_slice(body).map_err(|_| missing(format!("{asking}: the answer is none")))?;
    let end = answer.expiration.as_deref().and_then(llm_wire::rfc3339);
    let credentials = Credentials {
        access_key_id: answer.access_key_id,
        secret_access_key: answer.secret_access_key,
        session_token: answer.token,
    };
    Ok((credentials, end))
}
