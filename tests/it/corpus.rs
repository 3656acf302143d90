//! Recorded traffic of real vendors through the real plugins, where the recordings are at hand.
//!
//! They are other projects' and are not part of this repository: without them the test is skipped aloud.
#![allow(clippy::print_stderr, reason = "that nothing was looked at")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use workspace_tests::corpus::{Effort, Side, Status, Stream, load, run};
use workspace_tests::reference::{Miss, kept};

/// Cases of a hundred that must be equal to what the vendor's own client makes of them, at every vendor and of every kind.
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
    holds(Side::Answers, &kept().unwrap().answers.misses).await;
}

#[tokio::test]
async fn recorded_requests_are_sent_as_they_were() {
    holds(Side::Requests, &kept().unwrap().requests.misses).await;
}

/// Cases that are known not to be equal do not count: `docs/reference/conformance.md` says why of each.
async fn holds(side: Side, known: &[Miss]) {
    let Some(corpus) = corpus() else { return };
    let known: BTreeSet<&str> = known.iter().map(|miss| miss.case.as_str()).collect();
    let mut counts: BTreeMap<(String, String), [usize; 2]> = BTreeMap::new();
    let mut misses = Vec::new();
    for outcome in run(&corpus, None, side).await.unwrap() {
        let case = format!("{}/{}", outcome.provider, outcome.case);
        if known.contains(case.as_str()) {
            continue;
        }
        let equal = outcome.status == Status::Pass;
        counts.entry((outcome.provider, outcome.kind)).or_default()[usize::from(!equal)] += 1;
        if !equal {
            misses.push(format!("{case}: {}", outcome.why));
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
