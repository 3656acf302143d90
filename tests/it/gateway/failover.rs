//! Failover through the gateway, as its users complain about it elsewhere: what fails before the first words is never
//! seen, what fails after them is told, and nothing of a failed attempt gets into the answer of another.

use std::time::Duration;

use llm_gateway::ServerConfig;
use llm_testkit::emulator::Emulator;
use loquat::{Client, ClientBuilder, Config, Environment, ProviderConfig, RetryPolicy};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use super::{Running, request};
use crate::http::{Answer, post_with};

const PLUGINS: [&str; 5] = ["openai", "openai-compatible", "anthropic", "gemini", "ollama"];

/// A gateway with a route for each plugin and fault, behind which a healthy target stands by.
struct Failing {
    emulator: Emulator,
    gateway: Running,
}

impl Failing {
    async fn with(faults: &[&str]) -> Self {
        Self::with_defaults(faults, "").await
    }

    async fn with_defaults(faults: &[&str], defaults: &str) -> Self {
        let emulator = Emulator::start().await.unwrap();
        let mut builder = clients_of(&emulator, defaults);
        for plugin in PLUGINS {
            for fault in faults {
                let (name, alone) = (format!("{plugin}-{fault}"), format!("{plugin}-{fault}-alone"));
                let primary = format!("{plugin}/{name}+{fault}");
                builder = builder.route(alone, [primary.clone()]).route(&name, [primary, format!("backup/{name}")]);
            }
        }
        let gateway = Running::with(builder, ServerConfig::default()).await;
        Self { emulator, gateway }
    }

    /// Requests to the target behind a route's first one.
    fn stepped_in(&self, plugin: &str, fault: &str) -> usize {
        self.emulator.count(&format!("{plugin}-{fault}"))
    }
}

fn clients_of(emulator: &Emulator, defaults: &str) -> ClientBuilder {
    let provider = |id: &str, url: String| ProviderConfig::new(id).with("api_key", "k-emulator").with("base_url", url);
    let builder = Client::builder()
        .config(Config::from_toml(&format!("[defaults]\n{defaults}")).unwrap())
        .environment(Environment::empty())
        .retry(RetryPolicy::none())
        .provider(provider("backup", emulator.openai_url()).with_kind("openai-compatible"));
    PLUGINS.into_iter().fold(builder, |builder, plugin| {
        let url = if plugin.starts_with("openai") { emulator.openai_url() } else { emulator.base_url() };
        builder.provider(provider(plugin, url))
    })
}

/// The chunks of a stream, without its end mark.
fn chunks(answer: &Answer) -> Vec<Value> {
    let events = answer.events().into_iter().filter(|event| *event != "[DONE]");
    events.map(|event| serde_json::from_str(event).unwrap_or_else(|error| panic!("{error}: {event}"))).collect()
}

fn words(answer: &Answer, stream: bool) -> String {
    if !stream {
        return answer.json()["choices"][0]["message"]["content"].as_str().unwrap().to_owned();
    }
    chunks(answer).iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_before_the_first_words_falls_over_and_leaves_no_trace() {
    // An answer refused, an error inside the 200 before and after what frames the content, and a cut behind that frame.
    let faults = ["fail-503", "limit-429-ra20", "error-at-0", "error-after-0", "cut-after-0", "reset", "html-200"];
    let failing = Failing::with(&faults).await;
    for plugin in PLUGINS {
        for fault in faults {
            for stream in [false, true] {
                let name = format!("{plugin}-{fault}");
                let answer = failing.gateway.ask(&name, stream).await;
                assert_eq!((answer.status, words(&answer, stream).as_str()), (200, "echo: one two three"), "{name}");
                assert_eq!(answer.header("x-llm-target"), format!("backup/{name}"));
                for header in ["retry-after", "x-llm-error-source", "x-ratelimit-remaining-requests"] {
                    assert_eq!(answer.header(header), "", "{name}: {header} is of the attempt that failed");
                }
                if stream {
                    assert_eq!(answer.events().last(), Some(&"[DONE]"), "{name}");
                    let chunks = chunks(&answer);
                    assert!(chunks.iter().all(|chunk| chunk["model"] == *name), "{name}: {}", answer.body);
                    assert!(chunks.iter().all(|chunk| chunk["id"] == chunks[0]["id"]), "{name}: {}", answer.body);
                    let roles = chunks.iter().filter(|chunk| chunk["choices"][0]["delta"]["role"].is_string());
                    assert_eq!(roles.count(), 1, "{name}: {}", answer.body);
                } else {
                    assert_eq!(answer.json()["model"], *name);
                }
            }
        }
    }
    assert_eq!(failing.emulator.open(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_without_its_end_never_passes_for_a_whole_one() {
    let faults = ["no-finish", "cut-after-2", "reset-after-2", "error-after-2"];
    let failing = Failing::with(&faults).await;
    for plugin in PLUGINS {
        for fault in faults {
            let name = format!("{plugin}-{fault}");
            let answer = failing.gateway.ask(&name, true).await;
            let events = answer.events();
            assert!(!events.contains(&"[DONE]"), "{name}: {}", answer.body);
            let last: Value = serde_json::from_str(events.last().unwrap()).unwrap();
            assert!(last["error"]["message"].is_string() && last["error"]["code"].is_string(), "{name}: {last}");
            assert_eq!(last["error"]["x_llm"]["provider"], plugin, "{name}: {last}");
            assert_eq!(failing.stepped_in(plugin, fault), 0, "{name}: words had gone out");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lone_line_of_broken_json_is_passed_over() {
    let failing = Failing::with(&["bad-chunk-after-2"]).await;
    for plugin in PLUGINS {
        let answer = failing.gateway.ask(&format!("{plugin}-bad-chunk-after-2"), true).await;
        assert_eq!(words(&answer, true), "echo: one two three", "{plugin}: {}", answer.body);
        assert_eq!(answer.events().last(), Some(&"[DONE]"), "{plugin}");
        assert_eq!(failing.stepped_in(plugin, "bad-chunk-after-2"), 0, "{plugin}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_without_fallback_has_none_at_any_stage() {
    let faults = ["fail-503", "error-at-0", "cut-after-0", "cut-after-2", "limit-429", "limit-429-ra20"];
    let failing = Failing::with(&faults).await;
    let url = format!("{}/v1/chat/completions", failing.gateway.url);
    for plugin in PLUGINS {
        for fault in faults {
            for stream in [false, true] {
                let name = format!("{plugin}-{fault}");
                let answer = post_with(&url, &[("x-llm-fallback", "off")], request(&name, stream).to_string()).await;
                let last: Value = match answer.events().last() {
                    Some(event) => serde_json::from_str(event).unwrap(),
                    None => answer.json(),
                };
                assert!(last["error"]["message"].is_string(), "{name} {stream}: {}", answer.body);
                assert_eq!(last["error"]["x_llm"]["provider"], plugin, "{name}: {last}");
                assert_eq!(failing.stepped_in(plugin, fault), 0, "{name} {stream}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_vendor_is_left_when_the_timer_runs_out_and_not_asked_again() {
    let failing =
        Failing::with_defaults(&["hang", "late-60s"], "first_token_timeout = \"500ms\"\nattempt_timeout = \"500ms\"")
            .await;
    let faults = PLUGINS.into_iter().flat_map(|plugin| ["hang", "late-60s"].map(|fault| (plugin, fault)));
    let asked =
        faults.flat_map(|fault| [false, true].map(|stream| (fault, stream))).map(async |((plugin, fault), stream)| {
            let name = format!("{plugin}-{fault}");
            let start = Instant::now();
            let answer = failing.gateway.ask(&name, stream).await;
            assert_eq!((answer.status, answer.header("x-llm-attempts")), (200, "2"), "{name}: {}", answer.body);
            assert!(start.elapsed() >= Duration::from_millis(500), "{name}");
            (name, fault)
        });
    for (name, fault) in futures_util::future::join_all(asked).await {
        assert_eq!(failing.emulator.count(&format!("{name}+{fault}")), 2, "{name}: once whole, once streamed");
    }
    let alone = failing.gateway.ask("openai-hang-alone", false).await;
    assert_eq!(alone.status, 504, "{}", alone.body);
}

/// Streams that hold a connection on each side of the gateway, in this one process.
const STALLED: usize = 100;

#[tokio::test(flavor = "multi_thread")]
async fn streams_that_stall_are_cut_and_block_nobody() {
    let idle = Duration::from_secs(10);
    let failing = Failing::with_defaults(&["stall-after-2"], "idle_timeout = \"10s\"").await;
    let url = format!("{}/v1/chat/completions", failing.gateway.url);
    let start = Instant::now();
    let mut stalled = tokio::task::JoinSet::new();
    for _ in 0..STALLED {
        let (url, body) = (url.clone(), request("openai-stall-after-2", true).to_string());
        stalled.spawn(async move { crate::http::post(&url, body).await });
    }
    while failing.emulator.open() < STALLED {
        assert!(start.elapsed() < idle, "{} of {STALLED} streams are open", failing.emulator.open());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let healthy = timeout(idle, failing.gateway.ask("backup/echo", true)).await.expect("others are answered meanwhile");
    assert_eq!(words(&healthy, true), "echo: one two three");
    for answer in stalled.join_all().await {
        let events = answer.events();
        let last: Value = serde_json::from_str(events.last().unwrap()).unwrap();
        assert!(last["error"]["code"] == json!("timeout") && !events.contains(&"[DONE]"), "{}", answer.body);
    }
    let gone = async {
        while failing.emulator.open() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(5), gone).await.expect("no call at the vendor outlives its request");
    assert_eq!(failing.gateway.ask("backup/echo", false).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_every_target_asked_to_wait_the_client_is_told_the_soonest_and_nobody_is_asked() {
    let emulator = Emulator::start().await.unwrap();
    let builder = clients_of(&emulator, "").route("both", ["openai/a+limit-429-ra40", "anthropic/b+limit-429-ra20"]);
    let gateway = Running::with(builder, ServerConfig::default()).await;
    let url = format!("{}/v1/chat/completions", gateway.url);
    let first = gateway.ask("both", false).await;
    assert_eq!((first.status, first.header("x-llm-attempts")), (429, "2"), "{}", first.body);
    let asked = emulator.requests().len();
    for stream in [false, true] {
        // Who has the time waits with the gateway; who has not is told at once.
        let patience = [("x-llm-timeout-ms", "3000")];
        let answer = post_with(&url, &patience, request("both", stream).to_string()).await;
        assert!(matches!(answer.status, 429 | 503), "{}: {}", answer.status, answer.body);
        let wait: u64 = answer.header("retry-after").parse().unwrap();
        assert!((1..=20).contains(&wait), "the sooner of the two, not {wait}: {}", answer.body);
        assert_eq!(answer.header("x-llm-error-source"), "gateway", "{}", answer.body);
    }
    assert_eq!(emulator.requests().len(), asked, "a wait that a vendor asked for is kept");
    assert_eq!(gateway.ask("backup/echo", false).await.status, 200, "others are served");
}
