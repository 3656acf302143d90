//! What a client says about one request beside its body: the `x-llm-*` headers.
//!
//! A client may ask for less than the operator allows (less time, fewer retries, no fallback, a lower priority), never
//! for more. A header of this family that nobody knows is an error: a misspelt one would do nothing, unnoticed.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use llm_core::{CacheControl, ChatRequest, Cx, Error, ErrorKind, Hints, OnUnsupported, Priority, QualityNeed, closest};

const PREFIX: &str = "x-llm-";
/// Longest value of one header.
const LONGEST: usize = 256;
/// Most retries at one target that a client may ask for.
const MOST_RETRIES: u32 = 5;

const TIMEOUT: &str = "x-llm-timeout-ms";
const RETRIES: &str = "x-llm-max-retries";
const FALLBACK: &str = "x-llm-fallback";
const TASK: &str = "x-llm-task";
const QUALITY: &str = "x-llm-quality";
const PRIORITY: &str = "x-llm-priority";
const REGION: &str = "x-llm-region";
const USER: &str = "x-llm-user";
const SESSION: &str = "x-llm-session";
const TAGS: &str = "x-llm-tags";
const KEEP_PROMPT: &str = "x-llm-keep-prompt";
const STRICT: &str = "x-llm-strict";
const CACHE: &str = "x-llm-cache";
const CACHE_TTL: &str = "x-llm-cache-ttl";
const CACHE_NAMESPACE: &str = "x-llm-cache-namespace";
const KNOWN: [&str; 15] = [
    TIMEOUT,
    RETRIES,
    FALLBACK,
    TASK,
    QUALITY,
    PRIORITY,
    REGION,
    USER,
    SESSION,
    TAGS,
    KEEP_PROMPT,
    STRICT,
    CACHE,
    CACHE_TTL,
    CACHE_NAMESPACE,
];

/// Writes the wishes of a client into its request and the environment of its call.
pub(crate) fn apply(headers: &HeaderMap, request: &mut ChatRequest, cx: &mut Cx, now: Instant) -> Result<(), Error> {
    let mut hints = Hints::default();
    hints.user = request.end_user.as_deref().map(Arc::from);
    let mut any = hints.user.is_some();
    let mut cache: Option<CacheControl> = None;
    for (name, value) in headers {
        let name = name.as_str();
        if !name.starts_with(PREFIX) {
            continue;
        }
        let text = value.to_str().ok().map(str::trim).filter(|text| (1..=LONGEST).contains(&text.len()));
        let text = text.ok_or_else(|| refused(name, "expected 1 to 256 characters of ASCII"))?;
        match name {
            TIMEOUT => cx.deadline = now.checked_add(Duration::from_millis(number(name, text, 1..=86_400_000)?)),
            RETRIES => cx.most_retries = Some(number(name, text, 0..=MOST_RETRIES)?),
            FALLBACK => match text {
                "off" => cx.max_targets = Some(1),
                "on" => {}
                _ => return Err(refused(name, "expected on or off")),
            },
            TASK => hints.task = Some(text.into()),
            QUALITY => {
                hints.quality = Some(match text {
                    "low" => QualityNeed::Low,
                    "standard" => QualityNeed::Standard,
                    "high" => QualityNeed::High,
                    _ => return Err(refused(name, "expected low, standard or high")),
                });
            }
            PRIORITY => {
                hints.priority = match text {
                    "batch" => Priority::Batch,
                    "low" => Priority::Low,
                    "normal" => Priority::Normal,
                    _ => return Err(refused(name, "expected batch, low or normal")),
                };
            }
            REGION => hints.region = Some(text.into()),
            USER => hints.user = Some(text.into()),
            SESSION => hints.session = Some(text.into()),
            KEEP_PROMPT => {
                hints.keep_prompt = match text {
                    "on" => true,
                    "off" => false,
                    _ => return Err(refused(name, "expected on or off")),
                };
            }
            STRICT => match text {
                "on" => request.on_unsupported = OnUnsupported::Error,
                "off" => {}
                _ => return Err(refused(name, "expected on or off")),
            },
            TAGS => cx.tags = Some(Arc::new(tags(name, text)?)),
            CACHE => cached(name, text, cache.get_or_insert_default())?,
            CACHE_TTL => {
                let seconds = number(name, text, 1..=31_536_000)?;
                cache.get_or_insert_default().ttl = Some(Duration::from_secs(seconds));
            }
            CACHE_NAMESPACE => cache.get_or_insert_default().namespace = Some(text.into()),
            other => return Err(unknown(other)),
        }
        any = true;
    }
    if any {
        cx.hints = Some(Arc::new(hints));
    }
    if let Some(control) = cache {
        cx.cache = Some(Arc::new(control));
    }
    Ok(())
}

/// `on`, `off`, `no-cache` (ask anew) and `no-store` (do not keep), separated by commas.
fn cached(name: &str, text: &str, control: &mut CacheControl) -> Result<(), Error> {
    for word in text.split(',').map(str::trim) {
        match word {
            "on" => control.use_cache = Some(true),
            "off" => control.use_cache = Some(false),
            "no-cache" => control.no_cache = true,
            "no-store" => control.no_store = true,
            _ => return Err(refused(name, "expected on, off, no-cache or no-store, separated by commas")),
        }
    }
    Ok(())
}

fn number<N: FromStr + PartialOrd + std::fmt::Display>(
    name: &str,
    text: &str,
    range: std::ops::RangeInclusive<N>,
) -> Result<N, Error> {
    let number = text.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| refused(name, format!("expected a whole number from {} to {}", range.start(), range.end())))
}

/// `team=a, residency=eu`.
fn tags(name: &str, text: &str) -> Result<BTreeMap<String, String>, Error> {
    let pair = |pair: &str| {
        let (key, value) = pair.split_once('=')?;
        let (key, value) = (key.trim(), value.trim());
        (!key.is_empty() && !value.is_empty()).then(|| (key.to_owned(), value.to_owned()))
    };
    let tags: Option<BTreeMap<_, _>> = text.split(',').map(pair).collect();
    tags.ok_or_else(|| refused(name, "expected name=value, separated by commas"))
}

fn unknown(name: &str) -> Error {
    let hint = closest(name, KNOWN).map(|known| format!("; did you mean {known}?")).unwrap_or_default();
    refused(name, format!("no such header{hint}"))
}

fn refused(name: &str, what: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::InvalidRequest, format!("reading the header {name}: {what}")).with_param(name)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};
    use loquat::{Client, Environment};

    use super::*;

    fn applied(headers: &[(&'static str, &str)], end_user: Option<&str>) -> Result<(Cx, Instant), Error> {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).unwrap()))
            .collect();
        let client = Client::builder().environment(Environment::empty()).build()?;
        let (mut cx, now) = (client.cx(None), tokio::time::Instant::now().into_std());
        let mut request = ChatRequest::default();
        request.end_user = end_user.map(str::to_owned);
        apply(&headers, &mut request, &mut cx, now).map(|()| (cx, now))
    }

    #[test]
    fn wishes_become_the_environment_of_the_call() {
        let (cx, now) = applied(
            &[
                ("x-llm-timeout-ms", "1500"),
                ("x-llm-max-retries", "0"),
                ("x-llm-fallback", "off"),
                ("x-llm-task", "code_generation"),
                ("x-llm-quality", "high"),
                ("x-llm-priority", "batch"),
                ("x-llm-keep-prompt", "on"),
                ("x-llm-tags", "team=a, residency = eu"),
                ("x-llm-cache", "no-cache, no-store"),
                ("x-llm-cache-ttl", "60"),
                ("x-llm-cache-namespace", "v2"),
                ("x-request-id", "r"),
            ],
            Some("u-1"),
        )
        .unwrap();
        let hints = cx.hints.unwrap();
        assert_eq!(cx.deadline, Some(now + Duration::from_millis(1500)));
        assert_eq!((cx.most_retries, cx.max_targets), (Some(0), Some(1)));
        assert_eq!((hints.task.as_deref(), hints.user.as_deref()), (Some("code_generation"), Some("u-1")));
        assert_eq!((hints.quality, hints.priority), (Some(QualityNeed::High), Priority::Batch));
        assert!(hints.keep_prompt);
        let cache = CacheControl::refresh().without_store().with_ttl(Duration::from_secs(60)).with_namespace("v2");
        assert_eq!(*cx.cache.unwrap(), cache);
        assert_eq!(cx.tags.unwrap().get("residency").map(String::as_str), Some("eu"));

        let (cx, _) = applied(&[("x-llm-user", "u-2")], Some("u-1")).unwrap();
        assert_eq!(cx.hints.unwrap().user.as_deref(), Some("u-2"), "the header is the more explicit word");
        assert!(applied(&[], None).unwrap().0.hints.is_none());
    }

    #[test]
    fn what_is_wrong_or_more_than_allowed_is_refused_by_name() {
        for (name, value, hint) in [
            ("x-llm-timeout-ms", "soon", "from 1 to 86400000"),
            ("x-llm-timeout-ms", "0", "from 1"),
            ("x-llm-max-retries", "99", "from 0 to 5"),
            ("x-llm-fallback", "maybe", "on or off"),
            ("x-llm-keep-prompt", "1", "on or off"),
            ("x-llm-strict", "yes", "on or off"),
            ("x-llm-priority", "high", "batch, low or normal"),
            ("x-llm-tags", "team", "name=value"),
            ("x-llm-cache", "maybe", "no-store"),
            ("x-llm-cache-ttl", "0", "from 1"),
            ("x-llm-task", "", "1 to 256"),
            ("x-llm-prioritty", "low", "did you mean x-llm-priority?"),
        ] {
            let error = applied(&[(name, value)], None).map(|_| ()).unwrap_err();
            assert_eq!((error.kind(), error.param()), (ErrorKind::InvalidRequest, Some(name)));
            assert!(error.message().contains(hint), "{error}");
        }
    }
}
