//! The client: everything that answers, behind one cheap handle.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockWriteGuard};
use std::time::Duration;

use llm_core::{
    ChatRequest, ChatResponse, ChatStream, Cx, Error, ErrorKind, Progress, Provider, Request, Response, Target,
};
use llm_http::HttpTransport;
use llm_router::{Decision, ProbePolicy, Router};
use tokio::time::Instant;

use crate::active::Active;
use crate::around::Around;
use crate::builder::ClientBuilder;
use crate::call_id::CallIds;
use crate::chat_call::ChatCall;
use crate::config::Config;
use crate::configured::{self, Configured};
use crate::current::Current;
use crate::environment::Environment;
use crate::state::EngineState;

/// Calls models, with fallback, retries and timeouts. Cheap to clone; clones share everything.
///
/// ```
/// # async fn run() -> loquat::Result<()> {
/// use loquat::Client;
///
/// let client = Client::builder().model("anthropic/claude-haiku-4-5").fallback("openai/gpt-5.4-mini").build()?;
/// let reply = client.chat("Classify this email: …").system("One word.").temperature(0.0).await?;
/// println!("{reply}: {} after {} attempts", reply.target(), reply.attempts().len());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client(Arc<Inner>);

pub(crate) struct Inner {
    /// The driver with every layer around it.
    pub(crate) stack: Arc<dyn Provider>,
    pub(crate) router: Arc<Router>,
    pub(crate) providers: RwLock<Arc<[Configured]>>,
    pub(crate) around: Around,
    pub(crate) active: Mutex<Active>,
    pub(crate) probes: ProbePolicy,
    pub(crate) cx: Cx,
    pub(crate) current: Arc<Current>,
    /// The transport, where the application did not bring its own.
    pub(crate) http: Option<HttpTransport>,
    /// What to do when no provider is configured.
    pub(crate) advice: String,
    pub(crate) state: EngineState,
    pub(crate) ids: CallIds,
}

/// Who is asked, who steps in, who answered last.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Status {
    /// Who is asked when a request names no model.
    pub primary: Option<Target>,
    /// Who steps in, in order.
    pub fallbacks: Vec<Target>,
    /// Who answered last.
    pub current: Option<Target>,
    /// Ids of the configured providers.
    pub providers: Vec<String>,
    /// There are providers, and every one of them fakes its answers.
    pub demo: bool,
}

impl Client {
    /// Starts building a client.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// A client from the process's environment alone.
    pub fn from_env() -> Result<Self, Error> {
        Self::builder().build()
    }

    /// Whether a configuration names any provider, or the environment holds what a linked one needs. A provider that
    /// fakes its answers counts only where the configuration names it.
    pub fn is_configured(config: &Config, environment: &Environment) -> Result<bool, Error> {
        let registry = crate::registry()?;
        Ok(!config.providers.is_empty()
            || registry.plugins().any(|plugin| configured::is_configured(plugin, environment)))
    }

    pub(crate) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// Reads the machine's certificates now if a provider needs them, so that a server notices at its start when there
    /// are none and its first request does not wait for them. Blocks for some milliseconds.
    pub fn prepare_tls(&self) -> Result<(), Error> {
        match &self.0.http {
            Some(http) if self.providers().iter().any(|provider| provider.tls) => http.prepare_tls(),
            _ => Ok(()),
        }
    }

    /// Logs who will be asked.
    pub(crate) fn announce(&self) {
        let Status { primary: Some(primary), fallbacks, .. } = self.status() else { return };
        let fallbacks: Vec<String> = fallbacks.iter().map(ToString::to_string).collect();
        tracing::info!("primary {primary}, fallbacks [{}]", fallbacks.join(", "));
    }

    /// A chat with one user message. Await it, or call [`stream`](ChatCall::stream) on it.
    pub fn chat(&self, text: impl Into<String>) -> ChatCall<'_> {
        self.request(ChatRequest::default().with_user(text))
    }

    /// A chat of a whole request.
    pub fn request(&self, request: ChatRequest) -> ChatCall<'_> {
        ChatCall::new(self, request)
    }

    /// The environment of one call: the client's own, with a name for the call and this longest time. Without one, and beyond what the client or
    /// the route allows, theirs holds.
    pub fn cx(&self, timeout: Option<Duration>) -> Cx {
        let mut cx = self.0.cx.clone();
        cx.request_id = Some(self.0.ids.next());
        cx.deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout)).map(Instant::into_std);
        cx
    }

    /// Sends a request in an environment of your own and waits for the whole answer.
    pub async fn send(&self, cx: &Cx, request: ChatRequest) -> Result<ChatResponse, Error> {
        let request = self.prepare(request)?;
        match self.0.stack.call(cx, Request::Chat(Arc::new(request))).await? {
            Response::Chat(response) => Ok(*response),
            other => Err(unexpected(&other)),
        }
    }

    /// Sends a request in an environment of your own; returns at the first content of the answer.
    pub async fn send_stream(&self, cx: &Cx, request: ChatRequest) -> Result<ChatStream, Error> {
        let request = self.prepare(request)?;
        match self.0.stack.call(cx, Request::ChatStream(Arc::new(request))).await? {
            Response::ChatStream(stream) => Ok(stream),
            other => Err(unexpected(&other)),
        }
    }

    /// Why a request would go where it goes: every target, what removed it or what it scored, and the order. Nothing is
    /// sent.
    pub fn explain(&self, cx: &Cx, request: ChatRequest) -> Result<Decision, Error> {
        let request = self.prepare(request)?;
        self.0.router.explain(cx, &Request::Chat(Arc::new(request)))
    }

    /// Who is asked, who steps in, who answered last.
    pub fn status(&self) -> Status {
        let mut targets =
            self.0.router.default_model().map(|model| self.0.router.targets(&model)).unwrap_or_default().into_iter();
        Status {
            primary: targets.next(),
            fallbacks: targets.collect(),
            current: self.0.current.target(),
            providers: self.providers().iter().map(|provider| provider.id.to_string()).collect(),
            demo: !self.providers().is_empty()
                && self.providers().iter().all(|provider| provider.plugin.is_some_and(|plugin| plugin.fake)),
        }
    }

    pub(crate) fn providers(&self) -> Arc<[Configured]> {
        self.0.providers.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn providers_mut(&self) -> RwLockWriteGuard<'_, Arc<[Configured]>> {
        self.0.providers.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn active(&self) -> MutexGuard<'_, Active> {
        self.0.active.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn probe_policy(&self) -> ProbePolicy {
        self.0.probes.clone()
    }

    /// The default model of each provider that has one.
    pub(crate) fn default_targets(&self) -> Vec<Target> {
        let default = |provider: &Configured| Some(Target::new(provider.id.clone(), provider.plugin?.default_model?));
        self.providers().iter().filter_map(default).collect()
    }

    pub(crate) fn provider_of(&self, target: &Target) -> Option<Arc<dyn Provider>> {
        let providers = self.providers();
        providers.iter().find(|known| known.id == target.provider).map(|known| known.provider.clone())
    }

    /// A provider with what stands around each of them.
    pub(crate) fn around(&self, provider: Arc<dyn Provider>) -> Arc<dyn Provider> {
        self.0.around.provider(provider)
    }

    pub(crate) fn router(&self) -> &Router {
        &self.0.router
    }

    pub(crate) fn stack(&self) -> &dyn Provider {
        &*self.0.stack
    }

    /// What this client has learned, for one that takes its place.
    pub fn state(&self) -> EngineState {
        self.0.state.clone()
    }

    /// The providers, routes and layers as one provider, to put into another stack.
    pub fn provider(&self) -> Arc<dyn Provider> {
        self.0.stack.clone()
    }

    /// Requests without a model go to the default; those that cannot be answered are refused before anything is sent.
    pub(crate) fn prepare(&self, mut request: ChatRequest) -> Result<ChatRequest, Error> {
        if request.messages.is_empty() {
            return Err(refused("the request has no messages: add one at least").with_param("messages"));
        }
        self.has_providers()?;
        if request.model.is_empty() {
            request.model = self.0.router.default_model().ok_or_else(|| self.no_model())?;
        }
        Ok(request)
    }

    pub(crate) fn has_providers(&self) -> Result<(), Error> {
        if self.providers().is_empty() {
            return Err(Error::new(ErrorKind::NoTarget, self.0.advice.clone()).with_progress(Progress::NotSent));
        }
        Ok(())
    }

    /// The error of a request that names no model where nothing answers by default.
    fn no_model(&self) -> Error {
        let providers = self.providers();
        let ids: Vec<&str> = providers.iter().map(|provider| &*provider.id).collect();
        let why = match ids[..] {
            [id] => format!("{id} has no default one"),
            _ => format!("several providers are configured ({})", ids.join(", ")),
        };
        refused(format!(
            "the request names no model and {why}: set LOQUAT_MODEL=provider/model, or name one in the request"
        ))
        .with_param("model")
    }
}

pub(crate) fn refused(what: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidRequest, what).with_progress(Progress::NotSent)
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("model", &self.0.router.default_model())
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}

pub(crate) fn unexpected(response: &Response) -> Error {
    let what = response.operation();
    Error::new(
        ErrorKind::Internal,
        format!("a layer answered with {what} what was asked as something else: this is a defect in that layer"),
    )
}
