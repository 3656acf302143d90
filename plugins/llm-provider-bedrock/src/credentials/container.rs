//! The endpoint where a container finds its temporary access key (ECS, EKS Pod Identity).

use std::path::PathBuf;
use std::time::SystemTime;

use http::header::AUTHORIZATION;
use llm_core::{Cx, Error, HttpRequest, Secret};
use llm_wire::oauth::{missing, refused, secret_in};
use llm_wire::{exchange, hidden_header};

use super::Credentials;
use super::temporary::read;

/// Where ECS answers.
const ECS: &str = "http://169.254.170.2";
const ASKING: &str = "asking for the container's access key";

/// A container's endpoint.
#[derive(Debug)]
pub(crate) struct Container {
    url: String,
    token: Option<Secret>,
    token_file: Option<PathBuf>,
}

impl Container {
    /// `address` is whole, or a path at ECS's address.
    pub(crate) fn new(address: &str, token: Option<Secret>, token_file: Option<PathBuf>) -> Self {
        let url = if address.starts_with('/') { format!("{ECS}{address}") } else { address.to_owned() };
        Self { url, token, token_file }
    }

    /// The access key, and when it ends.
    pub(super) async fn ask(&self, cx: &Cx) -> Result<(Credentials, Option<SystemTime>), Error> {
        let mut request = HttpRequest::get(self.url.clone());
        if let Some(token) = self.token()? {
            let value = hidden_header(token.expose().trim())
                .ok_or_else(|| missing("the container's token has characters that no header can carry"))?;
            request.headers.insert(AUTHORIZATION, value);
        }
        let success = exchange::unary(cx, request, |response| refused(response, ASKING)).await?;
        read(&success.body, ASKING)
    }

    fn token(&self) -> Result<Option<Secret>, Error> {
        match &self.token_file {
            Some(path) => secret_in(path, "the container's token").map(Some),
            None => Ok(self.token.clone()),
        }
    }
}
