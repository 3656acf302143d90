//! Recorded traffic of real vendors through the real plugins, where the recordings are at hand.
//!
//! They are other projects' and are not part of this repository: without them the test is skipped aloud.
#![allow(clippy::print_stderr, reason = "that nothing was looked at")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use workspace_tests::corpus::{Effort, Stream, compare, load, replay, same_request};

/// Vendors whose chats, streams and errors must come out right, in recordings of their own servers.
///
/// Not here: `writer`, whose one client left out the ids of calls, and `cloudflare`, whose structured answers are objects
/// that the recordings' client took for a list of names.
const PROVIDERS: [&str; 29] = [
    "openai",
    "azure",
    "anthropic",
    "google",
    "ollama",
    "llamacpp",
    "mistralrs",
    "alibaba",
    "avian",
    "cerebras",
    "copilot",
    "crusoe",
    "databricks",
    "deepseek",
    "doubleword",
    "groq",
    "heroku",
    "huggingface",
    "mistral",
    "moonshot",
    "openrouter",
    "perplexity",
    "portkey",
    "snowflake",
    "together",
    "venice",
    "vercel_gateway",
    "xai",
    "zai",
];
/// Vendors with recordings of the Responses API.
const RESPONDERS: [&str; 10] = [
    "azure",
    "bedrock_mantle",
    "chatgpt",
    "copilot",
    "deepseek",
    "llamacpp",
    "mistralrs",
    "openai",
    "openrouter",
    "xai",
];
/// Cases of a hundred that must be equal to what the vendor's own client makes of them.
const AT_LEAST: usize = 97;

/// The recordings; `None` after saying aloud that there are none.
fn corpus() -> Option<PathBuf> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus/dev");
    if !corpus.is_dir() {
        eprintln!("SKIPPED: no recordings at {}", corpus.display());
        return None;
    }
    Some(corpus)
}

#[tokio::test]
async fn recorded_traffic_comes_out_as_the_vendors_own_clients_read_it() {
    let Some(corpus) = corpus() else { return };
    let registry = loquat::registry().unwrap();
    let mut counts: BTreeMap<(String, String), [usize; 2]> = BTreeMap::new();
    let mut misses = Vec::new();
    let asked = |provider: &str, kind: &str| match kind {
        "chat" | "chat_stream" | "error" => PROVIDERS.contains(&provider),
        "responses" | "responses_stream" => RESPONDERS.contains(&provider),
        _ => false,
    };
    for provider in PROVIDERS.into_iter().chain(RESPONDERS).collect::<BTreeSet<_>>() {
        for case in load(&corpus, Some(provider)).unwrap() {
            if !asked(provider, &case.kind) {
                continue;
            }
            let problems = match (replay(&case, &registry).await.unwrap(), &case.expected) {
                (Some(actual), Some(expected)) => compare(expected, &actual),
                (Some(_), None) => continue,
                (None, _) => vec!["not supported".to_owned()],
            };
            let count = counts.entry((case.provider.clone(), case.kind.clone())).or_default();
            count[usize::from(!problems.is_empty())] += 1;
            if !problems.is_empty() {
                misses.push(format!("{}/{}: {}", case.provider, case.name, problems.join("; ")));
            }
        }
    }
    assert!(!counts.is_empty());
    for ((provider, kind), [equal, different]) in counts {
        assert!(
            equal * 100 >= (equal + different) * AT_LEAST,
            "{provider} {kind}: {equal} equal, {different} not\n{}",
            misses.join("\n")
        );
    }
}

#[tokio::test]
async fn recorded_requests_are_sent_as_they_were() {
    let Some(corpus) = corpus() else { return };
    let registry = loquat::registry().unwrap();
    let mut counts: BTreeMap<String, [usize; 2]> = BTreeMap::new();
    let mut different = Vec::new();
    for case in load(&corpus, None).unwrap() {
        let Some(problems) = same_request(&case, &registry).await.unwrap() else { continue };
        counts.entry(case.provider.clone()).or_default()[usize::from(!problems.is_empty())] += 1;
        if !problems.is_empty() {
            different.push(format!("{}/{}: {}", case.provider, case.name, problems.join("; ")));
        }
    }
    assert!(!counts.is_empty());
    for (provider, [same, other]) in counts {
        assert!(
            same * 100 >= (same + other) * AT_LEAST,
            "{provider}: {same} the same, {other} not\n{}",
            different.join("\n")
        );
    }
}

/// Every so many streams are split and cut here; `cargo xtask soak streams` does it to all, everywhere.
const EVERY: usize = 2;

#[tokio::test]
async fn streams_say_the_same_however_they_are_split_and_nothing_whole_when_they_are_cut() {
    let registry = loquat::registry().unwrap();
    let mut streams = Stream::of_fixtures(&registry).unwrap();
    if let Some(corpus) = corpus() {
        for case in load(&corpus, None).unwrap().iter().filter(|case| case.kind.ends_with("_stream")).step_by(EVERY) {
            streams.extend(Stream::of(case, &registry).unwrap());
        }
    }
    let mut problems = Vec::new();
    for stream in &streams {
        problems.extend(stream.check(Effort::SAMPLE).await.problems);
    }
    assert!(
        streams.len() > 30 && problems.is_empty(),
        "{} of {}:\n{}",
        problems.len(),
        streams.len(),
        problems.join("\n")
    );
}
