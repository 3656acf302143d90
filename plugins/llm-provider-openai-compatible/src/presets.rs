//! Servers and vendors that need no plugin of their own.
//!
//! Addresses of servers are those of their own documentation (2026-11), addresses of vendors those of recorded traffic
//! (2025 and 2026) and of LiteLLM's and other clients' lists (2026); what is said of one otherwise has its source beside
//! it.

use llm_wire_openai::Dialect;
use llm_wire_openai::dialect::{Auth, EndMarker, Flatten, Paths, ReasoningReplay};
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
    // localai.io/docs/basics/try (2026).
    server("localai", "http://127.0.0.1:8080/v1"),
    // The README of LostRuins/koboldcpp (2026).
    server("koboldcpp", "http://127.0.0.1:5001/v1"),
    // docker/docs, content/manuals/ai/model-runner/api-reference.md (2026).
    server("docker-model-runner", "http://127.0.0.1:12434/engines/v1"),
    // Reasoning has this name in answers (traffic of 2026-08). The plugin of its name speaks its own protocol.
    Preset {
        dialect: Dialect { reasoning_replay: ReasoningReplay::Named("reasoning"), ..KNOWN },
        ..server("ollama", "http://127.0.0.1:11434/v1")
    },
    // Its templates want one text (public reports, 2025), and older ones send no `[DONE]`.
    Preset {
        dialect: Dialect { flatten_text: Flatten::TextOnly, ..SERVER },
        ..server("tgi", "http://127.0.0.1:3000/v1")
    },
    vendor("aihubmix", "https://aihubmix.com/v1"),
    vendor("assemblyai", "https://llm-gateway.assemblyai.com/v1"),
    vendor("avian", "https://api.avian.io/v1"),
    vendor("baseten", "https://inference.baseten.co/v1"),
    vendor("chutes", "https://llm.chutes.ai/v1"),
    // It wants `Copilot-Integration-Id` among the headers (traffic of 2026).
    vendor("copilot", "https://api.githubcopilot.com"),
    vendor("crusoe", "https://api.inference.crusoecloud.com/v1"),
    vendor("digitalocean", "https://inference.do-ai.run/v1"),
    vendor("doubleword", "https://api.doubleword.ai/v1"),
    vendor("featherless", "https://api.featherless.ai/v1"),
    vendor("friendli", "https://api.friendli.ai/serverless/v1"),
    vendor("gmi", "https://api.gmi-serving.com/v1"),
    vendor("heroku", "https://us.inference.heroku.com/v1"),
    vendor("modelscope", "https://api-inference.modelscope.cn/v1"),
    vendor("nano-gpt", "https://nano-gpt.com/api/v1"),
    vendor("nebius", "https://api.tokenfactory.nebius.com/v1"),
    vendor("nscale", "https://inference.api.nscale.com/v1"),
    vendor("ovhcloud", "https://oai.endpoints.kepler.ai.cloud.ovh.net/v1"),
    vendor("poe", "https://api.poe.com/v1"),
    // Its own key has a header of its own; which vendor is asked stands in `headers` (its API reference, 2026).
    Preset {
        dialect: Dialect { auth: Auth::Header("x-portkey-api-key"), ..HOSTED },
        ..vendor("portkey", "https://api.portkey.ai/v1")
    },
    // Its models want one text (LiteLLM's list, 2026).
    Preset {
        dialect: Dialect { flatten_text: Flatten::TextOnly, ..HOSTED },
        ..vendor("publicai", "https://api.publicai.co/v1")
    },
    vendor("scaleway", "https://api.scaleway.ai/v1"),
    // In China: https://api.siliconflow.cn/v1.
    vendor("siliconflow", "https://api.siliconflow.com/v1"),
    // Every account has its own address: https://ACCOUNT.snowflakecomputing.com/api/v2/cortex/v1.
    Preset { dialect: Dialect { max_tokens: "max_completion_tokens", ..HOSTED }, ..vendor("snowflake", "") },
    vendor("synthetic", "https://api.synthetic.new/openai/v1"),
    vendor("venice", "https://api.venice.ai/api/v1"),
    vendor("wandb", "https://api.inference.wandb.ai/v1"),
    // Chats have another path, and streams no `[DONE]` (traffic of 2025).
    Preset {
        dialect: Dialect {
            paths: Paths { chat: "/chat", ..SERVER.paths },
            end_marker: EndMarker::DoneOrFinish,
            ..HOSTED
        },
        ..vendor("writer", "https://api.writer.com/v1")
    },
    vendor("xiaomi-mimo", "https://api.xiaomimimo.com/v1"),
];

/// A server of one's own. Whether it has an operation is seen when it is asked.
pub(crate) const SERVER: Dialect = Dialect { paths: Paths::ANY, ..Dialect::COMPATIBLE };

/// A server that is known to say when a stream is whole.
const KNOWN: Dialect = Dialect { end_marker: EndMarker::Done, ..SERVER };

/// A vendor, who wants a key and ends its streams.
const HOSTED: Dialect = Dialect { key_required: true, end_marker: EndMarker::Done, ..SERVER };

const fn server(name: &'static str, base_url: &'static str) -> Preset {
    Preset { name, base_url, dialect: KNOWN }
}

const fn vendor(name: &'static str, base_url: &'static str) -> Preset {
    Preset { name, base_url, dialect: HOSTED }
}
