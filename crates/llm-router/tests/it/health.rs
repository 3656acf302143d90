//! Probes of scripted providers on a paused clock.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use llm_core::{
    Availability, Capabilities, ChatResponse, Cx, Error, ErrorKind, Finish, FinishReason, Message, Origin, PlanTarget,
    Provider, Request, Response, Target, TargetState, TargetStates,
};
use llm_router::{Health, ProbeKind, ProbePolicy, Prober, Stats};

use crate::events::{start, target};
use crate::support::cx;

/// Answers probes after a while, or fails them, and counts.
struct Probed {
    id: &'static str,
    fails: Mutex<Option<ErrorKind>>,
    takes: Duration,
    calls: Mutex<Vec<String>>,
    at_once: Arc<(AtomicUsize, AtomicUsize)>,
}

fn probed(id: &'static str, fails: Option<ErrorKind>, takes: u64) -> Arc<Probed> {
    let at_once = Arc::default();
    Arc::new(Probed {
        id,
        fails: Mutex::new(fails),
        takes: Duration::from_secs(takes),
        calls: Mutex::default(),
        at_once,
    })
}

#[llm_core::async_trait]
impl Provider for Probed {
    fn id(&self) -> &str {
        self.id
    }

    fn api(&self) -> &'static str {
        "probed"
    }

    fn capabilities(&self, _model: &str) -> Capabilities {
        Capabilities::default()
    }

    async fn call(&self, _cx: &Cx, request: Request) -> Result<Response, Error> {
        let (now, most) = &*self.at_once;
        most.fetch_max(now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
        let tokens = match &request {
            Request::Chat(chat) => chat.sampling.max_output_tokens,
            _ => None,
        };
        self.calls.lock().unwrap().push(format!("{} {} {tokens:?}", request.operation(), request.model()));
        tokio::time::sleep(self.takes).await;
        now.fetch_sub(1, Ordering::Relaxed);
        let fails = *self.fails.lock().unwrap();
        match (fails, request) {
            (Some(kind), _) => Err(Error::new(kind, "the key sk-secret is wrong")),
            (None, Request::Models) => Ok(Response::Models(Vec::new())),
            (None, request) => {
                let origin = Arc::new(Origin::new("probed", self.id, request.model()));
                let finish = Finish::new(FinishReason::Stop, "stop");
                Ok(Response::Chat(Box::new(ChatResponse::new(origin, Message::assistant("pong"), finish))))
            }
        }
    }
}

fn policy(kind: ProbeKind) -> ProbePolicy {
    let mut policy = ProbePolicy::default();
    policy.kind = kind;
    policy
}

fn place(provider: &Arc<Probed>, model: &str) -> PlanTarget {
    PlanTarget::new(provider.clone(), model)
}

#[tokio::test(start_paused = true)]
async fn a_health_check_asks_every_target_once_and_tells_no_body() {
    let good = probed("good", None, 2);
    let bad = probed("bad", Some(ErrorKind::Auth), 0);
    let slow = probed("slow", None, 60);
    let odd = probed("odd", Some(ErrorKind::Unsupported), 0);
    let stats = Stats::default();
    let targets = vec![place(&good, "a"), place(&good, "b"), place(&bad, "c"), place(&slow, "d"), place(&odd, "e")];
    let prober = Prober::new(policy(ProbeKind::Models), targets, cx(), stats.clone());
    let report = prober.check().await;
    let lines: Vec<String> = report
        .iter()
        .map(|one| format!("{} {} {:?} {:?}", one.target, one.status.as_str(), one.latency.unwrap(), one.error))
        .collect();
    assert_eq!(
        lines,
        [
            "good/a healthy 2s None",
            "good/b healthy 2s None",
            "bad/c unavailable 0ns Some(\"auth\")",
            "slow/d unavailable 10s Some(\"timeout\")",
            // It has no list of models: nothing is known of it.
            "odd/e healthy 0ns Some(\"unsupported\")",
        ]
    );
    assert!(!serde_json::to_string(&report).unwrap().contains("sk-secret"));
    // One list for both models of a provider.
    assert_eq!(*good.calls.lock().unwrap(), ["models  None"]);

    // By chat each model is asked for itself, for few tokens.
    prober.check_by(ProbeKind::Chat).await;
    assert_eq!(good.calls.lock().unwrap()[1..], ["chat a Some(16)", "chat b Some(16)"]);
    // Probes are no calls.
    assert_eq!(stats.target(&target("good/a"), start()).unwrap().calls, 0);
}

#[tokio::test(start_paused = true)]
async fn without_probes_the_report_is_that_of_the_calls_and_the_breakers() {
    struct Shut;
    impl TargetState for Shut {
        fn availability(&self, _now: std::time::Instant) -> Availability {
            Availability::Shut { until: None }
        }
    }
    struct ShutB;
    impl TargetStates for ShutB {
        fn state(&self, target: &Target) -> Arc<dyn TargetState> {
            struct Ready;
            impl TargetState for Ready {
                fn availability(&self, _now: std::time::Instant) -> Availability {
                    Availability::Ready
                }
            }
            if &*target.model == "b" { Arc::new(Shut) } else { Arc::new(Ready) }
        }
    }
    let silent = probed("p", None, 0);
    let stats = Stats::default();
    for _ in 0..3 {
        stats.probed(&target("p/c"), Some(ErrorKind::Server), start());
    }
    let targets = vec![place(&silent, "a"), place(&silent, "b"), place(&silent, "c")];
    let prober = Prober::new(policy(ProbeKind::None), targets, cx(), stats).with_states(Arc::new(ShutB));
    for report in [prober.report(start()), prober.check().await] {
        let found: Vec<Health> = report.iter().map(|one| one.status).collect();
        assert_eq!(found, [Health::Healthy, Health::Unavailable, Health::Unavailable]);
        assert_eq!(report[1].reason.as_deref(), Some("it takes no calls now"));
        assert_eq!(report[2].reason.as_deref(), Some("3 failures in a row"));
    }
    assert_eq!(silent.calls.lock().unwrap().len(), 0);
    // And its loop never asks anybody.
    let run = prober.run(|| 0);
    assert!(tokio::time::timeout(Duration::from_secs(3_600), run).await.is_err());
    assert_eq!(silent.calls.lock().unwrap().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_loop_finds_what_fails_and_a_passed_probe_brings_it_back() {
    let provider = probed("p", Some(ErrorKind::Network), 0);
    let stats = Stats::default();
    let passed = Arc::new(AtomicUsize::new(0));
    let count = passed.clone();
    let prober = Prober::new(policy(ProbeKind::Chat), vec![place(&provider, "m")], cx(), stats.clone()).on_passed(
        move |target| {
            assert_eq!(target.to_string(), "p/m");
            count.fetch_add(1, Ordering::Relaxed);
        },
    );
    let task = tokio::spawn(async move { prober.run(|| u64::MAX / 2).await });
    let health = || stats.health(&target("p/m"), start());
    tokio::time::sleep(Duration::from_secs(100)).await;
    // Three probes failed in a row: unavailable without a single call.
    assert_eq!((health(), passed.load(Ordering::Relaxed)), (Health::Unavailable, 0));
    *provider.fails.lock().unwrap() = None;
    tokio::time::sleep(Duration::from_secs(31)).await;
    // Back before the cool-down is over.
    assert_eq!((health(), passed.load(Ordering::Relaxed)), (Health::Healthy, 1));
    task.abort();
    let calls = provider.calls.lock().unwrap().len();
    tokio::time::sleep(Duration::from_secs(300)).await;
    assert_eq!(provider.calls.lock().unwrap().len(), calls);
}

#[tokio::test(start_paused = true)]
async fn few_probes_run_at_a_time_and_well_targets_can_be_left_alone() {
    let provider = probed("p", None, 1);
    let targets: Vec<PlanTarget> = (0..10).map(|n| place(&provider, &format!("m{n}"))).collect();
    let prober = Prober::new(policy(ProbeKind::Chat), targets.clone(), cx(), Stats::default());
    let begin = start();
    assert_eq!(prober.check().await.len(), 10);
    assert_eq!(start() - begin, Duration::from_secs(3));
    assert_eq!(provider.at_once.1.load(Ordering::Relaxed), 4);

    let mut unwell = policy(ProbeKind::Chat);
    unwell.only_unwell = true;
    let stats = Stats::default();
    (0..3).for_each(|_| stats.probed(&target("p/m7"), Some(ErrorKind::Server), start()));
    let prober = Prober::new(unwell, targets, cx(), stats);
    provider.calls.lock().unwrap().clear();
    let _ = tokio::time::timeout(Duration::from_secs(300), prober.run(|| 0)).await;
    assert_eq!(*provider.calls.lock().unwrap(), ["chat m7 Some(16)"]);
}
