//! Credentials that end, by tokio's paused clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::future::join_all;
use llm_core::{Error, ErrorKind, Progress};
use llm_wire::Renewed;
use proptest::prelude::*;
use tokio::time::{Instant, advance, sleep};

const SECOND: Duration = Duration::from_secs(1);
const BEFORE_END: Duration = Duration::from_secs(300);
/// How long a token is used before it is worth renewing.
const FRESH: Duration = Duration::from_secs(3300);

fn error(kind: ErrorKind) -> Error {
    Error::new(kind, "scripted")
}

/// Gives tokens that last an hour: 1, 2, 3 and so on. It takes a second to do so.
struct Giver {
    renewed: Renewed<u32>,
    start: Instant,
    given: AtomicU32,
    asked: AtomicUsize,
    asking: AtomicUsize,
    most_asking: AtomicUsize,
    fails: AtomicUsize,
}

impl Giver {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            renewed: Renewed::new(BEFORE_END),
            start: Instant::now(),
            given: AtomicU32::new(0),
            asked: AtomicUsize::new(0),
            asking: AtomicUsize::new(0),
            most_asking: AtomicUsize::new(0),
            fails: AtomicUsize::new(0),
        })
    }

    fn now(&self) -> SystemTime {
        UNIX_EPOCH + (Instant::now() - self.start)
    }

    async fn ask(&self) -> Result<(u32, Option<SystemTime>), Error> {
        let now = self.now();
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.most_asking.fetch_max(self.asking.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
        sleep(SECOND).await;
        self.asking.fetch_sub(1, Ordering::Relaxed);
        if self.fails.load(Ordering::Relaxed) > 0 {
            return Err(error(ErrorKind::Network));
        }
        Ok((self.given.fetch_add(1, Ordering::Relaxed) + 1, Some(now + 3600 * SECOND)))
    }

    async fn token(&self) -> Result<u32, Error> {
        self.renewed.at(self.now(), || self.ask()).await
    }

    async fn call(&self, refuses: impl Fn(u32) -> bool + Send + Sync) -> Result<u32, Error> {
        let refuses = &refuses;
        let call = move |token: u32| async move {
            sleep(SECOND).await;
            if refuses(token) { Err(error(ErrorKind::Auth)) } else { Ok(token) }
        };
        self.renewed.call(|| self.now(), || self.ask(), call).await
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    fn fail(&self, fails: bool) {
        self.fails.store(usize::from(fails), Ordering::Relaxed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_thousand_that_wait_are_one_question() {
    let giver = Giver::new();
    let tokens = join_all((0..1000).map(|_| giver.token())).await;
    assert!(tokens.iter().all(|token| token.as_ref().is_ok_and(|token| *token == 1)));
    assert_eq!(giver.asked(), 1);
    // So is a failure.
    let giver = Giver::new();
    giver.fail(true);
    let tokens = join_all((0..1000).map(|_| giver.token())).await;
    assert!(tokens.iter().all(|token| token.as_ref().is_err_and(|error| error.kind() == ErrorKind::Network)));
    assert_eq!(giver.asked(), 1);
    giver.fail(false);
    assert_eq!(giver.token().await.unwrap(), 1, "and the next call asks anew");
}

#[tokio::test(start_paused = true)]
async fn while_one_renews_the_others_go_on_with_the_old_one() {
    let giver = Giver::new();
    giver.token().await.unwrap();
    advance(FRESH.saturating_sub(2 * SECOND)).await;
    assert_eq!((giver.token().await.unwrap(), giver.asked()), (1, 1), "it is not yet time");
    advance(SECOND).await;
    let start = Instant::now();
    let timed = async || (giver.token().await.unwrap(), start.elapsed());
    let tokens = join_all((0..100).map(|_| timed())).await;
    assert_eq!(tokens.iter().filter(|(token, _)| *token == 2).count(), 1);
    assert_eq!(tokens.iter().filter(|(token, took)| (*token, *took) == (1, Duration::ZERO)).count(), 99);
    assert_eq!((giver.token().await.unwrap(), giver.asked()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_failed_renewal_keeps_the_old_one_to_its_end_and_is_not_tried_for_every_call() {
    let giver = Giver::new();
    giver.token().await.unwrap();
    giver.fail(true);
    advance(FRESH).await;
    let mut calls = 0;
    while let Ok(token) = giver.token().await {
        assert_eq!(token, 1);
        calls += 1;
        advance(SECOND).await;
    }
    assert!(calls > 250 && giver.now() >= UNIX_EPOCH + 3600 * SECOND, "{calls} calls to the end");
    assert!(giver.asked() <= 13, "{}: about every thirty seconds", giver.asked());
    giver.fail(false);
    assert_eq!(giver.token().await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_leaves_the_question_to_the_next() {
    let giver = Giver::new();
    let gave_up = tokio::time::timeout(SECOND / 2, giver.token()).await;
    assert!(gave_up.is_err());
    assert_eq!((giver.token().await.unwrap(), giver.asked()), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_renewed_once_and_nobody_notices() {
    let giver = Giver::new();
    giver.token().await.unwrap();
    let answers = join_all((0..100).map(|_| giver.call(|token| token == 1))).await;
    assert!(answers.iter().all(|answer| answer.as_ref().is_ok_and(|token| *token == 2)));
    assert_eq!(giver.asked(), 2, "one question for a hundred refusals");

    // A vendor that refuses the new one as well has another reason.
    let answers = join_all((0..100).map(|_| giver.call(|_| true))).await;
    assert!(answers.iter().all(|answer| answer.as_ref().is_err_and(|error| error.kind() == ErrorKind::Auth)));
    for _ in 0..10 {
        giver.call(|_| true).await.unwrap_err();
    }
    assert_eq!(giver.asked(), 2);
    advance(60 * SECOND).await;
    giver.call(|_| true).await.unwrap_err();
    assert_eq!(giver.asked(), 3, "once a minute it is worth a question");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_not_sent_is_no_refusal_of_the_token() {
    let giver = Giver::new();
    let unsent = |_: u32| async { Err::<(), _>(error(ErrorKind::Auth).with_progress(Progress::NotSent)) };
    giver.renewed.call(|| giver.now(), || giver.ask(), unsent).await.unwrap_err();
    assert_eq!((giver.token().await.unwrap(), giver.asked()), (1, 1));
}

/// What happens, in seconds.
#[derive(Clone, Debug)]
enum Step {
    Wait(u32),
    /// So many calls at once.
    Ask(usize),
    Refuse,
    Fail(bool),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0_u32..4000).prop_map(Step::Wait),
        4 => (1_usize..5).prop_map(Step::Ask),
        1 => Just(Step::Refuse),
        1 => any::<bool>().prop_map(Step::Fail),
    ];
    prop::collection::vec(step, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// A token is never given after its end, never withheld while it holds, never asked for by two at once, and never
    /// asked for while it has long to go and nobody refused it.
    #[test]
    fn whatever_happens_a_token_is_given_exactly_while_it_holds(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let giver = Giver::new();
            // The token that was given last: when its hour began, and whether it was refused since.
            let (mut latest, mut began, mut refused) = (0, UNIX_EPOCH, false);
            for step in steps {
                match step {
                    Step::Wait(secs) => advance(secs * SECOND).await,
                    Step::Fail(fails) => giver.fail(fails),
                    Step::Refuse if latest > 0 => {
                        refused = giver.renewed.refused(&latest, giver.now()) || refused;
                    }
                    Step::Refuse => {}
                    Step::Ask(calls) => {
                        let (now, asked) = (giver.now(), giver.asked());
                        let holds = latest > 0 && !refused && now < began + 3600 * SECOND;
                        let fresh = holds && now + BEFORE_END < began + 3600 * SECOND;
                        let answers = join_all((0..calls).map(|_| giver.token())).await;
                        let questions = giver.asked() - asked;
                        prop_assert!(questions <= 1, "{questions} questions");
                        prop_assert!(!fresh || questions == 0, "nothing was due");
                        let fails = giver.fails.load(Ordering::Relaxed) > 0;
                        for answer in &answers {
                            match answer {
                                Ok(token) => prop_assert!(*token > latest || holds, "{token} does not hold"),
                                Err(_) => prop_assert!(fails && !holds, "withheld"),
                            }
                        }
                        let given = giver.given.load(Ordering::Relaxed);
                        if given > latest {
                            (latest, began, refused) = (given, now, false);
                        }
                    }
                }
            }
            prop_assert!(giver.most_asking.load(Ordering::Relaxed) <= 1);
            Ok(())
        })?;
    }
}
