#![doc = include_str!("../README.md")]

use llm_core::Setting;
use llm_wire_openai::dialect::Paths;
use llm_wire_openai::vendor::{Own, Place};
use llm_wire_openai::{Dialect, Vendor};

llm_wire_openai::plugin! { VENDOR }

const VENDOR: Vendor = Vendor {
    id: "openai-compatible",
    name: "OpenAI-compatible server",
    aliases: &["vllm", "llamacpp", "lmstudio"],
    base_url_env: &["OPENAI_COMPATIBLE_BASE_URL"],
    key_env: &["OPENAI_COMPATIBLE_API_KEY"],
    own: &[
        Own {
            setting: Setting::optional(
                "headers",
                "More headers for every call, by their names; the values count as secret",
            ),
            place: Place::Headers,
        },
        Own::CHAT_API,
    ],
    // Whether a server has an operation is seen when it is asked.
    dialect: Dialect { paths: Paths::ANY, ..Dialect::COMPATIBLE },
    ..Vendor::UNNAMED
};
