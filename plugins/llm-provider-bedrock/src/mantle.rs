//! `bedrock-mantle`, the endpoint that speaks OpenAI's protocols. Requests are made by their adapter and signed on their way.
//!
//! Most models are under `/v1`; OpenAI's newer ones, which have the Responses API only, are under `/openai/v1` ("Responses
//! API" of the user guide, read 2026-11).

use std::sync::Arc;
use std::time::SystemTime;

use llm_core::{
    Adapter, BuildCx, ChatRequest, ChatResponse, ChatStream, Cx, Error, HttpRequest, HttpResponse, KnownModels,
    ModelInfo, Secret, Support, Transport, async_trait,
};
use llm_wire_openai::dialect::{ChatApi, Paths};
use llm_wire_openai::{Connection, Dialect, OpenAiAdapter};

use crate::PLUGIN;
use crate::account::Authority;
use crate::route::{MANTLE_SERVICE, Route};

/// In the place of a key: what is signed has none. Too short to be looked for in errors.
const SIGNED: &str = "signed";

const MOST: Dialect = Dialect {
    paths: Paths { models: Some("/models"), ..Paths::CHAT },
    key_required: false,
    strict: true,
    ..Dialect::COMPATIBLE
};

const NEWER: Dialect =
    Dialect { paths: Paths::CHAT, chat_api: ChatApi::Responses, key_required: false, ..Dialect::OPENAI };

/// The endpoint.
pub(crate) struct Mantle {
    most: OpenAiAdapter,
    newer: OpenAiAdapter,
    models: Arc<dyn KnownModels>,
}

/// Who asks, and where.
pub(crate) struct Asked<'a> {
    pub(crate) authority: &'a Authority,
    pub(crate) route: &'a Route,
    pub(crate) now: SystemTime,
}

impl Mantle {
    pub(crate) fn new(cx: &BuildCx, route: &Route, chat_api: ChatApi) -> Result<Self, Error> {
        let adapter = |base_url: &str, dialect: Dialect| {
            let connection = Connection { base_url: base_url.to_owned(), ..Connection::default() };
            OpenAiAdapter::new(&PLUGIN, cx, dialect, connection)
        };
        Ok(Self {
            most: adapter(&route.mantle, Dialect { chat_api, ..MOST })?,
            newer: adapter(&route.mantle_newer, NEWER)?,
            models: cx.models.clone(),
        })
    }

    fn of(&self, model: &str) -> &OpenAiAdapter {
        let only_there = self.models.capabilities(PLUGIN.id, model).responses_only == Support::Yes;
        if only_there { &self.newer } else { &self.most }
    }

    pub(crate) async fn chat(&self, cx: &Cx, asked: Asked<'_>, request: &ChatRequest) -> Result<ChatResponse, Error> {
        self.of(&request.model).chat(&asked.environment(cx), request).await
    }

    pub(crate) async fn chat_stream(
        &self,
        cx: &Cx,
        asked: Asked<'_>,
        request: &ChatRequest,
    ) -> Result<ChatStream, Error> {
        self.of(&request.model).chat_stream(&asked.environment(cx), request).await
    }

    pub(crate) async fn models(&self, cx: &Cx, asked: Asked<'_>) -> Result<Vec<ModelInfo>, Error> {
        self.most.models(&asked.environment(cx)).await
    }
}

impl Asked<'_> {
    /// The environment of a call that is signed, or that has a bearer's key.
    fn environment(&self, cx: &Cx) -> Cx {
        let mut own = cx.clone();
        // An address of the call counts only with a key of the call, which the adapter cannot tell any more.
        own.endpoint = own.endpoint.filter(|_| cx.credential.is_some());
        own.credential = Some(match self.authority {
            Authority::Bearer(key) => key.clone(),
            Authority::Keys(_) => {
                let (inner, authority) = (Arc::clone(&cx.transport), self.authority.clone());
                own.transport =
                    Arc::new(Signing { inner, authority, region: self.route.region.clone(), now: self.now });
                Secret::new(SIGNED)
            }
        });
        own
    }
}

/// Signs what is sent.
struct Signing {
    inner: Arc<dyn Transport>,
    authority: Authority,
    region: String,
    now: SystemTime,
}

#[async_trait]
impl Transport for Signing {
    async fn send(&self, cx: &Cx, request: HttpRequest) -> Result<HttpResponse, Error> {
        let HttpRequest { method, url, body, .. } = request;
        let place = (&*self.region, MANTLE_SERVICE);
        self.inner.send(cx, self.authority.request(method, url, body.into(), place, self.now)?).await
    }
}
