//! Tokens of Google's OAuth: from a service account's key (a signed JWT), from a user's refresh token, or from the
//! metadata server of the machine. Each lasts an hour and is renewed five minutes before.
//!
//! Sources: "Using OAuth 2.0 for Server to Server Applications", "Authenticate applications" of Compute Engine; read 2026-11.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use http::{HeaderName, HeaderValue};
use llm_core::{Cx, Error, HttpRequest, Secret, base64_text};
use llm_wire::oauth::{self, Issuer, Source, missing};
use serde::Deserialize;
use serde_json::json;

use crate::config::Config;
use crate::external::External;

const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
const TOKEN_URL: &str = "https://oauth2.googleapis.com/token";
const METADATA_URL: &str = "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token";
const HOUR: u64 = 3600;
/// Who gives tokens, for messages.
pub(crate) const WHOM: &str = "google";

/// How a token is asked for.
pub(crate) enum Asked {
    /// With a file of application credentials.
    File(PathBuf),
    /// Of the metadata server.
    Metadata,
}

/// Where tokens come from, by the settings.
pub(crate) fn source(config: &Config, id: &str) -> Source<Asked> {
    match (&config.access_token, &config.credentials_file) {
        (Some(token), _) if !token.is_blank() => Source::Fixed(token.clone()),
        (_, Some(path)) if !path.as_os_str().is_empty() => Source::issued(Asked::File(path.clone())),
        _ if config.metadata => Source::issued(Asked::Metadata),
        _ => Source::Missing(format!(
            "credentials missing: set {}, or metadata = true on google's own machines",
            crate::PLUGIN.how_to_set(id, &["credentials_file", "access_token"])
        )),
    }
}

impl Issuer for Asked {
    type Credential = Secret;

    async fn issue(&self, cx: &Cx, now: SystemTime) -> Result<(Secret, Option<SystemTime>), Error> {
        match self {
            Self::File(path) => of_file(cx, path, now).await,
            Self::Metadata => oauth::token(cx, metadata_request(), WHOM, now).await,
        }
    }
}

/// What a file of application credentials holds.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Credentials {
    ServiceAccount {
        client_email: String,
        private_key: Secret,
        private_key_id: Option<String>,
        token_uri: Option<String>,
    },
    AuthorizedUser {
        client_id: String,
        client_secret: Secret,
        refresh_token: Secret,
        token_uri: Option<String>,
    },
    /// Boxed, because it is large.
    ExternalAccount(Box<External>),
}

async fn of_file(cx: &Cx, path: &Path, now: SystemTime) -> Result<(Secret, Option<SystemTime>), Error> {
    let text = oauth::secret_in(path, "the credentials")?;
    // The parser's words may quote the key.
    let credentials = serde_json::from_str(text.expose()).map_err(|_| {
        let path = path.display();
        missing(format!(
            "reading the credentials file {path}: it is neither a service account's, nor a user's, nor an external account's"
        ))
    })?;
    let request = match credentials {
        Credentials::ExternalAccount(external) => return external.token(cx, SCOPE, now).await,
        Credentials::ServiceAccount { client_email, private_key, private_key_id, token_uri } => {
            let url = token_uri.unwrap_or_else(|| TOKEN_URL.to_owned());
            let assertion = assertion(&client_email, &private_key, private_key_id.as_deref(), &url, now)?;
            let fields = [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", &*assertion)];
            oauth::form(url, fields)
        }
        Credentials::AuthorizedUser { client_id, client_secret, refresh_token, token_uri } => {
            let fields = [
                ("grant_type", "refresh_token"),
                ("client_id", client_id.as_str()),
                ("client_secret", client_secret.expose()),
                ("refresh_token", refresh_token.expose()),
            ];
            oauth::form(token_uri.unwrap_or_else(|| TOKEN_URL.to_owned()), fields)
        }
    };
    oauth::token(cx, request, WHOM, now).await
}

fn metadata_request() -> HttpRequest {
    let mut request = HttpRequest::get(METADATA_URL);
    request.headers.insert(HeaderName::from_static("metadata-flavor"), HeaderValue::from_static("Google"));
    request
}

/// A claim signed with a service account's key (JWT, RS256), for an hour.
fn assertion(
    email: &str,
    key: &Secret,
    key_id: Option<&str>,
    audience: &str,
    now: SystemTime,
) -> Result<String, Error> {
    let seconds = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let header = json!({ "alg": "RS256", "typ": "JWT", "kid": key_id });
    let claims =
        json!({ "iss": email, "scope": SCOPE, "aud": audience, "iat": seconds, "exp": seconds.saturating_add(HOUR) });
    let mut token = format!("{}.{}", url_safe(header.to_string().as_bytes()), url_safe(claims.to_string().as_bytes()));
    let wrong = || missing("reading a service account's key: private_key is no RSA key in PKCS #8");
    let pair = RsaKeyPair::from_pkcs8(&der(key.expose()).ok_or_else(wrong)?).map_err(|_| wrong())?;
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), token.as_bytes(), &mut signature).map_err(|_| wrong())?;
    token.push('.');
    token.push_str(&url_safe(&signature));
    Ok(token)
}

/// The bytes inside a PEM text.
fn der(pem: &str) -> Option<bytes::Bytes> {
    let lines = pem.lines().map(str::trim).filter(|line| !line.starts_with("-----"));
    base64_text::decode(&lines.collect::<String>())
}

fn url_safe(bytes: &[u8]) -> String {
    base64_text::encode(bytes).trim_end_matches('=').replace('+', "-").replace('/', "_")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
    use aws_lc_rs::rsa::{KeyPair, KeySize};
    use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
    use llm_core::ErrorKind;

    use super::*;

    #[test]
    fn a_service_account_signs_a_claim_that_its_public_key_proves() {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let pem =
            format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", base64_text::encode(der.as_ref()));
        let now = UNIX_EPOCH + Duration::from_secs(1_000_000);
        let token = assertion("robot@project.test", &pem.into(), Some("k1"), TOKEN_URL, now).unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let (header, claims) = signed.split_once('.').unwrap();
        let read =
            |part: &str| serde_json::from_slice::<serde_json::Value>(&base64_text::decode(part).unwrap()).unwrap();
        assert_eq!(read(header), json!({"alg": "RS256", "typ": "JWT", "kid": "k1"}));
        assert_eq!(
            read(claims),
            json!({"iss": "robot@project.test", "scope": SCOPE, "aud": TOKEN_URL, "iat": 1_000_000, "exp": 1_003_600})
        );
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref());
        public.verify(signed.as_bytes(), &base64_text::decode(signature).unwrap()).unwrap();
    }

    #[test]
    fn a_key_that_is_none_is_refused_without_being_repeated() {
        let error = assertion("a", &"secret-key".into(), None, "b", UNIX_EPOCH).unwrap_err();
        assert!(!error.message().contains("secret-key"), "{error}");
        assert_eq!(error.kind(), ErrorKind::Auth);
    }
}
