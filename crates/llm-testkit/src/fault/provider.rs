//! The provider itself: what becomes of one call, decided when it comes and carried out in simulated time.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use llm_core::{
    Capabilities, ChatResponse, ChatStream, Cx, EmbedResponse, Error, ErrorKind, Finish, FinishReason, Message,
    ModelInfo, Origin, Provider, RateLimits, Request, Response, Support, Usage,
};
use tokio::time::{Instant, sleep};

use super::answer::{self, Answer, Answers};
use super::body::{Body, Step};
use super::course::{Course, Told};
use super::record::{Call, Outcome, Shared, State, Working};
use super::schedule::Schedule;

/// A vendor that fails on schedule and records every call. See the [module](self) for an example.
pub struct FaultyProvider {
    id: Arc<str>,
    seed: u64,
    epoch: Instant,
    schedule: Schedule,
    answers: Answers,
    capabilities: Capabilities,
    shared: Shared,
}

/// Builds a [`FaultyProvider`].
pub struct Builder {
    id: Arc<str>,
    seed: u64,
    schedule: Schedule,
    answers: Answers,
    capabilities: Capabilities,
}

impl Builder {
    /// With another schedule. Default: the default pace and no faults.
    pub fn with_schedule(mut self, schedule: Schedule) -> Self {
        self.schedule = schedule;
        self
    }

    /// With other answers.
    pub fn with_answers(mut self, answers: Answers) -> Self {
        self.answers = answers;
        self
    }

    /// With other capabilities. Default: chat, streams and embeddings.
    ///
    /// Without `assistant_prefill`, a conversation that ends in the assistant's words is refused.
    pub fn with_capabilities(mut self, capabilities: Capabilities) -> Self {
        self.capabilities = capabilities;
        self
    }

    /// The provider. Its schedule begins now.
    pub fn build(self) -> Arc<FaultyProvider> {
        let Self { id, seed, schedule, answers, capabilities } = self;
        let seed = seed ^ answer::key(&id);
        let shared = Shared::new(seed);
        Arc::new(FaultyProvider { id, seed, epoch: Instant::now(), schedule, answers, capabilities, shared })
    }
}

impl FaultyProvider {
    /// Starts building one. Providers of one seed and different names draw different numbers.
    #[expect(clippy::new_ret_no_self, reason = "a provider is built, as everywhere in this workspace")]
    pub fn new(id: impl Into<Arc<str>>, seed: u64) -> Builder {
        let mut capabilities = Capabilities::chat();
        capabilities.embeddings = Support::Yes;
        Builder { id: id.into(), seed, schedule: Schedule::default(), answers: Answers::default(), capabilities }
    }

    /// Every call so far, in the order in which they came.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.state().calls.clone()
    }

    /// How many calls have come.
    pub fn count(&self) -> usize {
        self.shared.state().calls.len()
    }

    /// Calls and streams that are neither over nor dropped.
    pub fn in_flight(&self) -> u32 {
        self.shared.state().in_flight
    }

    /// The most that there were at a time.
    pub fn most_in_flight(&self) -> u32 {
        self.shared.state().most_in_flight
    }

    /// What it does when.
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// When its schedule began.
    pub fn epoch(&self) -> Instant {
        self.epoch
    }

    /// The answer to a call, its rest of a broken word, and its next word.
    fn answer(&self, state: &mut State, request: &Request) -> (Answer, String, u32) {
        let (least, most) = self.schedule.pace.words;
        let (least, span) = (least.max(1), most.saturating_sub(least).saturating_add(1));
        let (Request::Chat(chat) | Request::ChatStream(chat)) = request else {
            return (Answer { key: 0, words: 0 }, String::new(), 0);
        };
        let answer = match self.answers {
            Answers::OfTheRequest => {
                let key = answer::question(chat);
                Answer { key, words: least + u32::try_from(key % u64::from(span)).unwrap_or_default() }
            }
            Answers::OfTheCall => Answer {
                key: self.seed.wrapping_add(state.calls.len() as u64 + 1),
                words: least + state.random.u32(..span),
            },
        };
        match answer::prefill(chat) {
            Some(beginning) => {
                let (rest, next) = answer.behind(&beginning);
                (answer, rest, next)
            }
            None => (answer, String::new(), 0),
        }
    }

    fn origin(&self, request: &Request) -> Arc<Origin> {
        Arc::new(Origin::new("fault", self.id.clone(), request.model()))
    }

    fn whole(&self, request: &Request, text: String, usage: Usage, limits: Option<RateLimits>) -> Response {
        let origin = self.origin(request);
        match request {
            Request::Embed(embed) => {
                #[expect(clippy::cast_precision_loss, reason = "any number does")]
                let vectors = embed.inputs.iter().map(|text| vec![text.len() as f32]).collect();
                let mut response = EmbedResponse::new(origin, vectors);
                response.usage = usage;
                Response::Embed(Box::new(response))
            }
            Request::Models => Response::Models(vec![ModelInfo::new("m")]),
            _ => {
                let finish = Finish::new(FinishReason::Stop, "stop");
                let mut response = ChatResponse::new(origin, Message::assistant(text), finish);
                response.usage = usage;
                response.rate_limits = limits;
                Response::Chat(Box::new(response))
            }
        }
    }
}

#[async_trait]
impl Provider for FaultyProvider {
    fn id(&self) -> &str {
        &self.id
    }

    fn api(&self) -> &'static str {
        "fault"
    }

    fn capabilities(&self, _model: &str) -> Capabilities {
        self.capabilities.clone()
    }

    async fn call(&self, cx: &Cx, request: Request) -> Result<Response, Error> {
        let now = Instant::now();
        let (mut working, course, (answer, rest, next), credential) = {
            let mut state = self.shared.state();
            let state = &mut *state;
            let answer = self.answer(state, &request);
            let call = call_of(cx, &request, answer.0, state, now);
            let credential = call.credential;
            let course = match &request {
                Request::Chat(chat) | Request::ChatStream(chat)
                    if self.capabilities.assistant_prefill != Support::Yes && answer::prefill(chat).is_some() =>
                {
                    Course::refused(400)
                }
                _ => {
                    let pieces = (answer.0.words - answer.2, self.schedule.pace);
                    let fault = self.schedule.fault(now - self.epoch, &mut state.random);
                    Course::of(fault, &request, cx, pieces, credential, now, state)
                }
            };
            (Working::new(&self.shared, state, call), course, answer, credential)
        };
        let Course { after, told, end, limits } = course;
        wait(after).await;
        let steps = match end {
            Ok(steps) => steps,
            Err(error) => {
                if let Some(Told { wait, kind }) = told {
                    working.told(credential, wait, kind);
                }
                working.settle(Outcome::Failed(error.kind()));
                return Err(error);
            }
        };
        let input = answer::input_tokens(&request);
        if let Request::ChatStream(_) = request {
            let origin = (self.origin(&request), limits);
            return Ok(Response::ChatStream(ChatStream::new(Body::new(
                working,
                (answer, rest, next),
                input,
                steps,
                origin,
            ))));
        }
        if let [Step::Hang] = steps[..] {
            return std::future::pending().await;
        }
        let mut text = rest;
        (next..answer.words).for_each(|word| answer.write(&mut text, word));
        working.delivered(answer.words);
        working.settle(Outcome::Answered);
        Ok(self.whole(&request, text, Usage::new(input, u64::from(answer.words)), limits))
    }
}

async fn wait(time: Duration) {
    if !time.is_zero() {
        sleep(time).await;
    }
}

fn call_of(cx: &Cx, request: &Request, answer: Answer, state: &State, now: Instant) -> Call {
    let credential = cx.credential.as_ref().map(|secret| answer::key(secret.expose()));
    Call {
        request: cx.request_id.clone(),
        attempt: cx.attempt,
        model: request.model().into(),
        credential,
        started: now,
        ended: None,
        deadline: cx.deadline.map(Instant::from_std),
        outcome: Outcome::Open,
        hint: None,
        early: state.limiter.early(credential, now),
        delivered: 0,
        answer,
    }
}

/// The error answer of a status.
pub(super) fn refusal(status: u16) -> Error {
    let kind = ErrorKind::of_status(status);
    Error::new(kind, format!("the scripted vendor says {status}")).with_status(status)
}
