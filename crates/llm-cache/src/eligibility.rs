//! Which requests the cache is asked for, and which answers are kept: pure decisions.

use std::time::Duration;

use llm_core::{CacheControl, ChatRequest, ChatResponse, FinishReason, PartKind, Request, Tool, Warning};

/// An hour.
pub const HOUR: Duration = Duration::from_secs(3600);
/// A day.
pub const DAY: Duration = Duration::from_secs(24 * 3600);

/// What is looked up and what is kept.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CachePolicy {
    /// How long an answer is good unless its caller says otherwise. Default an hour.
    pub ttl: Duration,
    /// The longest time a caller may ask for. Default a day.
    pub max_ttl: Duration,
    /// Requests with a higher temperature, or without one, are not cached unless their caller says so. Default 0.3.
    /// A vendor's own default is about 1, and where a model takes no temperature, its answers differ.
    pub max_temperature: f64,
    /// Whether requests without a temperature count as answered alike. Default no.
    pub without_temperature: bool,
    /// Whether answers that call tools are kept, and requests with tools that the vendor runs. Default no.
    pub tool_calls: bool,
    /// Longest answer that is kept, in bytes of JSON. Default 1 MiB.
    pub max_bytes: usize,
}

impl Default for CachePolicy {
    fn default() -> Self {
        Self {
            ttl: HOUR,
            max_ttl: DAY,
            max_temperature: 0.3,
            without_temperature: false,
            tool_calls: false,
            max_bytes: 1 << 20,
        }
    }
}

impl CachePolicy {
    /// With how long answers are good; the longest time a caller may ask for is at least that.
    pub fn with_ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self.max_ttl = self.max_ttl.max(ttl);
        self
    }

    /// With the longest time a caller may ask for.
    pub fn with_max_ttl(mut self, max_ttl: Duration) -> Self {
        self.max_ttl = max_ttl;
        self
    }

    /// With the highest temperature whose answers are kept.
    pub fn with_max_temperature(mut self, max_temperature: f64) -> Self {
        self.max_temperature = max_temperature;
        self
    }

    /// With requests that name no temperature.
    pub fn with_unset_temperature(mut self) -> Self {
        self.without_temperature = true;
        self
    }

    /// With answers that call tools.
    pub fn with_tool_calls(mut self) -> Self {
        self.tool_calls = true;
        self
    }

    /// With the longest answer that is kept, in bytes of JSON.
    pub fn with_max_bytes(mut self, max_bytes: usize) -> Self {
        self.max_bytes = max_bytes;
        self
    }
}

macro_rules! reasons {
    ($(#[$meta:meta])* $name:ident { $($(#[$each:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name { $($(#[$each])* $variant),* }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The reason in one stable word.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }
    };
}

reasons! {
    /// Why the cache was not asked.
    Bypass {
        /// The caller said so.
        Off = "off",
        /// Nobody's request: neither a tenant nor a scope for all.
        NoTenant = "no_tenant",
        /// Answers differ from call to call: the temperature is too high, or not said.
        Temperature = "temperature",
        /// Several answers were asked for.
        Candidates = "candidates",
        /// The vendor runs tools, whose results change.
        VendorTools = "vendor_tools",
        /// No key can be made of it.
        NoKey = "no_key",
        /// The store is gone or too slow.
        Store = "store",
    }
}

reasons! {
    /// Why an answer was not kept.
    NotStored {
        /// It ended otherwise than by its own end: too long, filtered, refused.
        Finish = "finish",
        /// It calls tools, or is cut off inside a call.
        ToolCalls = "tool_calls",
        /// There are several.
        Candidates = "candidates",
        /// It is made of two, because a stream broke.
        Resumed = "resumed",
        /// It is too long to be kept.
        Size = "size",
        /// Its stream did not end as streams do, or was not read to its end.
        Incomplete = "incomplete",
        /// The store did not take it.
        Store = "store",
    }
}

/// What may be done for one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Look for the answer.
    pub look_up: bool,
    /// Keep the answer.
    pub store: bool,
    /// For how long.
    pub ttl: Duration,
}

/// What may be done for a request, by the policy and by what its caller asks.
pub fn terms(policy: &CachePolicy, control: Option<&CacheControl>, request: &Request) -> Result<Terms, Bypass> {
    let usual = CacheControl::default();
    let control = control.unwrap_or(&usual);
    if control.use_cache == Some(false) || (control.no_cache && control.no_store) {
        return Err(Bypass::Off);
    }
    match request {
        Request::Chat(chat) | Request::ChatStream(chat) => of_chat(policy, control, chat)?,
        Request::Embed(_) => {}
        _ => return Err(Bypass::NoKey),
    }
    let ttl = control.ttl.map_or(policy.ttl, |ttl| ttl.min(policy.max_ttl));
    Ok(Terms { look_up: !control.no_cache, store: !control.no_store && !ttl.is_zero(), ttl })
}

fn of_chat(policy: &CachePolicy, control: &CacheControl, chat: &ChatRequest) -> Result<(), Bypass> {
    let alike = match chat.sampling.temperature {
        Some(temperature) => temperature <= policy.max_temperature,
        None => policy.without_temperature,
    };
    if !alike && control.use_cache != Some(true) {
        return Err(Bypass::Temperature);
    }
    if chat.sampling.candidates.is_some_and(|candidates| candidates != 1) {
        return Err(Bypass::Candidates);
    }
    if !policy.tool_calls && chat.tools.iter().any(|tool| !matches!(**tool, Tool::Function(_))) {
        return Err(Bypass::VendorTools);
    }
    Ok(())
}

/// Whether an answer of `bytes` may be kept.
pub fn storable(policy: &CachePolicy, response: &ChatResponse, bytes: usize) -> Result<(), NotStored> {
    match response.finish.reason {
        FinishReason::Stop => {}
        FinishReason::ToolCalls if policy.tool_calls => {}
        FinishReason::ToolCalls => return Err(NotStored::ToolCalls),
        _ => return Err(NotStored::Finish),
    }
    if !response.more.is_empty() {
        return Err(NotStored::Candidates);
    }
    let calls = |part: &llm_core::Part| match &part.kind {
        PartKind::ToolCall(call) => call.truncated || !policy.tool_calls,
        _ => false,
    };
    if response.message.content.iter().any(calls) {
        return Err(NotStored::ToolCalls);
    }
    if response.warnings.iter().any(|warning| matches!(warning, Warning::Resumed { .. })) {
        return Err(NotStored::Resumed);
    }
    if bytes > policy.max_bytes { Err(NotStored::Size) } else { Ok(()) }
}
