//! The provider: its settings, and what every call is authorised with.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use http::HeaderMap;
use llm_core::{
    BuildCx, Capabilities, Cx, Error, ErrorKind, KnownModels, Origin, Provider, Request, Response, async_trait,
    known_by, wrong_setting,
};
use llm_wire::this_machines_time;
use llm_wire_bedrock::invoke::Form;
use llm_wire_bedrock::{API, names};

use crate::account::{Account, Authority};
use crate::call::Call;
use crate::config::{ChatApi, Config};
use crate::credentials::region_of;
use crate::mantle::Mantle;
use crate::route::{DEFAULT_REGION, Route};
use crate::{PLUGIN, models};

/// One account at Amazon Bedrock in one region.
pub struct Bedrock {
    region: Arc<Region>,
    account: Account,
    now: fn() -> SystemTime,
}

/// One region, as the settings say that it is asked.
pub(crate) struct Region {
    pub(crate) id: Arc<str>,
    route: Route,
    /// What the operator sends besides.
    headers: HeaderMap,
    pub(crate) how: How,
    form: Option<Form>,
    models: Arc<dyn KnownModels>,
}

/// How chats are asked.
pub(crate) enum How {
    Converse,
    Invoke,
    Mantle(Box<Mantle>),
}

impl Bedrock {
    /// An account by its settings.
    pub fn new(cx: &BuildCx, config: &Config) -> Result<Self, Error> {
        let region = config.region.clone().filter(|region| !region.trim().is_empty()).or_else(|| {
            let profile = config.profile.as_deref().filter(|profile| !profile.trim().is_empty());
            // Without a profile no file is looked at.
            profile.and_then(|profile| region_of(Some(profile), config.config_file.as_deref()))
        });
        let form = match config.invoke_form.as_deref().map(str::trim).filter(|name| !name.is_empty()) {
            Some(name) => Some(
                Form::named(name).ok_or_else(|| wrong_setting(&cx.id, "invoke_form", "it names no form of a body"))?,
            ),
            None => None,
        };
        let region = region.as_deref().unwrap_or(DEFAULT_REGION).trim();
        let route = Route::new(region, config.base_url.as_deref())?;
        let how = match (config.api.mantle(), config.api) {
            (Some(api), _) => How::Mantle(Box::new(Mantle::new(cx, &route, api)?)),
            (None, ChatApi::Invoke) => How::Invoke,
            (None, _) => How::Converse,
        };
        let account = Account::new(&cx.id, config, region);
        let region = Arc::new(Region {
            id: cx.id.clone(),
            route,
            headers: cx.headers.clone(),
            how,
            form,
            models: cx.models.clone(),
        });
        Ok(Self { region, account, now: this_machines_time })
    }

    /// With another clock, for tests of signatures.
    pub fn with_clock(mut self, now: fn() -> SystemTime) -> Self {
        self.now = now;
        self
    }

    /// Addresses of one call: its own only together with its own credential.
    fn begin(&self, cx: &Cx, authority: Authority) -> Result<Call, Error> {
        let (route, headers) = match &cx.endpoint {
            Some(endpoint) if cx.credential.is_some() => (self.region.route.at(endpoint)?, HeaderMap::new()),
            _ => (self.region.route.clone(), self.region.headers.clone()),
        };
        Ok(Call { region: Arc::clone(&self.region), authority, route, headers, now: (self.now)() })
    }
}

#[async_trait]
impl Provider for Bedrock {
    fn id(&self) -> &str {
        &self.region.id
    }

    fn api(&self) -> &str {
        API
    }

    fn capabilities(&self, model: &str) -> Capabilities {
        let mut capabilities = Capabilities::chat();
        capabilities.lay(&self.region.known(model));
        let profile = models::profile(model, &capabilities);
        capabilities.sampling = profile.sampling;
        capabilities.forced_tool = profile.forced_tool;
        capabilities
    }

    async fn call(&self, cx: &Cx, request: Request) -> Result<Response, Error> {
        let call = |authority| {
            let (call, request) = (self.begin(cx, authority), request.clone());
            async move {
                let call = call?;
                call.call(cx, request).await.map_err(|error| call.authority.hide(error))
            }
        };
        self.account.call(cx, self.now, call).await.map_err(|error| error.with_provider(self.id()))
    }
}

impl Region {
    pub(crate) fn origin(&self, api: &'static str, model: &str) -> Arc<Origin> {
        Arc::new(Origin::new(api, self.id.clone(), model))
    }

    pub(crate) fn known(&self, model: &str) -> Arc<Capabilities> {
        known_by(&*self.models, PLUGIN.id, model, names(model))
    }

    /// The form of a chat's body for `InvokeModel`.
    pub(crate) fn form(&self, known: &Capabilities) -> Result<Form, Error> {
        known_form(self.form.or_else(|| Form::of(known)), "chat", ", or set `invoke_form`")
    }
}

/// The form of a body for `InvokeModel`, or the error that says how it can be known.
pub(crate) fn known_form<F>(form: Option<F>, operation: &str, otherwise: &str) -> Result<F, Error> {
    form.ok_or_else(|| {
        let what = format!(
            "choosing the body of InvokeModel for {operation}: whose the model is and which form it takes is not known; \
             say `capabilities = {{ publisher = \"…\" }}`, its `form` or its `base_model` under `prices.model`{otherwise}"
        );
        Error::new(ErrorKind::Config, what).with_param("model")
    })
}

impl fmt::Debug for Bedrock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bedrock").field("id", &self.region.id).finish_non_exhaustive()
    }
}
