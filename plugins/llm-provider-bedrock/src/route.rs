//! Where a call goes: one address for models, one for lists, one for the endpoint that speaks OpenAI's protocol.

use llm_core::{Error, ErrorKind};

use crate::sigv4::encoded;

/// The region where nobody names one.
pub(crate) const DEFAULT_REGION: &str = "us-east-1";
/// The service that AWS signatures name.
pub(crate) const SERVICE: &str = "bedrock";
/// The same for the endpoint that speaks OpenAI's protocol.
pub(crate) const MANTLE_SERVICE: &str = "bedrock-mantle";

/// The addresses of one account in one region, without a slash at their ends.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) region: String,
    pub(crate) runtime: String,
    control: String,
    pub(crate) mantle: String,
    /// The same for models that have the Responses API only.
    pub(crate) mantle_newer: String,
}

impl Route {
    pub(crate) fn new(region: &str, base: Option<&str>) -> Result<Self, Error> {
        if region.is_empty()
            || !region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        {
            let what = "reading the region of bedrock (region, AWS_REGION): it must be a name such as eu-central-1";
            return Err(Error::new(ErrorKind::Config, what));
        }
        let china = if region.starts_with("cn-") { ".cn" } else { "" };
        let mut route = Self {
            region: region.to_owned(),
            runtime: format!("https://bedrock-runtime.{region}.amazonaws.com{china}"),
            control: format!("https://bedrock.{region}.amazonaws.com{china}"),
            mantle: format!("https://bedrock-mantle.{region}.api.aws/v1"),
            mantle_newer: format!("https://bedrock-mantle.{region}.api.aws/openai/v1"),
        };
        if let Some(base) = base.map(str::trim).filter(|base| !base.is_empty()) {
            route = route.at(base)?;
        }
        Ok(route)
    }

    /// The same account at another address: a proxy has one for all, AWS's own endpoints have one each.
    pub(crate) fn at(&self, base: &str) -> Result<Self, Error> {
        let base = llm_wire::address(base, &[])?.to_owned();
        let control = base.replacen("://bedrock-runtime", "://bedrock", 1);
        let (mantle, mantle_newer) = (base.clone(), base.clone());
        Ok(Self { region: self.region.clone(), control, mantle, mantle_newer, runtime: base })
    }

    /// The address of a model's operation. An id may hold colons and slashes (ARNs), which are part of it.
    pub(crate) fn model(&self, model: &str, operation: &str) -> String {
        format!("{}/model/{}/{operation}", self.runtime, encoded(model))
    }

    /// The address of the list of foundation models.
    pub(crate) fn foundation_models(&self) -> String {
        format!("{}/foundation-models", self.control)
    }

    /// The address of a page of the list of inference profiles.
    pub(crate) fn inference_profiles(&self, page: Option<&str>) -> String {
        let mut url = format!("{}/inference-profiles?maxResults=1000", self.control);
        if let Some(token) = page {
            url.push_str("&nextToken=");
            url.push_str(&encoded(token));
        }
        url
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_models_are_one_segment_of_the_path() {
        let route = Route::new("eu-central-1", None).unwrap();
        let check = |model, expected: &str| {
            let url = format!("https://bedrock-runtime.eu-central-1.amazonaws.com/model/{expected}/converse");
            assert_eq!(route.model(model, "converse"), url);
        };
        check("eu.anthropic.claude-haiku-4-5-20251001-v1:0", "eu.anthropic.claude-haiku-4-5-20251001-v1%3A0");
        check(
            "arn:aws:bedrock:eu-central-1:123456789012:inference-profile/eu.amazon.nova-lite-v1:0",
            "arn%3Aaws%3Abedrock%3Aeu-central-1%3A123456789012%3Ainference-profile%2Feu.amazon.nova-lite-v1%3A0",
        );
        check("../../x?y#z", "..%2F..%2Fx%3Fy%23z");
    }

    #[test]
    fn every_region_and_every_address_has_its_endpoints() {
        let china = Route::new("cn-north-1", None).unwrap();
        assert_eq!(china.foundation_models(), "https://bedrock.cn-north-1.amazonaws.com.cn/foundation-models");
        let own = Route::new("us-east-1", Some(" https://bedrock-runtime-fips.us-east-1.amazonaws.com/ ")).unwrap();
        assert_eq!(own.model("m", "invoke"), "https://bedrock-runtime-fips.us-east-1.amazonaws.com/model/m/invoke");
        assert!(
            own.inference_profiles(Some("a/b=")).starts_with("https://bedrock-fips.us-east-1.amazonaws.com/inference")
        );
        assert!(own.inference_profiles(Some("a/b=")).ends_with("?maxResults=1000&nextToken=a%2Fb%3D"));
    }

    #[test]
    fn what_is_no_region_and_no_address_is_refused_without_being_repeated() {
        for (region, base) in [
            ("eu/secret", None),
            ("", None),
            ("eu-central-1", Some("host.test/secret")),
            ("eu-central-1", Some("https://user:secret@host.test")),
            ("eu-central-1", Some("https://host.test?key=secret")),
        ] {
            let error = Route::new(region, base).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(!error.message().contains("secret"), "{error}");
        }
    }
}
