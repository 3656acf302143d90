//! Where a call goes.

use llm_core::{Error, ErrorKind};
use llm_wire::percent_encoded;

/// The location where nobody names one.
pub(crate) const DEFAULT_LOCATION: &str = "global";
/// The versions of the API, which paths begin with and addresses may end with.
pub(crate) const VERSIONS: &[&str] = &["/v1beta1", "/v1"];

/// The paths of one project in one location.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    project: String,
    location: String,
}

impl Route {
    pub(crate) fn new(project: &str, location: &str) -> Result<Self, Error> {
        let is_word = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte));
        if !is_word(project) || !is_word(location) || location.is_empty() {
            let what = "reading project and location of vertex: they must be names such as my-project and europe-west4";
            return Err(Error::new(ErrorKind::Config, what));
        }
        Ok(Self { project: project.to_owned(), location: location.to_owned() })
    }

    /// The address of the location.
    pub(crate) fn address(&self) -> String {
        match self.location.as_str() {
            "global" => "https://aiplatform.googleapis.com".to_owned(),
            location @ ("us" | "eu") => format!("https://aiplatform.{location}.rep.googleapis.com"),
            location => format!("https://{location}-aiplatform.googleapis.com"),
        }
    }

    /// The project, which every path needs; it may be empty.
    pub(crate) fn project(&self) -> &str {
        &self.project
    }

    /// The path of a model's method (`generateContent`).
    pub(crate) fn method(&self, publisher: &str, model: &str, method: &str) -> String {
        let Self { project, location } = self;
        let (publisher, model) = (percent_encoded(publisher), percent_encoded(model));
        format!("/v1/projects/{project}/locations/{location}/publishers/{publisher}/models/{model}:{method}")
    }

    /// The path of all models that speak OpenAI's protocol.
    pub(crate) fn open_models(&self) -> String {
        format!("/v1/projects/{}/locations/{}/endpoints/openapi/chat/completions", self.project, self.location)
    }

    /// The path of a page of a publisher's list of models, which belongs to no project.
    pub(crate) fn list(publisher: &str, page: Option<&str>) -> String {
        let page = page.map(|token| format!("&pageToken={}", percent_encoded(token))).unwrap_or_default();
        format!("/v1beta1/publishers/{publisher}/models?pageSize=100{page}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_location_has_its_host() {
        for (location, host) in [
            ("global", "https://aiplatform.googleapis.com"),
            ("us", "https://aiplatform.us.rep.googleapis.com"),
            ("eu", "https://aiplatform.eu.rep.googleapis.com"),
            ("europe-west4", "https://europe-west4-aiplatform.googleapis.com"),
        ] {
            let route = Route::new("p", location).unwrap();
            assert_eq!(route.address(), host);
            let path = format!("/v1/projects/p/locations/{location}/publishers/google/models/m:generateContent");
            assert_eq!(route.method("google", "m", "generateContent"), path);
        }
        let route = Route::new("p", "global").unwrap();
        assert!(route.method("anthropic", "a/b?c", "x").ends_with("/models/a%2Fb%3Fc:x"));
        assert!(route.method("a/../b", "m", "x").contains("/publishers/a%2F..%2Fb/"));
        assert_eq!(Route::list("meta", Some("a/b")), "/v1beta1/publishers/meta/models?pageSize=100&pageToken=a%2Fb");
    }

    #[test]
    fn what_is_no_name_is_refused_without_being_repeated() {
        for (project, location) in [("a/secret", "global"), ("p", "se cret"), ("p", "")] {
            let error = Route::new(project, location).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(!error.message().contains("secret"), "{error}");
        }
    }
}
