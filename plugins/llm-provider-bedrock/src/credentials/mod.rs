//! Who signs: access keys from the settings, from AWS's shared files, for a role that trusts a token, from a container's
//! endpoint, or from a machine's.

mod container;
mod machine;
mod profile;
mod temporary;
mod web_identity;

use std::time::SystemTime;

use llm_core::{Cx, Error, ErrorKind, Progress, Secret};

pub(crate) use container::Container;
pub(crate) use machine::Machine;
pub(crate) use profile::{Files, region_of};
pub(crate) use web_identity::WebIdentity;

/// An access key.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: Secret,
    /// With a temporary key.
    pub(crate) session_token: Option<Secret>,
}

/// Where access keys come from.
#[derive(Debug)]
pub(crate) enum Source {
    /// The settings.
    Fixed(Credentials),
    /// AWS's shared files.
    Files(Files),
    /// A role that trusts a token.
    WebIdentity(WebIdentity),
    /// A container's endpoint.
    Container(Container),
    /// A machine's metadata service.
    Machine(Machine),
    /// Nowhere: what is missing.
    Missing(String),
}

impl Source {
    /// The access key for a call at `now`.
    pub(crate) async fn credentials(&self, cx: &Cx, now: SystemTime) -> Result<Credentials, Error> {
        match self {
            Self::Fixed(credentials) => Ok(credentials.clone()),
            Self::Files(files) => files.credentials(),
            Self::WebIdentity(role) => role.credentials(cx, now).await,
            Self::Container(container) => container.credentials(cx, now).await,
            Self::Machine(machine) => machine.credentials(cx, now).await,
            Self::Missing(what) => Err(missing(what.clone())),
        }
    }
}

/// Credentials that a call brings: `ID:SECRET` or `ID:SECRET:TOKEN`; `None` for anything else, which is a bearer key.
pub(crate) fn of_call(secret: &Secret) -> Option<Credentials> {
    let text = secret.expose().trim();
    if !text.starts_with("AKIA") && !text.starts_with("ASIA") {
        return None;
    }
    let mut parts = text.splitn(3, ':');
    Some(Credentials {
        access_key_id: parts.next()?.to_owned(),
        secret_access_key: parts.next().filter(|part| !part.is_empty())?.into(),
        session_token: parts.next().filter(|part| !part.is_empty()).map(Secret::from),
    })
}

/// Nothing was sent because there is nothing to sign with.
pub(crate) fn missing(message: String) -> Error {
    Error::new(ErrorKind::Auth, message).with_progress(Progress::NotSent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_brings_a_pair_of_keys_or_a_bearer() {
        let read = |text: &str| of_call(&Secret::new(text)).map(|found| (found.access_key_id, found.session_token));
        assert_eq!(read("AKIAEXAMPLE:secret"), Some(("AKIAEXAMPLE".to_owned(), None)));
        assert_eq!(read("ASIAEXAMPLE:secret:tok:en"), Some(("ASIAEXAMPLE".to_owned(), Some("tok:en".into()))));
        for bearer in ["ABSKabc", "AKIAEXAMPLE", "AKIAEXAMPLE:", "bedrock-api-key-x:y"] {
            assert_eq!(read(bearer), None, "{bearer}");
        }
    }
}
