//! The endpoint where a container finds its temporary access key (ECS, EKS Pod Identity): asked when there is none yet and
//! again before it ends, by one call for all that wait.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use http::HeaderValue;
use http::header::AUTHORIZATION;
use llm_core::{Cx, Error, ErrorKind, HttpRequest, Secret};
use llm_wire::{Renewed, exchange};
use serde::Deserialize;

use super::{Credentials, missing};

/// Where ECS answers.
const ECS: &str = "http://169.254.170.2";
/// So long before its end a key is renewed.
const BEFORE_END: Duration = Duration::from_secs(300);

/// A container's endpoint.
#[derive(Debug)]
pub(crate) struct Container {
    url: String,
    token: Option<Secret>,
    token_file: Option<PathBuf>,
    known: Renewed<Credentials>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    access_key_id: String,
    secret_access_key: Secret,
    token: Option<Secret>,
    expiration: Option<String>,
}

impl Container {
    /// `address` is whole, or a path at ECS's address.
    pub(crate) fn new(address: &str, token: Option<Secret>, token_file: Option<PathBuf>) -> Self {
        let url = if address.starts_with('/') { format!("{ECS}{address}") } else { address.to_owned() };
        Self { url, token, token_file, known: Renewed::new(BEFORE_END) }
    }

    /// The access key, asked for where none is known that lasts.
    pub(crate) async fn credentials(&self, cx: &Cx, now: SystemTime) -> Result<Credentials, Error> {
        self.known.at(now, || self.ask(cx)).await
    }

    async fn ask(&self, cx: &Cx) -> Result<(Credentials, Option<SystemTime>), Error> {
        let mut request = HttpRequest::get(self.url.clone());
        if let Some(token) = self.token()? {
            let mut value = HeaderValue::from_str(token.expose().trim())
                .map_err(|_| missing("the container's token has characters that no header can carry".to_owned()))?;
            value.set_sensitive(true);
            request.headers.insert(AUTHORIZATION, value);
        }
        let refused = |status: u16| {
            Error::new(ErrorKind::Auth, format!("asking for the container's access key: the endpoint said {status}"))
        };
        let success = exchange::unary(cx, request, |response| refused(response.status)).await?;
        let answer: Answer = serde_json::from_slice(&success.body)
            .map_err(|_| Error::new(ErrorKind::Auth, "asking for the container's access key: the answer is none"))?;
        let end = answer.expiration.as_deref().and_then(llm_wire::rfc3339);
        let credentials = Credentials {
            access_key_id: answer.access_key_id,
            secret_access_key: answer.secret_access_key,
            session_token: answer.token,
        };
        Ok((credentials, end))
    }

    fn token(&self) -> Result<Option<Secret>, Error> {
        let Some(path) = &self.token_file else { return Ok(self.token.clone()) };
        let read = std::fs::read_to_string(path);
        read.map(|text| Some(Secret::from(text)))
            .map_err(|error| missing(format!("reading the container's token in {}: {error}", path.display())))
    }
}
