//! The decision table of errors, the registry's errors, and what must not be shown.

use std::sync::Arc;
use std::time::Duration;

use llm_core::{
    BuildCx, Error, ErrorKind, Fallback, Progress, Provider, ProviderPlugin, Registry, RegistryError, Retry, Secret,
    Target, TimeoutStage, Warning, Warnings,
};
use serde_json::{Map, Value};

fn no_build(_: Map<String, Value>, _: &BuildCx) -> Result<Arc<dyn Provider>, Error> {
    Err(Error::new(ErrorKind::Config, "not built"))
}

static ACME: ProviderPlugin =
    ProviderPlugin::new("acme", "Acme", no_build, "acme-plugin", "1.0.0").with_aliases(&["acme-ai"]);
static RIVAL: ProviderPlugin = ProviderPlugin::new("acme-ai", "Rival", no_build, "rival-plugin", "2.0.0");

#[test]
fn two_plugins_with_one_name_are_an_error_that_names_both_crates() {
    let duplicate = RegistryError::Duplicate {
        id: "acme-ai".into(),
        first: "acme-plugin 1.0.0".into(),
        second: "rival-plugin 2.0.0".into(),
    };
    let both = |a, b| Registry::empty().with(a).unwrap().with(b).unwrap_err();
    assert_eq!(both(&ACME, &RIVAL), duplicate);
    assert_eq!(both(&RIVAL, &ACME), duplicate, "the message does not depend on the order");
    assert!(Registry::empty().with(&ACME).unwrap().with(&ACME).is_ok());
}

#[test]
fn an_unknown_plugin_is_an_error_that_names_the_cure() {
    let registry = Registry::empty().with(&ACME).unwrap();
    assert_eq!(registry.plugin("acme-ai").unwrap().id, "acme");
    assert_eq!(registry.plugins().map(|plugin| plugin.id).collect::<Vec<_>>(), ["acme"]);
    let message = registry.plugin("acmee").unwrap_err().to_string();
    for words in ["\"acmee\"", "linked: acme", "did you mean \"acme\"", "Cargo feature", "use llm_provider_x as _;"] {
        assert!(message.contains(words), "{message:?} lacks {words:?}");
    }
    assert!(Registry::empty().plugin("zebra").unwrap_err().to_string().contains("linked: none"));
}

#[test]
fn progress_and_the_vendors_word_overrule_the_table() {
    let server = || Error::new(ErrorKind::Server, "broken").with_status(500);
    assert_eq!((server().retry(), server().fallback()), (Retry::Transient, Fallback::Next));
    let late = server().with_progress(Progress::Committed);
    assert_eq!((late.retry(), late.fallback()), (Retry::Never, Fallback::Never));
    assert_eq!(server().with_should_retry(false).retry(), Retry::Never);
    let invalid = || Error::new(ErrorKind::InvalidRequest, "wrong").with_status(400);
    assert_eq!(invalid().retry(), Retry::Never);
    assert_eq!(invalid().with_should_retry(true).retry(), Retry::Transient);
}

#[test]
fn what_is_the_callers_fault_never_counts_against_a_target() {
    use ErrorKind as K;
    for kind in [
        K::InvalidRequest,
        K::Auth,
        K::RateLimited,
        K::QuotaExhausted,
        K::ContentFilter,
        K::Cancelled,
        K::Timeout(TimeoutStage::Total),
    ] {
        assert!(!kind.policy().breaker, "{kind:?}");
    }
    for kind in [K::Server, K::Overloaded, K::Network, K::Truncated, K::Timeout(TimeoutStage::FirstContent)] {
        assert!(kind.policy().breaker, "{kind:?}");
    }
}

#[test]
fn every_status_has_a_class() {
    for (status, kind) in [
        (400, ErrorKind::InvalidRequest),
        (401, ErrorKind::Auth),
        (402, ErrorKind::QuotaExhausted),
        (404, ErrorKind::NotFound),
        (418, ErrorKind::InvalidRequest),
        (429, ErrorKind::RateLimited),
        (500, ErrorKind::Server),
        (501, ErrorKind::InvalidRequest),
        (529, ErrorKind::Overloaded),
        (302, ErrorKind::Malformed),
        (600, ErrorKind::Malformed),
    ] {
        assert_eq!(ErrorKind::of_status(status), kind, "{status}");
    }
}

#[test]
fn secrets_are_not_shown() {
    let secret = Secret::new("canary-0123456789");
    assert_eq!(format!("{secret:?}"), "Secret(***)");
    assert_eq!(secret.scrub("you sent canary-0123456789!"), "you sent [redacted]!");
    let error = Error::upstream(ErrorKind::Auth, "bad key sk-proj-0123456789abcdef")
        .with_retry_after(Duration::from_secs(1))
        .with_source(std::io::Error::other("inner"));
    assert!(!format!("{error:?} {error} {error:#?}").contains("0123456789abcdef"));
}

#[test]
fn a_secret_that_a_vendor_repeats_is_removed_from_everything_an_error_shows() {
    let secret = Secret::new("canary-0123456789");
    let echo = || "you sent canary-0123456789".to_owned();
    let error = Error::new(ErrorKind::Auth, echo())
        .with_code(echo())
        .with_param(echo())
        .with_request_id(Some(echo()))
        .with_source(std::io::Error::other(echo()))
        .scrubbed(&secret);
    assert_eq!(error.message(), "you sent [redacted]");
    assert!(std::error::Error::source(&error).is_none());
    assert!(!format!("{error:?} {error}").contains("canary"), "{error:?}");

    let kept = Error::truncated().with_source(std::io::Error::other("inner")).scrubbed(&secret);
    assert!(std::error::Error::source(&kept).is_some());
}

#[test]
fn an_error_on_a_configuration_names_the_key_and_repeats_no_value() {
    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Config {
        #[expect(dead_code, reason = "only read")]
        retries: Option<u32>,
    }
    let read = |key: &str| {
        let config = Map::from_iter([(key.to_owned(), Value::from("canary-0123456789"))]);
        llm_core::read_config::<Config>(config, &BuildCx::new("acme")).unwrap_err()
    };
    assert!(read("retries").message().starts_with("reading retries of the provider \"acme\": invalid type: string"));
    assert!(!format!("{:?}", read("retries")).contains("canary"));
    assert!(read("retires").message().contains("retires"));
    assert_eq!(read("retires").kind(), ErrorKind::Config);
}

#[test]
fn what_a_target_cannot_take_is_said_or_refused() {
    let mut warnings = Warnings::new(llm_core::OnUnsupported::Warn);
    warnings.unsupported("sampling.top_k", "no such field").unwrap();
    assert!(matches!(&warnings.into_vec()[..], [Warning::Unsupported { field, .. }] if field == "sampling.top_k"));
    let refused =
        Warnings::new(llm_core::OnUnsupported::Error).unsupported("sampling.top_k", "no such field").unwrap_err();
    assert_eq!((refused.kind(), refused.param()), (ErrorKind::Unsupported, Some("sampling.top_k")));
}

#[test]
fn a_target_is_a_provider_and_a_model() {
    let target: Target = "openrouter/meta/llama-4".parse().unwrap();
    assert_eq!((&*target.provider, &*target.model), ("openrouter", "meta/llama-4"));
    for wrong in ["", "gpt", "/gpt", "openai/"] {
        assert!(wrong.parse::<Target>().unwrap_err().to_string().contains("provider/model"), "{wrong:?}");
    }
}

#[test]
fn what_no_encoder_could_send_is_said_before_it_encodes() {
    let request: llm_core::ChatRequest = serde_json::from_value(serde_json::json!({
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hi", "cashe": {}}], "nmae": "Ada"}],
        "temprature": 1,
        "x_flavour": "mild",
        "previous_response_id": "resp_1",
        "sampling": {"sede": 1},
        "ext": {
            "openai-chat": {"logit_bias": {}, "max_tokns": 5, "nothing": null, "empty": ""},
            "openai": {"previous_response_id": "resp_1"},
            "someone-else": {"x": 1},
        },
        "form": "openai-chat",
    }))
    .unwrap();
    let said = |api: &'static str, provider: &'static str| -> Vec<String> {
        let to = llm_core::Origin::new(api, provider, "m");
        Warnings::of(&request, &to).unwrap().into_vec().iter().map(ToString::to_string).collect()
    };
    let said_to = said("anthropic", "claude");
    for expected in [
        "temprature: this version does not know the field; did you mean sampling.temperature?",
        "x_flavour: this version does not know the field",
        "previous_response_id: this version does not know",
        "sampling.sede: this version does not know the field; did you mean sampling.seed?",
        "messages[0].nmae: this version does not know the field; did you mean messages.name?",
        "messages[0].content.cashe: this version does not know the field; did you mean messages.content.cache?",
        "logit_bias: it is a field of openai-chat, and this target speaks anthropic",
        "max_tokns: it is a field of openai-chat",
    ] {
        assert!(said_to.iter().any(|said| said.starts_with(expected)), "{expected} in {said_to:#?}");
    }
    assert_eq!(said_to.len(), 8, "{said_to:#?}");
    let at_home = said("openai-chat", "openai");
    assert!(!at_home.iter().any(|said| said.contains("logit_bias") || said.contains("previous")), "{at_home:#?}");
    // What a caller wrote for another target is no part of what is asked.
    let mut settings = llm_core::ChatRequest::new("m");
    settings.ext.set("openai-chat", "logit_bias", 1);
    let to = llm_core::Origin::new("anthropic", "claude", "m");
    assert!(Warnings::of(&settings, &to).unwrap().into_vec().is_empty());
    settings.form = Some("openai-chat".into());
    settings.on_unsupported = llm_core::OnUnsupported::Error;
    let error = Warnings::of(&settings, &to).unwrap_err();
    assert_eq!((error.kind(), error.param()), (ErrorKind::Unsupported, Some("logit_bias")));
}

#[test]
fn every_field_of_a_chat_is_known_to_who_misspells_it() {
    let names = |shown: String| -> Vec<String> {
        let own =
            shown.lines().filter_map(|line| line.strip_prefix("    ").filter(|line| !line.starts_with([' ', '}'])));
        own.filter_map(|line| Some(line.split_once(':')?.0.to_owned())).collect()
    };
    let chat = names(format!("{:#?}", llm_core::ChatRequest::default()));
    let sampling = names(format!("{:#?}", llm_core::Sampling::default()));
    assert!(chat.len() > 10 && sampling.len() > 8);
    let paths = chat.iter().cloned().chain(sampling.iter().map(|name| format!("sampling.{name}")));
    for path in paths.filter(|path| !["form", "extra", "sampling.extra"].contains(&path.as_str())) {
        let mut warnings = Warnings::new(llm_core::OnUnsupported::Warn);
        warnings.unknown(&format!("{path}x")).unwrap();
        let said = warnings.into_vec().remove(0).to_string();
        assert!(said.ends_with(&format!("did you mean {path}?")), "{said}");
    }
}
