//! A role that trusts somebody's token (IAM roles for service accounts on EKS, and others): the token stands in a file, and
//! the security token service gives a temporary access key for it.
//!
//! Source: `AssumeRoleWithWebIdentity` of the AWS STS API reference, read 2026-11. The request is not signed.

use std::path::PathBuf;
use std::time::SystemTime;

use llm_core::{Cx, Error};
use llm_wire::oauth::{form, missing, refused, secret_in};
use llm_wire::{ErrorResponse, exchange, rfc3339};

use super::Credentials;

const ASKING: &str = "asking for the role's access key";

/// A role, and the file with the token.
#[derive(Debug)]
pub(crate) struct WebIdentity {
    url: String,
    role: String,
    session: String,
    file: PathBuf,
}

impl WebIdentity {
    pub(crate) fn new(region: &str, role: &str, session: Option<&str>, file: PathBuf) -> Self {
        let china = if region.starts_with("cn-") { ".cn" } else { "" };
        Self {
            url: format!("https://sts.{region}.amazonaws.com{china}/"),
            role: role.to_owned(),
            session: session.unwrap_or("loquat").to_owned(),
            file,
        }
    }

    /// The access key, and when it ends.
    pub(super) async fn ask(&self, cx: &Cx) -> Result<(Credentials, Option<SystemTime>), Error> {
        let token = secret_in(&self.file, "the web identity")?;
        let fields = [
            ("Action", "AssumeRoleWithWebIdentity"),
            ("Version", "2011-06-15"),
            ("RoleArn", &*self.role),
            ("RoleSessionName", &*self.session),
            ("WebIdentityToken", token.expose().trim()),
        ];
        let success = exchange::unary(cx, form(&*self.url, fields), denied).await?;
        read(&String::from_utf8_lossy(&success.body))
    }
}

/// The key in an answer, which is XML without anything to escape in it.
fn read(xml: &str) -> Result<(Credentials, Option<SystemTime>), Error> {
    let none = || missing(format!("{ASKING}: the answer is none"));
    let credentials = Credentials {
        access_key_id: element(xml, "AccessKeyId").ok_or_else(none)?.to_owned(),
        secret_access_key: element(xml, "SecretAccessKey").ok_or_else(none)?.into(),
        session_token: Some(element(xml, "SessionToken").ok_or_else(none)?.into()),
    };
    Ok((credentials, element(xml, "Expiration").and_then(rfc3339)))
}

/// An error with the service's own word for it; its words may quote the token.
fn denied(response: &ErrorResponse) -> Error {
    let error = refused(response, ASKING);
    let body = response.text();
    match element(&body, "Code").filter(|code| code.bytes().all(|byte| byte.is_ascii_alphanumeric())) {
        Some(code) => {
            let message = format!("{} ({code})", error.message());
            error.with_message(message)
        }
        None => error,
    }
}

fn element<'x>(xml: &'x str, name: &str) -> Option<&'x str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    Some(rest.split_once(&format!("</{name}>"))?.0.trim())
}
