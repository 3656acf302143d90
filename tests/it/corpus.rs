//! Recorded traffic of real vendors through the real plugins, where the recordings are at hand.
//!
//! They are other projects' and are not part of this repository: without them the test is skipped aloud.

use std::collections::BTreeMap;
use std::path::Path;

use workspace_tests::corpus::{compare, load, replay};

/// Vendors whose chats, streams and errors must come out right, in recordings of their own servers.
const PROVIDERS: [&str; 6] = ["openai", "anthropic", "google", "ollama", "llamacpp", "mistralrs"];
/// Cases of a hundred that must be equal to what the vendor's own client makes of them.
const AT_LEAST: usize = 97;

#[tokio::test]
async fn recorded_traffic_comes_out_as_the_vendors_own_clients_read_it() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus/dev");
    if !corpus.is_dir() {
        eprintln!("SKIPPED: no recordings at {}", corpus.display());
        return;
    }
    let registry = loquat::registry().unwrap();
    let mut counts: BTreeMap<(String, String), [usize; 2]> = BTreeMap::new();
    let mut misses = Vec::new();
    for provider in PROVIDERS {
        for case in load(&corpus, Some(provider)).unwrap() {
            if !matches!(case.kind.as_str(), "chat" | "chat_stream" | "error") {
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
