//! Where a call goes.

use llm_core::{Error, ErrorKind};
use llm_wire::percent_encoded;

/// The location where nobody names one.
pub(crate) const DEFAULT_LOCATION: &str = "global";

/// The addresses of one project in one location.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    base: String,
    project: String,
    location: String,
}

impl Route {
    pub(crate) fn new(project: &str, location: &str, base: Option<&str>) -> Result<Self, Error> {
        let is_word = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte));
        if !is_word(project) || !is_word(location) || location.is_empty() {
            let what = "reading project and location of vertex: they must be names such as my-project and europe-west4";
            return Err(Error::new(ErrorKind::Config, what));
        }
        let base = match base.map(str::trim).filter(|base| !base.is_empty()) {
            Some(base) => normalize(base)?,
            None => match location {
                "global" => "https://aiplatform.googleapis.com".to_owned(),
                "us" | "eu" => format!("https://aiplatform.{location}.rep.googleapis.com"),
                location => format!("https://{location}-aiplatform.googleapis.com"),
            },
        };
        Ok(Self { base, project: project.to_owned(), location: location.to_owned() })
    }

    /// The same project at another address.
    pub(crate) fn at(&self, base: &str) -> Result<Self, Error> {
        Self::new(&self.project, &self.location, Some(base))
    }

    /// Whether a project is named, which every address needs.
    pub(crate) fn has_project(&self) -> bool {
        !self.project.is_empty()
    }

    /// The address of a model's method (`generateContent`). A model may come with its publisher.
    pub(crate) fn method(&self, publisher: &str, model: &str, method: &str) -> String {
        let Self { base, project, location } = self;
        let model = percent_encoded(model);
        format!("{base}/v1/projects/{project}/locations/{location}/publishers/{publisher}/models/{model}:{method}")
    }
}

fn normalize(text: &str) -> Result<String, Error> {
    let wrong = |what: &str| {
        Error::new(
            ErrorKind::Config,
            format!("reading the address of vertex (base_url, GOOGLE_VERTEX_BASE_URL): {what}"),
        )
    };
    if !text.starts_with("https://") && !text.starts_with("http://") {
        return Err(wrong("it must begin with https:// or http://"));
    }
    if text.contains(['?', '#', '@']) || text.contains(char::is_whitespace) || text.contains(char::is_control) {
        return Err(wrong("it must be a host with a port and a path, and nothing else"));
    }
    let text = text.trim_end_matches('/');
    Ok(["/v1beta1", "/v1"].iter().find_map(|version| text.strip_suffix(version)).unwrap_or(text).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_location_has_its_host() {
        let url =
            |location| Route::new("p", location, None).unwrap().method("google", "gemini-3.5-flash", "generateContent");
        let rest = |location: &str| {
            format!("/v1/projects/p/locations/{location}/publishers/google/models/gemini-3.5-flash:generateContent")
        };
        for (location, host) in [
            ("global", "https://aiplatform.googleapis.com"),
            ("eu", "https://aiplatform.eu.rep.googleapis.com"),
            ("europe-west4", "https://europe-west4-aiplatform.googleapis.com"),
        ] {
            assert_eq!(url(location), format!("{host}{}", rest(location)));
        }
        let own = Route::new("p", "global", Some("https://host.test/v1/")).unwrap();
        assert!(
            own.method("anthropic", "claude-haiku-4-5@20251001", "rawPredict")
                .starts_with("https://host.test/v1/projects/p/")
        );
        assert!(own.method("anthropic", "a/b?c", "x").ends_with("/models/a%2Fb%3Fc:x"));
    }

    #[test]
    fn what_is_no_name_and_no_address_is_refused_without_being_repeated() {
        for (project, location, base) in [
            ("a/secret", "global", None),
            ("p", "se cret", None),
            ("p", "", None),
            ("p", "eu", Some("https://u:secret@h")),
        ] {
            let error = Route::new(project, location, base).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(!error.message().contains("secret"), "{error}");
        }
    }
}
