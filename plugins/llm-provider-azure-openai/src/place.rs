//! Where a resource is, read from any address that the portal shows of it.

use llm_core::{Error, ErrorKind};

use crate::surface::Surface;

/// An address, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Place<'a> {
    /// What the surface's paths stand below, without a slash at its end.
    pub(crate) root: &'a str,
    /// The surface that the address is one of.
    surface: Option<Surface>,
    /// The version in its query.
    version: Option<&'a str>,
}

/// What a path may hold behind the resource, and what it says of the surface; the first that is there counts.
const PARTS: [(&str, Option<Surface>); 4] = [
    ("/openai/v1", Some(Surface::V1)),
    ("/openai/deployments", Some(Surface::Dated)),
    ("/openai", None),
    ("/models", Some(Surface::Inference)),
];
/// Hosts with one model, which have its operations right below them.
const SINGLE_HOSTS: [&str; 2] = [".models.ai.azure.com", "models.inference.ai.azure.com"];

impl<'a> Place<'a> {
    /// Takes an address apart.
    pub(crate) fn read(address: &'a str) -> Result<Self, Error> {
        let (place, query) = address.trim().split_once('?').unwrap_or((address, ""));
        let place = llm_wire::address(place, &[])?;
        let version = query.split('&').find_map(|pair| pair.strip_prefix("api-version="));
        if !version.unwrap_or_default().bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            let what = "reading the provider's address (base_url): api-version must be a date or preview";
            return Err(Error::new(ErrorKind::Config, what));
        }
        let host = place.split('/').nth(2).unwrap_or_default();
        if SINGLE_HOSTS.iter().any(|single| host.ends_with(single)) {
            let root = place.strip_suffix("/chat/completions").unwrap_or(place);
            return Ok(Self { root, surface: Some(Surface::Single), version });
        }
        for (part, surface) in PARTS {
            let Some(at) = segments(place, part) else { continue };
            let behind = place[at + part.len()..].trim_start_matches('/');
            if surface == Some(Surface::Dated) && !behind.is_empty() {
                // One deployment, as the portal's "target URI" shows it.
                let end = behind.find('/').unwrap_or(behind.len());
                let root = &place[..place.len() - behind.len() + end];
                return Ok(Self { root, surface: Some(Surface::Single), version });
            }
            return Ok(Self { root: place[..at].trim_end_matches('/'), surface, version });
        }
        Ok(Self { root: place, surface: None, version })
    }

    /// The surface and its version, with what the setting says of them.
    pub(crate) fn surface(&self, api_version: Option<&str>) -> (Surface, String) {
        let version = api_version.or(self.version);
        let dated = version.filter(|version| version.starts_with("20"));
        let surface = match (self.surface, dated, version) {
            (Some(surface @ (Surface::Inference | Surface::Single)), ..) => surface,
            (Some(Surface::V1), ..) | (_, None, _) if version == Some("preview") => Surface::Preview,
            (Some(Surface::V1), ..) => Surface::V1,
            (Some(Surface::Dated), ..) | (_, Some(_), _) => Surface::Dated,
            _ => Surface::V1,
        };
        (surface, dated.unwrap_or(surface.usual_version()).to_owned())
    }
}

/// Where whole segments stand in a path.
fn segments(path: &str, part: &str) -> Option<usize> {
    let mut found = path.match_indices(part);
    found.find(|(at, _)| matches!(path.as_bytes().get(at + part.len()), None | Some(b'/'))).map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "https://name.openai.azure.com";

    #[test]
    fn every_address_of_the_portal_is_understood() {
        let check = |path: &str, version: Option<&str>, surface, asked: &str, below: &str| {
            let address = format!("{HOST}{path}");
            let place = Place::read(&address).unwrap();
            assert_eq!(place.root, format!("{HOST}{below}"), "{path}");
            assert_eq!(place.surface(version), (surface, asked.to_owned()), "{path}");
        };
        check("", None, Surface::V1, "2024-05-01-preview", "");
        check("/", Some("2024-02-01"), Surface::Dated, "2024-02-01", "");
        check("//", Some("2024-02-01"), Surface::Dated, "2024-02-01", "");
        check("/openai/", Some("v1"), Surface::V1, "2024-05-01-preview", "");
        check("/openai/v1/", None, Surface::V1, "2024-05-01-preview", "");
        check("/openai/v1", Some("2024-02-01"), Surface::V1, "2024-02-01", "");
        check("/openai/v1", Some("preview"), Surface::Preview, "2024-05-01-preview", "");
        check("", Some("preview"), Surface::Preview, "2024-05-01-preview", "");
        check("/api/projects/p/openai/v1/responses", None, Surface::V1, "2024-05-01-preview", "/api/projects/p");
        check("/openai/responses?api-version=2025-04-01-preview", None, Surface::Dated, "2025-04-01-preview", "");
        check("/openai/deployments", None, Surface::Dated, "2024-10-21", "");
        let target = "/openai/deployments/my-gpt/chat/completions?api-version=2025-01-01-preview";
        check(target, None, Surface::Single, "2025-01-01-preview", "/openai/deployments/my-gpt");
        check("/models", None, Surface::Inference, "2024-05-01-preview", "");
        check("/models/chat/completions?api-version=2024-08-01", None, Surface::Inference, "2024-08-01", "");
        check("/openailike", None, Surface::V1, "2024-05-01-preview", "/openailike");
        let serverless = Place::read("https://x.eastus2.models.ai.azure.com/v1/chat/completions").unwrap();
        assert_eq!(serverless.root, "https://x.eastus2.models.ai.azure.com/v1");
        assert_eq!(serverless.surface(None).0, Surface::Single);
    }

    #[test]
    fn what_is_no_address_is_refused_without_being_repeated() {
        for address in [
            "name-secret.openai.azure.com",
            "https://u:secret@host",
            "https://host/a#secret",
            "ftp://secret",
            "https://host?api-version=a#secret",
        ] {
            let error = Place::read(address).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(!error.message().contains("secret"), "{error}");
        }
    }
}
