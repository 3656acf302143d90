//! The endpoint where a container finds its temporary access key (ECS, EKS Pod Identity): asked when there is none yet and
//! again before it ends, by one call for all that wait.

use std::path::PathBuf;
use std::time::SystemTime;

use http::HeaderValue;
use http::header::AUTHORIZATION;
use llm_core::{Cx, Error, HttpRequest, Secret};
use llm_wire::{Renewed, exchange};

use super::temporary::{BEFORE_END, read, refused};
use super::{Credentials, missing};

/// Where ECS answers.
const ECS: &str = "http://169.254.170.2";
const WHOSE: &str = "the container's";

/// A container's endpoint.
#[derive(Debug)]
pub(crate) struct Container {
    url: String,
    token: Option<Secret>,
    token_file: Option<PathBuf>,
    known: Renewed<Credentials>,
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
        let success = exchange::unary(cx, request, |response| refused(response.status, WHOSE)).await?;
        read(&success.body, WHOSE)
    }

    fn token(&self) -> Result<Option<Secret>, Error> {
        let Some(path) = &self.token_file else { return Ok(self.token.clone()) };
        let read = std::fs::read_to_string(path);
        read.map(|text| Some(Secret::from(text)))
            .map_err(|error| missing(format!("reading the container's token in {}: {error}", path.display())))
    }
}
