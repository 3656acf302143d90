//! Who signs: access keys from the settings, from AWS's shared files, for a role that trusts a token, from a container's
//! endpoint, or from a machine's.

mod container;
mod machine;
mod profile;
mod temporary;
mod web_identity;

use std::time::SystemTime;

use llm_core::{Cx, Error, Secret};
use llm_wire::oauth::{self, Issuer};

pub(crate) use container::Container;
pub(crate) use machine::Machine;
pub(crate) use profile::{Files, region_of};
pub(crate) use web_identity::WebIdentity;

/// An access key.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Credentials {
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: Secret,
    /// With a temporary key.
    pub(crate) session_token: Option<Secret>,
}

/// Where access keys come from.
pub(crate) type Source = oauth::Source<Asked>;

/// Who gives access keys.
#[derive(Debug)]
pub(crate) enum Asked {
    /// AWS's shared files.
    Files(Files),
    /// A role that trusts a token.
    WebIdentity(WebIdentity),
    /// A container's endpoint.
    Container(Container),
    /// A machine's metadata service.
    Machine(Machine),
}

impl Issuer for Asked {
    type Credential = Credentials;

    async fn issue(&self, cx: &Cx, now: SystemTime) -> Result<(Credentials, Option<SystemTime>), Error> {
        match self {
            // Other programs write other keys into them, at any time.
            Self::Files(files) => Ok((files.credentials()?, Some(now))),
            Self::WebIdentity(role) => role.ask(cx).await,
            Self::Container(container) => container.ask(cx).await,
            Self::Machine(machine) => machine.ask(cx).await,
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
