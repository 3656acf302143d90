//! A role that trusts somebody's token (IAM roles for service accounts on EKS, and others): the token stands in a file, and
//! the security token service gives a temporary access key for it.
//!
//! Source: `AssumeRoleWithWebIdentity` of the AWS STS API reference, read 2026-11. The request is not signed.

use std::path::PathBuf;
use std::time::SystemTime;

use llm_core::{Cx, Error, ErrorKind, Progress};
use llm_wire::{ErrorResponse, Renewed, exchange, oauth, rfc3339};

use super::temporary::{BEFORE_END, refused};
use super::{Credentials, missing};

const WHOSE: &str = "the role's";

/// A role, and the file with the token.
#[derive(Debug)]
pub(crate) struct WebIdentity {
    url: String,
    role: String,
    session: String,
    file: PathBuf,
    known: Renewed<Credentials>,
}

impl WebIdentity {
    pub(crate) fn new(region: &str, role: &str, session: Option<&str>, file: PathBuf) -> Self {
        let china = if region.starts_with("cn-") { ".cn" } else { "" };
        Self {
            url: format!("https://sts.{region}.amazonaws.com{china}/"),
            role: role.to_owned(),
            session: session.unwrap_or("loquat").to_owned(),
            file,
            known: Renewed::new(BEFORE_END),
        }
    }

    /// The access key, asked for where none is known that lasts.
    pub(crate) async fn credentials(&self, cx: &Cx, now: SystemTime) -> Result<Credentials, Error> {
        self.known.at(now, || self.ask(cx)).await
    }

    async fn ask(&self, cx: &Cx) -> Result<(Credentials, Option<SystemTime>), Error> {
        // The platform writes a fresh token into the file before the old one ends.
        let token = std::fs::read_to_string(&self.file)
            .map_err(|error| missing(format!("reading the web identity in {}: {error}", self.file.display())))?;
        let form = [
            ("Action", "AssumeRoleWithWebIdentity"),
            ("Version", "2011-06-15"),
            ("RoleArn", &*self.role),
            ("RoleSessionName", &*self.session),
            ("WebIdentityToken", token.trim()),
        ];
        let success = exchange::unary(cx, oauth::form(&*self.url, form), denied).await?;
        read(&String::from_utf8_lossy(&success.body))
    }
}

/// The key in an answer, which is XML without anything to escape in it.
fn read(xml: &str) -> Result<(Credentials, Option<SystemTime>), Error> {
    let none = || Error::new(ErrorKind::Auth, "asking for the role's access key: the answer is none");
    let credentials = Credentials {
        access_key_id: element(xml, "AccessKeyId").ok_or_else(none)?.to_owned(),
        secret_access_key: element(xml, "SecretAccessKey").ok_or_else(none)?.into(),
        session_token: Some(element(xml, "SessionToken").ok_or_else(none)?.into()),
    };
    Ok((credentials, element(xml, "Expiration").and_then(rfc3339)))
}

/// An error with the service's own word for it; its words may quote the token.
fn denied(response: &ErrorResponse) -> Error {
    let error = refused(response.status, WHOSE);
    let body = response.text();
    match element(&body, "Code").filter(|code| code.bytes().all(|byte| byte.is_ascii_alphanumeric())) {
        Some(code) => {
            let message = format!("{} ({code})", error.message());
            error.with_message(message).with_progress(Progress::NotSent)
        }
        None => error,
    }
}

fn element<'x>(xml: &'x str, name: &str) -> Option<&'x str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    Some(rest.split_once(&format!("</{name}>"))?.0.trim())
}
