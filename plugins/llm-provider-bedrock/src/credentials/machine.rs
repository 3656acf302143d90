//! The metadata service of a machine (EC2), version 2: a session first, then the name of the machine's role, then its
//! temporary access key.
//!
//! Source: "Use the Instance Metadata Service to access instance metadata", read 2026-11.

use std::time::SystemTime;

use http::{HeaderName, HeaderValue, Method};
use llm_core::{Cx, Error, HttpRequest};
use llm_wire::oauth::{missing, refused};
use llm_wire::{exchange, hidden_header, percent_encoded};

use super::Credentials;
use super::temporary::read;

/// Where it answers, for both families of addresses.
const SERVICE: &str = "http://169.254.169.254";
const ROLES: &str = "/latest/meta-data/iam/security-credentials/";
const SESSION: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token");
const SESSION_SECONDS: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token-ttl-seconds");
const ASKING: &str = "asking for the machine's access key";

/// A machine's metadata service.
#[derive(Debug)]
pub(crate) struct Machine {
    service: String,
}

impl Machine {
    /// At its usual address, or another one.
    pub(crate) fn new(service: Option<&str>) -> Self {
        Self { service: service.unwrap_or(SERVICE).trim_end_matches('/').to_owned() }
    }

    /// The access key, and when it ends.
    pub(super) async fn ask(&self, cx: &Cx) -> Result<(Credentials, Option<SystemTime>), Error> {
        let mut request = HttpRequest::get(format!("{}/latest/api/token", self.service));
        request.method = Method::PUT;
        // The session ends with the three requests; a minute is enough for them.
        request.headers.insert(SESSION_SECONDS, HeaderValue::from_static("60"));
        let session = text(&send(cx, request).await?);
        let session = hidden_header(&session)
            .ok_or_else(|| missing("the machine's metadata service gave a session that no header can carry"))?;
        let get = async |path: &str| {
            let mut request = HttpRequest::get(format!("{}{path}", self.service));
            request.headers.insert(SESSION, session.clone());
            send(cx, request).await
        };
        let roles = text(&get(ROLES).await?);
        let role = roles.lines().next().map(str::trim).filter(|role| !role.is_empty());
        let role = role.ok_or_else(|| missing("the machine has no role: attach one that may use bedrock"))?;
        read(&get(&format!("{ROLES}{}", percent_encoded(role))).await?, ASKING)
    }
}

async fn send(cx: &Cx, request: HttpRequest) -> Result<bytes::Bytes, Error> {
    Ok(exchange::unary(cx, request, |response| refused(response, ASKING)).await?.body)
}

fn text(body: &[u8]) -> String {
    String::from_utf8_lossy(body).trim().to_owned()
}
