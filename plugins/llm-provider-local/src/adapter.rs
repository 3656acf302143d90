//! The provider: its models and which of them answers how.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use llm_core::{
    Adapter, Capabilities, ChatRequest, ChatResponse, ChatStream, Cx, EmbedRequest, EmbedResponse, Error, ErrorKind,
    ModelInfo, Origin, Progress, Support, Usage, Warnings, async_trait, setting_of,
};
use serde::Deserialize as _;
use serde_json::json;

use crate::config::Config;
use crate::script::Script;
use crate::{API, count, echo, play, vector, warn};

const ECHO: &str = "echo";
pub(crate) const SCRIPT: &str = "script";
const EMBED: &str = "embed";
/// Where a request carries its script.
const PARAM: &str = "ext.local.script";

/// Deterministic answers without a model, a network or a key.
pub struct Local {
    id: Arc<str>,
    delay_ms: u64,
    scripts: BTreeMap<String, Configured>,
}

/// A script of the configuration, with the number of calls that it has failed.
struct Configured {
    script: Script,
    failed: AtomicU32,
}

impl Configured {
    /// Counts a call, as long as calls are to fail.
    fn fails(&self) -> bool {
        let most = self.script.fail_first;
        let count = |failed| if failed < most { Some(failed + 1) } else { None };
        self.failed.fetch_update(Ordering::Relaxed, Ordering::Relaxed, count).is_ok()
    }
}

impl Local {
    /// A provider by its settings.
    pub fn new(id: impl Into<Arc<str>>, config: Config) -> Result<Self, Error> {
        let Config { delay_ms, script, scripts } = config;
        if let Some(name) = scripts.keys().find(|name| matches!(name.as_str(), "" | ECHO | SCRIPT | EMBED)) {
            let message = format!("reading the scripts of local: the name {name:?} is taken, choose another");
            return Err(Error::new(ErrorKind::Config, message));
        }
        let scripts = script.map(|script| (SCRIPT.to_owned(), script)).into_iter().chain(scripts);
        let configured = |script| Configured { script, failed: AtomicU32::new(0) };
        let scripts = scripts.map(|(name, script)| (name, configured(script))).collect();
        Ok(Self { id: id.into(), delay_ms, scripts })
    }

    /// The script in a request: under this instance's id, else under the plugin's.
    fn script_of(&self, request: &ChatRequest) -> Result<Option<Script>, Error> {
        let Some(value) = [&self.id, API].into_iter().find_map(|reader| request.ext.value(reader, "script")) else {
            return Ok(None);
        };
        let refuse = |why: &dyn fmt::Display| {
            Error::new(ErrorKind::InvalidRequest, format!("reading {PARAM}: {why}")).with_param(PARAM)
        };
        let script = Script::deserialize(value).map_err(|error| refuse(&error))?;
        if script.fail_first > 0 {
            return Err(refuse(&"fail_first needs a memory: set it in the configuration, or write `attempts`"));
        }
        Ok(Some(script))
    }

    fn not_found(&self, model: &str) -> Error {
        let known: Vec<&str> = [ECHO, SCRIPT, EMBED]
            .into_iter()
            .chain(self.scripts.keys().map(String::as_str).filter(|name| *name != SCRIPT))
            .collect();
        let message = format!(
            "there is no model {model:?} here, only {}: choose one, or add a script of that name to {}",
            known.join(", "),
            setting_of(&self.id, "scripts")
        );
        Error::new(ErrorKind::NotFound, message)
    }

    async fn play(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatStream, Error> {
        let mut warnings = Warnings::new(request.on_unsupported);
        let steps = match request.model.as_str() {
            ECHO => {
                warn::chat(request, &self.id, false, &mut warnings)?;
                echo::steps(request, self.delay_ms)?
            }
            EMBED => return Err(Error::unsupported("local/embed", "chat")),
            model => {
                warn::chat(request, &self.id, true, &mut warnings)?;
                let own = if model == SCRIPT { self.script_of(request)? } else { None };
                match (own, self.scripts.get(model)) {
                    (Some(script), _) => script.steps(cx.attempt),
                    (None, Some(configured)) if configured.fails() => return Err(configured.script.failure.error()),
                    (None, Some(configured)) => configured.script.steps(cx.attempt),
                    (None, None) if model == SCRIPT => {
                        let message = format!(
                            "local/script has no script: set {}, or {PARAM} in the request",
                            setting_of(&self.id, "script")
                        );
                        return Err(Error::new(ErrorKind::InvalidRequest, message).with_param(PARAM));
                    }
                    (None, None) => return Err(self.not_found(model)),
                }
            }
        };
        let origin = Arc::new(Origin::new(API, self.id.clone(), request.model.clone()));
        play::open(cx, origin, request, steps, warnings.into_vec()).await
    }
}

#[async_trait]
impl Adapter for Local {
    fn id(&self) -> &str {
        &self.id
    }

    fn api(&self) -> &str {
        API
    }

    fn capabilities(&self, model: &str) -> Capabilities {
        if model == EMBED {
            let mut capabilities = Capabilities::default();
            capabilities.chat = Support::No;
            capabilities.streaming = Support::No;
            capabilities.embeddings = Support::Yes;
            return capabilities;
        }
        let mut capabilities = Capabilities::chat();
        capabilities.embeddings = Support::No;
        capabilities.tools = Support::Yes;
        if model == ECHO {
            capabilities.forced_tool = Support::Yes;
            capabilities.json_schema = Support::Yes;
        }
        capabilities.media_inline = vec![Cow::Borrowed("*/*")];
        capabilities.media_url = vec![Cow::Borrowed("*/*")];
        capabilities
    }

    async fn chat_stream(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatStream, Error> {
        self.play(cx, request).await
    }

    async fn chat(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatResponse, Error> {
        // Nothing of a whole answer reaches the caller before its end, so it may be tried again.
        let answer = self.play(cx, request).await?.collect().await;
        answer.map_err(|error| error.with_progress(Progress::Sent))
    }

    async fn embed(&self, _cx: &Cx, request: &EmbedRequest) -> Result<EmbedResponse, Error> {
        if request.model != EMBED {
            let known = matches!(request.model.as_str(), ECHO | SCRIPT) || self.scripts.contains_key(&request.model);
            return Err(if known { Error::unsupported("local", "embed") } else { self.not_found(&request.model) });
        }
        let mut warnings = Warnings::new(request.on_unsupported);
        warn::embed(request, &mut warnings)?;
        let dimensions = request.dimensions.unwrap_or(vector::DIMENSIONS);
        if !(1..=vector::MOST_DIMENSIONS).contains(&dimensions) {
            let message = format!("dimensions must be between 1 and {}", vector::MOST_DIMENSIONS);
            return Err(Error::new(ErrorKind::InvalidRequest, message).with_param("dimensions"));
        }
        let origin = Arc::new(Origin::new(API, self.id.clone(), request.model.clone()));
        let vectors = request.inputs.iter().map(|text| vector::embed(text, dimensions)).collect();
        let mut response = EmbedResponse::new(origin, vectors);
        response.model = Some(request.model.clone());
        response.usage = Usage::default();
        response.usage.input = Some(request.inputs.iter().map(|text| count::words(text)).sum());
        response.warnings = warnings.into_vec();
        Ok(response)
    }

    async fn models(&self, _cx: &Cx) -> Result<Vec<ModelInfo>, Error> {
        let named = self.scripts.keys().map(String::as_str).filter(|name| *name != SCRIPT);
        let built_in = [ECHO, SCRIPT, EMBED].into_iter();
        Ok(built_in.chain(named).map(|name| self.describe(name)).collect())
    }
}

impl Local {
    fn describe(&self, name: &str) -> ModelInfo {
        let description = match name {
            ECHO => "says back the last message; no LLM",
            EMBED => "vectors from hashes of words; no LLM",
            _ => "answers by a script; no LLM",
        };
        let mut model = ModelInfo::new(name);
        model.capabilities = self.capabilities(name);
        model.raw = json!({ "description": description, "llm": false });
        model
    }
}

impl fmt::Debug for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scripts: Vec<&String> = self.scripts.keys().collect();
        f.debug_struct("Local").field("id", &self.id).field("scripts", &scripts).finish_non_exhaustive()
    }
}
