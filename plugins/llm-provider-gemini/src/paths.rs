//! The paths of calls below the address.

use llm_core::{Error, wrong_setting};
use llm_wire::percent_encoded;

const DEFAULT_VERSION: &str = "v1beta";
/// Every version that the API has (its reference, read 2026-11).
const VERSIONS: [&str; 3] = ["v1", "v1beta", "v1alpha"];
/// Models in a page of the list, the most that the vendor gives.
const PAGE_SIZE: &str = "1000";

/// The version that all paths begin with, between slashes.
pub(crate) struct Paths(String);

impl Paths {
    /// The paths of a version, or of the one that has every feature.
    pub(crate) fn new(id: &str, version: Option<&str>) -> Result<Self, Error> {
        let version = version.map(str::trim).filter(|version| !version.is_empty()).unwrap_or(DEFAULT_VERSION);
        if !VERSIONS.contains(&version) {
            return Err(wrong_setting(id, "api_version", &format!("it must be one of {}", VERSIONS.join(", "))));
        }
        Ok(Self(format!("/{version}/")))
    }

    /// The path of a model's method (`generateContent`, `streamGenerateContent?alt=sse`).
    ///
    /// A name may come with its collection (`models/gemini-x`, `tunedModels/mine`).
    pub(crate) fn method(&self, model: &str, method: &str) -> String {
        let mut url = String::with_capacity(self.0.len() + model.len() + method.len() + 16);
        url.push_str(&self.0);
        let (collection, name) = match model.split_once('/') {
            Some((collection @ ("models" | "tunedModels"), name)) => (collection, name),
            _ => ("models", model),
        };
        url.push_str(collection);
        url.push('/');
        url.push_str(&percent_encoded(name));
        url.push(':');
        url.push_str(method);
        url
    }

    /// The path of a page of the list of models.
    pub(crate) fn models(&self, page: Option<&str>) -> String {
        let mut url = format!("{}models?pageSize={PAGE_SIZE}", self.0);
        if let Some(token) = page {
            url.push_str("&pageToken=");
            url.push_str(&percent_encoded(token));
        }
        url
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_one_segment_of_the_path() {
        let check = |model, expected: &str| {
            let path = Paths::new("gemini", None).unwrap().method(model, "generateContent");
            assert_eq!(path, format!("/v1beta/{expected}:generateContent"));
        };
        check("gemini-3.5-flash", "models/gemini-3.5-flash");
        check("models/gemini-3.5-flash", "models/gemini-3.5-flash");
        check("tunedModels/mine", "tunedModels/mine");
        check("../../secrets?x=1#y", "models/..%2F..%2Fsecrets%3Fx%3D1%23y");
        check("größe:1", "models/gr%C3%B6%C3%9Fe%3A1");
    }

    #[test]
    fn pages_and_versions_are_parts_of_the_path() {
        let paths = Paths::new("gemini", Some(" v1 ")).unwrap();
        assert_eq!(paths.models(Some("a/b=")), "/v1/models?pageSize=1000&pageToken=a%2Fb%3D");
        assert!(Paths::new("gemini", Some("v1/../x")).is_err());
    }
}
