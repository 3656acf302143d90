//! The quality gate: a bad answer is a failed attempt, and the best one is kept.

use std::sync::Arc;

use llm_core::{Assessment, Assessor, ChatRequest, ChatResponse, Cx, Error, ErrorKind, Warning};
use llm_resilience::{Commit, QUALITY_GATE, QualityGate, Settings, StreamPolicy};

use crate::support::{Act, Memory, Scripted, chat, cx, driver, error, fail, ms, open};

/// Scores by who answered: `a9` is 0.9.
struct ByName;

#[llm_core::async_trait]
impl Assessor for ByName {
    fn name(&self) -> &'static str {
        "by_name"
    }

    async fn assess(&self, _cx: &Cx, _request: &ChatRequest, response: &ChatResponse) -> Result<Assessment, Error> {
        match response.text().strip_prefix('a').and_then(|digit| digit.parse::<f64>().ok()) {
            Some(tenths) => Ok(Assessment::new(tenths / 10.0, "by its name")),
            None if response.text() == "hangs" => std::future::pending().await,
            None => Err(error(ErrorKind::Server)),
        }
    }
}

fn gate(strict: bool) -> Settings {
    Settings::default().with_quality(QualityGate::new(Arc::new(ByName), 0.7).with_strict(strict))
}

fn answers(id: &'static str) -> Arc<Scripted> {
    Scripted::new(id, [Act::Answer(10)])
}

#[tokio::test(start_paused = true)]
async fn a_bad_answer_moves_on() {
    let (bad, good) = (answers("a3"), answers("a8"));
    let (memory, cx) = Memory::cx();
    let response = chat(&driver(&[&bad, &good]).settings(gate(false)).build(), &cx).await.unwrap();
    assert_eq!((response.text().as_str(), bad.count(), good.count()), ("a8", 1, 1));
    let failure = response.attempts[0].failure.as_ref().unwrap();
    assert_eq!(failure.kind, ErrorKind::ModelOutput);
    assert_eq!(failure.message, "the answer of a3/m scored 0.30, below 0.70: by its name");
    assert!(response.warnings.is_empty());
    assert_eq!((memory.completions(), memory.open_attempts()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn the_best_bad_answer_is_better_than_none() {
    let all = [answers("a3"), answers("a5"), answers("a4")];
    let (memory, cx) = Memory::cx();
    let chain = || driver(&[&all[0], &all[1], &all[2]]);
    let response = chat(&chain().settings(gate(false)).build(), &cx).await.unwrap();
    assert_eq!(response.text(), "a5");
    let [Warning::Other { message }] = &response.warnings[..] else { panic!("{:?}", response.warnings) };
    assert_eq!(message, "no answer reached the quality floor of 0.70: this is the best one, it scored 0.50");
    assert_eq!(response.attempts.len(), 3);
    assert_eq!(memory.lines().last().unwrap(), "completed a5/m ok (3 in, 5 out)");

    let error = chat(&chain().settings(gate(true)).build(), &crate::support::cx()).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts().len()), (ErrorKind::ModelOutput, 3));
    let only = answers("a1");
    let error = chat(&driver(&[&only]).settings(gate(true)).build(), &crate::support::cx()).await.unwrap_err();
    assert_eq!((error.code(), only.count()), (Some(QUALITY_GATE), 1), "the same model is not asked again");
}

#[tokio::test(start_paused = true)]
async fn a_bad_answer_is_better_than_an_error() {
    let (bad, broken) = (answers("a6"), Scripted::new("b", [fail(ErrorKind::Auth)]));
    let response = chat(&driver(&[&bad, &broken]).settings(gate(false)).build(), &cx()).await.unwrap();
    assert_eq!((response.text().as_str(), response.warnings.len()), ("a6", 1));
}

#[tokio::test(start_paused = true)]
async fn an_assessor_that_fails_or_hangs_fails_no_request() {
    for id in ["unknown", "hangs"] {
        let only = answers(id);
        let call = cx().with_deadline(tokio::time::Instant::now().into_std() + ms(5000));
        let response = chat(&driver(&[&only]).settings(gate(true)).build(), &call).await.unwrap();
        assert_eq!((response.text().as_str(), response.warnings.len()), (id, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn streams_are_judged_when_they_are_held_whole() {
    let (bad, good) = (answers("a3"), answers("a8"));
    let complete = gate(false).with_stream(StreamPolicy::default().with_commit(Commit::Complete));
    let held = driver(&[&bad, &good]).settings(complete.clone()).build();
    assert_eq!(open(&held, &cx()).await.unwrap().collect().await.unwrap().text(), "a8");
    let alone = driver(&[&bad]).settings(complete).build();
    let response = open(&alone, &cx()).await.unwrap().collect().await.unwrap();
    assert_eq!((response.text().as_str(), response.warnings.len()), ("a3", 1));
    let at_once = driver(&[&bad, &good]).settings(gate(false)).build();
    assert_eq!(open(&at_once, &cx()).await.unwrap().collect().await.unwrap().text(), "a3", "nobody saw all of it");
}
