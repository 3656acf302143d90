//! What a target can do, as far as it is known without asking it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// Whether something is supported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Support {
    /// Known to work.
    Yes,
    /// Known not to work: a router does not send such a request there.
    No,
    /// Not known; it is tried.
    #[default]
    Unknown,
}

impl Support {
    /// False only when it is known not to work.
    pub fn may(self) -> bool {
        self != Self::No
    }
}

/// What one model of one provider can do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Capabilities {
    /// Chat at all.
    pub chat: Support,
    /// Streamed chat.
    pub streaming: Support,
    /// Embeddings.
    pub embeddings: Support,
    /// Documents in order.
    pub rerank: Support,
    /// Images made.
    pub images: Support,
    /// Texts spoken.
    pub speech: Support,
    /// Sound written down.
    pub transcription: Support,
    /// Contents judged.
    pub moderation: Support,
    /// Tokens of a chat counted before it is sent.
    pub count_tokens: Support,
    /// Function calling.
    pub tools: Support,
    /// Several tool calls in one answer.
    pub parallel_tools: Support,
    /// `tool_choice` required or named.
    pub forced_tool: Support,
    /// Output by JSON schema.
    pub json_schema: Support,
    /// Reasoning, with effort or budget.
    pub reasoning: Support,
    /// It cannot be told not to reason.
    pub always_reasons: Support,
    /// It is told by an effort how much to reason, and chooses by itself within it.
    pub adaptive_reasoning: Support,
    /// Instructions inside the conversation, not only before it.
    pub mid_system: Support,
    /// Temperature, `top_p` and the like.
    pub sampling: Support,
    /// An assistant message last, to be continued.
    pub assistant_prefill: Support,
    /// Of the two chat protocols of OpenAI only the Responses API has it; `No`: chat completions has it too.
    pub responses_only: Support,
    /// It continues a prompt and knows nothing of chats: OpenAI's API before chats, and nothing newer, has it.
    pub completions_only: Support,
    /// Media types accepted inline, as patterns (`image/*`).
    pub media_inline: Vec<Cow<'static, str>>,
    /// Media types accepted by URL.
    pub media_url: Vec<Cow<'static, str>>,
    /// Context window in tokens.
    pub context_window: Option<u64>,
    /// Longest answer in tokens.
    pub max_output: Option<u64>,
    /// Who publishes it, where a host keeps the models of several apart (`anthropic`).
    pub publisher: Option<Cow<'static, str>>,
    /// Which of its host's forms of a request it takes, in the word of the host's plugin (`titan`), where a host has several
    /// and its publisher does not say it.
    pub form: Option<Cow<'static, str>>,
}

impl Capabilities {
    /// A chat model that streams; the rest is unknown.
    pub fn chat() -> Self {
        Self { chat: Support::Yes, streaming: Support::Yes, ..Self::default() }
    }

    /// These, and in their place what `nearer` knows: each by itself.
    pub fn lay(&mut self, nearer: &Self) {
        for (support, nearer) in [
            (&mut self.chat, nearer.chat),
            (&mut self.streaming, nearer.streaming),
            (&mut self.embeddings, nearer.embeddings),
            (&mut self.rerank, nearer.rerank),
            (&mut self.images, nearer.images),
            (&mut self.speech, nearer.speech),
            (&mut self.transcription, nearer.transcription),
            (&mut self.moderation, nearer.moderation),
            (&mut self.count_tokens, nearer.count_tokens),
            (&mut self.tools, nearer.tools),
            (&mut self.parallel_tools, nearer.parallel_tools),
            (&mut self.forced_tool, nearer.forced_tool),
            (&mut self.json_schema, nearer.json_schema),
            (&mut self.reasoning, nearer.reasoning),
            (&mut self.always_reasons, nearer.always_reasons),
            (&mut self.adaptive_reasoning, nearer.adaptive_reasoning),
            (&mut self.mid_system, nearer.mid_system),
            (&mut self.sampling, nearer.sampling),
            (&mut self.assistant_prefill, nearer.assistant_prefill),
            (&mut self.responses_only, nearer.responses_only),
            (&mut self.completions_only, nearer.completions_only),
        ] {
            if nearer != Support::Unknown {
                *support = nearer;
            }
        }
        for (list, nearer) in [(&mut self.media_inline, &nearer.media_inline), (&mut self.media_url, &nearer.media_url)]
        {
            if !nearer.is_empty() {
                list.clone_from(nearer);
            }
        }
        self.context_window = nearer.context_window.or(self.context_window);
        self.max_output = nearer.max_output.or(self.max_output);
        if nearer.publisher.is_some() {
            self.publisher.clone_from(&nearer.publisher);
        }
        if nearer.form.is_some() {
            self.form.clone_from(&nearer.form);
        }
    }
}

/// Knows what models can do beyond what their plugins know: a catalogue, an operator.
///
/// Asked for every request: must be fast and must not block.
pub trait KnownModels: Send + Sync + 'static {
    /// What a model of a plugin (`openai`, whatever an instance of it is called) can do; what nobody knows is unknown.
    fn capabilities(&self, plugin: &str, model: &str) -> std::sync::Arc<Capabilities>;
}

/// What is known of a model that has `others` as names too, nearest first: the first of them whose publisher is known, and
/// over it what is known of the name itself.
pub fn known_by<'a>(
    models: &dyn KnownModels,
    plugin: &str,
    model: &'a str,
    others: impl IntoIterator<Item = &'a str>,
) -> std::sync::Arc<Capabilities> {
    let exact = models.capabilities(plugin, model);
    if exact.publisher.is_some() {
        return exact;
    }
    let mut others = others.into_iter().filter(|other| *other != model);
    match others.find_map(|other| Some(models.capabilities(plugin, other)).filter(|known| known.publisher.is_some())) {
        Some(other) => {
            let mut known = Capabilities::clone(&other);
            known.lay(&exact);
            std::sync::Arc::new(known)
        }
        None => exact,
    }
}

/// Knows the model cards of the crates that are linked in.
#[derive(Clone, Copy, Debug, Default)]
pub struct LinkedCards;

impl KnownModels for LinkedCards {
    fn capabilities(&self, plugin: &str, model: &str) -> std::sync::Arc<Capabilities> {
        let mut capabilities = Capabilities::default();
        if let Some(card) = model_card(plugin, model) {
            card.apply(&mut capabilities);
        }
        std::sync::Arc::new(capabilities)
    }
}

/// Whether a target takes requests now. A breaker answers `Shut`; a router asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Availability {
    /// Takes requests.
    Ready,
    /// Refuses them.
    Shut {
        /// When it may be tried again, where that is known.
        until: Option<std::time::Instant>,
    },
}

impl Availability {
    /// That of a group of which any member may answer.
    pub fn of_any(members: impl IntoIterator<Item = Self>) -> Self {
        let mut soonest = None;
        for member in members {
            match member {
                Self::Ready => return Self::Ready,
                Self::Shut { until } => {
                    soonest = match (soonest, until) {
                        (Some(a), Some(b)) => Some(std::cmp::min::<std::time::Instant>(a, b)),
                        (a, b) => a.or(b),
                    };
                }
            }
        }
        Self::Shut { until: soonest }
    }
}

/// A constant fact sheet of one model; plugins and catalogues add rows to [`MODEL_CARDS`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ModelCard {
    /// Plugin id of the provider (`openai`).
    pub provider: &'static str,
    /// The vendor's name of the model.
    pub model: &'static str,
    /// Context window in tokens.
    pub context_window: Option<u64>,
    /// Longest answer in tokens.
    pub max_output: Option<u64>,
    /// Whether temperature, `top_p` and the like are accepted.
    pub sampling: Support,
    /// Whether it reasons.
    pub reasoning: Support,
    /// Whether it can be made to call a tool.
    pub forced_tool: Support,
    /// Who publishes it, where a host keeps the models of several apart.
    pub publisher: Option<&'static str>,
    /// Which of its host's forms of a request it takes, where a host has several and its publisher does not say it.
    pub form: Option<&'static str>,
    /// Whether it makes vectors and nothing else.
    pub embedder: bool,
}

impl ModelCard {
    /// A card that knows only the names.
    pub const fn new(provider: &'static str, model: &'static str) -> Self {
        Self {
            provider,
            model,
            context_window: None,
            max_output: None,
            sampling: Support::Unknown,
            reasoning: Support::Unknown,
            forced_tool: Support::Unknown,
            publisher: None,
            form: None,
            embedder: false,
        }
    }

    /// With who publishes it.
    pub const fn with_publisher(mut self, publisher: &'static str) -> Self {
        self.publisher = Some(publisher);
        self
    }

    /// With the form of a request that it takes.
    pub const fn with_form(mut self, form: &'static str) -> Self {
        self.form = Some(form);
        self
    }

    /// Of a model that makes vectors and nothing else.
    pub const fn for_vectors(mut self) -> Self {
        self.embedder = true;
        self
    }

    /// With the context window and the longest answer, in tokens.
    pub const fn with_limits(mut self, context_window: u64, max_output: u64) -> Self {
        self.context_window = Some(context_window);
        self.max_output = Some(max_output);
        self
    }

    /// With what it says of sampling parameters.
    pub const fn with_sampling(mut self, sampling: Support) -> Self {
        self.sampling = sampling;
        self
    }

    /// With what it says of reasoning.
    pub const fn with_reasoning(mut self, reasoning: Support) -> Self {
        self.reasoning = reasoning;
        self
    }

    /// With what it says of being made to call a tool.
    pub const fn with_forced_tool(mut self, forced_tool: Support) -> Self {
        self.forced_tool = forced_tool;
        self
    }

    /// Writes what the card knows into `capabilities`.
    pub fn apply(&self, capabilities: &mut Capabilities) {
        capabilities.context_window = self.context_window.or(capabilities.context_window);
        capabilities.max_output = self.max_output.or(capabilities.max_output);
        if self.sampling != Support::Unknown {
            capabilities.sampling = self.sampling;
        }
        if self.reasoning != Support::Unknown {
            capabilities.reasoning = self.reasoning;
        }
        if self.forced_tool != Support::Unknown {
            capabilities.forced_tool = self.forced_tool;
        }
        if let Some(publisher) = self.publisher {
            capabilities.publisher = Some(Cow::Borrowed(publisher));
        }
        if let Some(form) = self.form {
            capabilities.form = Some(Cow::Borrowed(form));
        }
        if self.embedder {
            (capabilities.chat, capabilities.embeddings) = (Support::No, Support::Yes);
        }
    }
}

/// Model cards of every crate that is linked in. Order is not defined; look up by provider and model.
#[cfg(not(target_family = "wasm"))]
#[linkme::distributed_slice]
pub static MODEL_CARDS: [ModelCard];

/// Announces model cards to the catalogue of all plugins.
#[macro_export]
macro_rules! model_cards {
    ($($card:expr),* $(,)?) => {
        $(#[cfg(not(target_family = "wasm"))]
        const _: () = {
            #[$crate::linkme::distributed_slice($crate::MODEL_CARDS)]
            #[linkme(crate = $crate::linkme)]
            static CARD: $crate::ModelCard = $card;
        };)*
    };
}

/// The card of one model, where a linked crate has one.
pub fn model_card(provider: &str, model: &str) -> Option<&'static ModelCard> {
    #[cfg(not(target_family = "wasm"))]
    return MODEL_CARDS.iter().find(|card| card.provider == provider && card.model == model);
    #[cfg(target_family = "wasm")]
    return None;
}
