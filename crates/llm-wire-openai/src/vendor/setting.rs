//! Settings that only some vendors have, and where their values go.

use llm_core::Setting;

use super::preset::Preset;

/// A setting of the vendor's own.
#[derive(Clone, Copy, Debug)]
pub struct Own {
    /// Its key, its description, its environment variables.
    pub setting: Setting,
    /// Where its value goes.
    pub place: Place,
}

/// Where the value of a setting goes.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// Into the address, in the place of `{key}`.
    Address,
    /// Into a header of this name, with every call.
    Header(&'static str),
    /// It says in which of the two chat protocols the server is asked: `auto`, `chat` or `responses`.
    ChatApi,
    /// It names a server whose address and dialect are known.
    Preset(&'static [Preset]),
}

impl Own {
    /// The chat protocol, for vendors that have both and for servers that may.
    pub const CHAT_API: Self = Self {
        setting: Setting::optional(
            "api",
            "Chat protocol: chat, responses, or auto for chat unless only the Responses API can take a request",
        )
        .with_aliases(&["chat_api"]),
        place: Place::ChatApi,
    };

    /// A setting that stands in the address: without it there is none.
    pub const fn address(setting: Setting) -> Self {
        Self { setting: setting.required(), place: Place::Address }
    }

    /// A setting that is sent as a header.
    pub const fn header(setting: Setting, name: &'static str) -> Self {
        Self { setting, place: Place::Header(name) }
    }
}
