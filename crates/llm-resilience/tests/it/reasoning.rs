//! Which timers hold for a model that thinks.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use llm_core::{
    Capabilities, ChatRequest, Cx, Effort, Error, ErrorKind, PlanTarget, Provider, Reasoning, Request, Response,
    Support, TimeoutStage, Timeouts,
};
use llm_resilience::{Resilient, RetryPolicy, Settings, TimeoutPolicy, TimeoutProfile};
use tokio::time::Instant;

use crate::support::cx;

/// Never answers, and remembers the timers of each call.
struct Silent {
    reasoning: Support,
    sampling: Support,
    timeouts: Mutex<Vec<Timeouts>>,
}

#[llm_core::async_trait]
impl Provider for Silent {
    fn id(&self) -> &'static str {
        "silent"
    }

    fn api(&self) -> &'static str {
        "scripted"
    }

    fn capabilities(&self, _model: &str) -> Capabilities {
        let mut capabilities = Capabilities::chat();
        (capabilities.reasoning, capabilities.sampling) = (self.reasoning, self.sampling);
        capabilities
    }

    async fn call(&self, cx: &Cx, _request: Request) -> Result<Response, Error> {
        self.timeouts.lock().unwrap().push(cx.timeouts);
        std::future::pending().await
    }
}

fn silent(reasoning: Support, sampling: Support) -> Arc<Silent> {
    Arc::new(Silent { reasoning, sampling, timeouts: Mutex::default() })
}

fn request(reasoning: Option<Reasoning>) -> Arc<ChatRequest> {
    let mut request = ChatRequest::new("m").with_user("Why?");
    request.reasoning = reasoning;
    Arc::new(request)
}

/// The timers of a call, and after how many seconds it failed.
async fn fails(model: &Arc<Silent>, policy: TimeoutPolicy, cx: &Cx, request: Request) -> (Timeouts, u64) {
    let settings = Settings::default().with_retry(RetryPolicy::none()).with_timeouts(policy);
    let target = PlanTarget::new(model.clone(), "m");
    let driver = Resilient::builder().settings(settings).plan_target(target).build();
    let started = Instant::now();
    let error = driver.call(cx, request).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout(TimeoutStage::FirstContent | TimeoutStage::Total)), "{error}");
    let timeouts = model.timeouts.lock().unwrap().pop().unwrap();
    (timeouts, started.elapsed().as_secs())
}

fn patient() -> TimeoutPolicy {
    TimeoutPolicy::default().with_total(Duration::from_secs(3600))
}

#[tokio::test(start_paused = true)]
async fn who_thinks_has_more_time() {
    use Support::{No, Unknown, Yes};
    let effort = |effort| Some(Reasoning::Effort(effort));
    let (usual, reasoning) = ((Timeouts::default(), 120), (Timeouts::reasoning(), 900));
    let auto = TimeoutProfile::Auto;
    for (profile, asked, (reasons, sampling), expected) in [
        (auto, None, (Unknown, Unknown), usual),
        (auto, None, (Yes, Yes), usual),
        (auto, None, (Yes, Unknown), usual),
        (auto, None, (Yes, No), reasoning),
        (auto, None, (No, No), usual),
        (auto, effort(Effort::High), (Unknown, Unknown), reasoning),
        (auto, effort(Effort::Low), (Yes, Yes), reasoning),
        (auto, Some(Reasoning::Budget(2000)), (Yes, Yes), reasoning),
        (auto, Some(Reasoning::Budget(0)), (Yes, No), usual),
        (auto, effort(Effort::None), (Yes, No), usual),
        (TimeoutProfile::Interactive, effort(Effort::High), (Yes, No), usual),
        (TimeoutProfile::Reasoning, None, (No, Yes), reasoning),
    ] {
        let model = silent(reasons, sampling);
        let got =
            fails(&model, patient().with_profile(profile), &cx(), Request::ChatStream(request(asked.clone()))).await;
        assert_eq!(got, expected, "{profile:?} {asked:?} {reasons:?} {sampling:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn timers_that_somebody_set_stay() {
    let think = || Request::ChatStream(request(Some(Reasoning::Effort(Effort::High))));
    let model = silent(Support::Yes, Support::No);
    let mut set = Timeouts::default();
    set.first_content = Some(Duration::from_secs(8));
    set.idle = None;
    let (timeouts, took) = fails(&model, patient(), &cx().with_timeouts(set), think()).await;
    assert_eq!((timeouts.first_content, timeouts.idle, took), (set.first_content, None, 8));
    assert_eq!(timeouts.progress, Timeouts::reasoning().progress, "those that nobody set are the patient ones");
    let (_, took) = fails(&model, TimeoutPolicy::default(), &cx(), think()).await;
    assert_eq!(took, 600, "a request ends when its time is over");
    let cx = cx().with_deadline(Instant::now().into_std() + Duration::from_secs(20));
    assert_eq!(fails(&model, patient(), &cx, think()).await.1, 20, "a caller may ask for less");
}

#[tokio::test(start_paused = true)]
async fn an_answer_in_one_piece_has_that_time_for_its_first_byte() {
    let chat = Request::Chat(request(Some(Reasoning::Effort(Effort::High))));
    let model = silent(Support::Yes, Support::No);
    let (timeouts, _) = fails(&model, patient(), &cx(), chat).await;
    assert_eq!(timeouts.first_byte, Timeouts::reasoning().whole);
}

#[test]
fn the_profile_is_one_word_of_a_configuration() {
    let policy: TimeoutPolicy = serde_json::from_value(serde_json::json!({ "profile": "reasoning" })).unwrap();
    assert_eq!(policy, TimeoutPolicy::default().with_profile(TimeoutProfile::Reasoning));
    let wrong = serde_json::from_value::<TimeoutPolicy>(serde_json::json!({ "profile": "slow" })).unwrap_err();
    assert!(wrong.to_string().contains("expected one of `auto`, `interactive`, `reasoning`"), "{wrong}");
}
