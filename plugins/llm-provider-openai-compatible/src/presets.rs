//! Servers and vendors that need no plugin of their own.
//!
//! Addresses of servers are those of their own documentation (2026-11), addresses of vendors those of recorded traffic
//! (2025 and 2026); what is said of one otherwise has its source beside it.

use llm_wire_openai::Dialect;
use llm_wire_openai::dialect::{Auth, EndMarker, Flatten, Paths};
use llm_wire_openai::vendor::Preset;

/// Every preset, by its name.
pub(crate) const PRESETS: &[Preset] = &[
    server("vllm", "http://127.0.0.1:8000/v1"),
    server("sglang", "http://127.0.0.1:30000/v1"),
    server("llamacpp", "http://127.0.0.1:8080/v1"),
    server("llamafile", "http://127.0.0.1:8080/v1"),
    server("lmstudio", "http://127.0.0.1:1234/v1"),
    server("mistralrs", "http://127.0.0.1:1234/v1"),
    server("litellm", "http://127.0.0.1:4000/v1"),
    // Its templates want one text (public reports, 2025).
    Preset {
        dialect: Dialect { flatten_text: Flatten::TextOnly, ..SERVER },
        ..server("tgi", "http://127.0.0.1:3000/v1")
    },
    vendor("avian", "https://api.avian.io/v1"),
    vendor("baseten", "https://inference.baseten.co/v1"),
    // It wants `Copilot-Integration-Id` among the headers (traffic of 2026).
    vendor("copilot", "https://api.githubcopilot.com"),
    vendor("crusoe", "https://api.inference.crusoecloud.com/v1"),
    vendor("doubleword", "https://api.doubleword.ai/v1"),
    vendor("heroku", "https://us.inference.heroku.com/v1"),
    vendor("nebius", "https://api.tokenfactory.nebius.com/v1"),
    // Its own key has a header of its own; which vendor is asked stands in `headers` (its API reference, 2026).
    Preset {
        dialect: Dialect { auth: Auth::Header("x-portkey-api-key"), ..HOSTED },
        ..vendor("portkey", "https://api.portkey.ai/v1")
    },
    // Every account has its own address: https://ACCOUNT.snowflakecomputing.com/api/v2/cortex/v1.
    Preset { dialect: Dialect { max_tokens: "max_completion_tokens", ..HOSTED }, ..vendor("snowflake", "") },
    vendor("venice", "https://api.venice.ai/api/v1"),
    // Chats have another path, and streams no `[DONE]` (traffic of 2025).
    Preset {
        dialect: Dialect {
            paths: Paths { chat: "/chat", ..SERVER.paths },
            end_marker: EndMarker::DoneOrFinish,
            ..HOSTED
        },
        ..vendor("writer", "https://api.writer.com/v1")
    },
];

/// A server of one's own. Whether it has an operation is seen when it is asked.
pub(crate) const SERVER: Dialect = Dialect { paths: Paths::ANY, ..Dialect::COMPATIBLE };

/// A vendor, who wants a key and ends its streams.
const HOSTED: Dialect = Dialect { key_required: true, end_marker: EndMarker::Done, ..SERVER };

const fn server(name: &'static str, base_url: &'static str) -> Preset {
    Preset { name, base_url, dialect: SERVER }
}

const fn vendor(name: &'static str, base_url: &'static str) -> Preset {
    Preset { name, base_url, dialect: HOSTED }
}
