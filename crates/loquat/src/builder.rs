//! Building a client: from code, a configuration and the environment, checked as a whole before the first call.

use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use llm_core::{Cx, Error, ErrorKind, Layer, Observer, Provider, ProviderPlugin, Registry, Secret, Transport};
use llm_http::{HttpConfig, HttpTransport, Proxy, ProxyEnvironment};
use llm_resilience::{BreakerPolicy, Resilient, RetryPolicy};
use llm_router::TargetSpec;

use crate::around::Around;
use crate::assessors::OwnStack;
#[cfg(feature = "cache")]
use crate::cached::OfRoute;
use crate::call_id::CallIds;
use crate::client::{Client, Inner};
use crate::config::{Config, ProviderConfig, RouteConfig};
use crate::configured::{self, Configured, Site};
use crate::current::Current;
use crate::environment::Environment;
use crate::routes::{self, Routing};
use crate::state::EngineState;
use crate::{conduct, gates};

/// Builds a [`Client`].
///
/// What is said here goes before the configuration. Without [`config`](Self::config) that is what the environment says.
#[derive(Default)]
pub struct ClientBuilder {
    said: Config,
    config: Option<Config>,
    environment: Option<Environment>,
    plugins: Vec<&'static ProviderPlugin>,
    instances: Vec<(String, Arc<dyn Provider>)>,
    layers: Vec<Box<dyn Layer>>,
    transport: Option<Arc<dyn Transport>>,
    observer: Option<Arc<dyn Observer>>,
    state: EngineState,
    #[cfg(feature = "budget")]
    alerts: Vec<Arc<dyn llm_budget::AlertSink>>,
}

impl ClientBuilder {
    /// The model that answers: a route, `provider/model`, or a provider (its default model).
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.said.defaults.model = Some(model.into());
        self
    }

    /// Who answers when that one cannot. Call again for more, in order.
    pub fn fallback(mut self, model: impl Into<String>) -> Self {
        self.said.defaults.fallback.push(model.into());
        self
    }

    /// Longest time for a whole request, all attempts included. Default 600 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.said.defaults.timeout = Some(timeout);
        self
    }

    /// Longest time of one attempt until its answer or the first content of its stream; then the next one is made.
    /// Without it an attempt has until its first byte (60 s) and its first content (120 s).
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.said.defaults.attempt_timeout = Some(timeout);
        self
    }

    /// Longest time until the first content of a stream, per attempt. Default 120 s.
    pub fn first_token_timeout(mut self, timeout: Duration) -> Self {
        self.said.defaults.first_token_timeout = Some(timeout);
        self
    }

    /// Retries and attempts.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.said.defaults.retry = Some(retry);
        self
    }

    /// When a target that fails is left alone. Default: after five failures in a row, for a minute.
    pub fn breaker(mut self, breaker: BreakerPolicy) -> Self {
        self.said.defaults.breaker = Some(breaker);
        self
    }

    /// An account at a vendor, or a server of your own.
    pub fn provider(mut self, provider: ProviderConfig) -> Self {
        self.said.providers.push(provider);
        self
    }

    /// A provider that is built already, under its own id: a model of your own, or one for tests.
    pub fn instance(mut self, provider: Arc<dyn Provider>) -> Self {
        self.instances.push((provider.id().to_owned(), provider));
        self
    }

    /// A route: a model name of your own and the targets behind it, the first the primary.
    pub fn route(mut self, name: impl Into<String>, targets: impl IntoIterator<Item = impl Into<TargetSpec>>) -> Self {
        self.said.routes.push(RouteConfig::new(name, targets));
        self
    }

    /// A plugin by value, for programs where registration at link time does not work.
    pub fn plugin(mut self, plugin: &'static ProviderPlugin) -> Self {
        self.plugins.push(plugin);
        self
    }

    /// A layer around everything; the first added is the innermost.
    pub fn layer(mut self, layer: impl Layer) -> Self {
        self.layers.push(Box::new(layer));
        self
    }

    /// A response cache; [`CacheConfig::memory`](crate::CacheConfig::memory) is one with every default.
    #[cfg(feature = "cache")]
    pub fn cache(mut self, cache: crate::CacheConfig) -> Self {
        self.said.cache = Some(cache);
        self
    }

    /// A limit of money.
    #[cfg(feature = "budget")]
    pub fn budget(mut self, budget: llm_budget::Budget) -> Self {
        self.said.budgets.push(budget);
        self
    }

    /// A configuration, from a file or made in code, in place of the environment's `LLM_*` and `LOQUAT_*` variables:
    /// [`Config::with_environment`] lays those over it. Vendors' keys are found in the environment either way.
    pub fn config(mut self, config: Config) -> Self {
        self.config = Some(config);
        self
    }

    /// Variables to use instead of the process's own and `.env`.
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = Some(environment);
        self
    }

    /// Another transport than HTTP, for tests.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Is told what happens.
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Is told when a part of a budget is reached: once per account and window, by one of all replicas. Must not block.
    #[cfg(feature = "budget")]
    pub fn on_budget_alert(mut self, sink: impl llm_budget::AlertSink) -> Self {
        self.alerts.push(Arc::new(sink));
        self
    }

    /// With what another client has learned, in place of nothing: for a client that takes its place.
    pub fn state(mut self, state: EngineState) -> Self {
        self.state = state;
        self
    }

    /// Checks everything and builds the client. Does no IO but reading the environment.
    pub fn build(self) -> Result<Client, Error> {
        let environment = self.environment.map_or_else(Environment::read, Ok)?;
        let mut config = match self.config {
            Some(config) => self.said.or(config),
            None => self.said.or(Config::from_environment(&environment)?),
        };
        let registry = self.plugins.into_iter().try_fold(crate::registry()?, Registry::with)?;
        configured::by_account(&mut config.providers, &registry)?;
        let built: Vec<&str> = self.instances.iter().map(|(id, _)| id.as_str()).collect();
        #[cfg(feature = "budget")]
        let prepared = self.state.money.prepare(&config, &registry, &environment)?;
        #[cfg(feature = "budget")]
        let around = Around::of(&prepared, &self.state.money, config.prices.strict.unwrap_or(true));
        #[cfg(not(feature = "budget"))]
        let around = Around::default();
        #[cfg(feature = "structured")]
        let around = around.with_structured(config.structured.unwrap_or_default());
        #[cfg(feature = "redis")]
        let joined = gates::shared(&config, &environment)?;
        #[cfg(feature = "cache")]
        let cached = self.state.cached.prepare(&config, &environment)?;
        #[cfg(feature = "cache")]
        let of_routes_cache = cached.as_ref().and_then(|_| OfRoute::of(&config));
        let site = Site {
            registry: &registry,
            environment: &environment,
            around: &around,
            credentials: &config.credentials,
            keys: &self.state.keys,
        };
        let mut providers = configured::configured(&site, &config.providers, &built)?;
        for (id, provider) in self.instances {
            if providers.iter().any(|other| *other.id == *id) {
                return Err(Error::new(
                    ErrorKind::Config,
                    format!("two providers have the id {id:?}: rename one of them"),
                ));
            }
            providers.push(Configured {
                id: id.into(),
                plugin: None,
                provider,
                keys: None,
                tls: false,
                unmeant: false,
            });
        }
        let own = OwnStack::default();
        let settings = conduct::settings(&config.defaults, "defaults")?;
        // Whatever may be wrong is found before anything is changed that a client at work shares.
        let (transport, http) = transport(self.transport, config.defaults.proxy.clone(), &environment)?;
        #[cfg(feature = "prompt")]
        let prompts = crate::prompt::layer(&config, &self.state)?;
        let Routing { router, active, settings: of_routes } =
            routes::routing(&site, &mut providers, &config, &self.state, &own)?;
        let advice = routes::nothing_configured(&registry, &environment);
        gates::configure(&self.state.gates, &config);
        // Whoever mended a key wants it tried at once.
        self.state.keys.forget_refused();
        #[cfg(feature = "redis")]
        self.state.shared_limits.establish(&self.state.gates, joined);
        #[cfg(feature = "budget")]
        {
            self.state.money.establish(prepared);
            self.state.money.tell(self.alerts);
        }
        let defaults = config.defaults;
        let timers = conduct::timers(&defaults);
        let router = Arc::new(router);
        let driver = Resilient::builder()
            .planner(router.clone())
            .gates(self.state.gates.clone())
            .learned(self.state.learned.clone())
            .settings(settings);
        let driver = of_routes
            .into_iter()
            .fold(driver, |driver, (route, settings)| driver.route_settings(route, settings))
            .build();
        #[cfg(feature = "cache")]
        let driver = cached.iter().fold(driver, |inner, opened| opened.cache.layer().layer(inner));
        #[cfg(feature = "cache")]
        let driver = of_routes_cache.iter().fold(driver, |inner, layer| layer.layer(inner));
        // Outside of everything that looks at prompts, above all of a cache.
        #[cfg(feature = "prompt")]
        let driver = prompts.iter().fold(driver, |inner, prompts| prompts.layer(inner));
        let stack = self.layers.iter().fold(driver, |inner, layer| layer.layer(inner));
        own.establish(&stack);
        #[cfg(feature = "cache")]
        self.state.cached.establish(cached, &router, &stack);
        let current = Arc::new(Current::default());
        let mut observers: Vec<Arc<dyn Observer>> = vec![current.clone()];
        observers.extend(self.state.observers());
        observers.extend(self.observer);
        let cx = Cx::new(transport).with_timeouts(timers).with_observer(Arc::new(observers));
        let client = Client::new(Inner {
            stack,
            router,
            providers: RwLock::new(providers.into()),
            around,
            active: Mutex::new(active),
            probes: defaults.health.clone().unwrap_or_default().policy(),
            cx,
            current,
            http,
            advice,
            state: self.state,
            ids: CallIds::new(),
        });
        client.announce();
        Ok(client)
    }
}

/// The application's transport, or HTTP: the second time by its own type.
fn transport(
    theirs: Option<Arc<dyn Transport>>,
    proxied: Option<Secret>,
    environment: &Environment,
) -> Result<(Arc<dyn Transport>, Option<HttpTransport>), Error> {
    if let Some(theirs) = theirs {
        return Ok((theirs, None));
    }
    let http = HttpTransport::new(&HttpConfig::default().with_proxy(proxy(proxied, environment)))?;
    Ok((Arc::new(http.clone()), Some(http)))
}

/// The proxy that was asked for; none unless one was.
fn proxy(proxy: Option<Secret>, environment: &Environment) -> Proxy {
    match proxy {
        None => Proxy::None,
        Some(proxy) if proxy.expose() == "environment" => {
            Proxy::Environment(ProxyEnvironment::from_lookup(|name| environment.value(name).map(str::to_owned)))
        }
        Some(url) => Proxy::Url(url),
    }
}
