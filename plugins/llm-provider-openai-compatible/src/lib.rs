#![doc = include_str!("../README.md")]

mod presets;

use llm_core::Setting;
use llm_wire_openai::Vendor;
use llm_wire_openai::vendor::{Own, Place};

llm_wire_openai::plugin! { VENDOR }

const VENDOR: Vendor = Vendor {
    id: "openai-compatible",
    name: "OpenAI-compatible server",
    base_url_env: &["OPENAI_COMPATIBLE_BASE_URL"],
    key_env: &["OPENAI_COMPATIBLE_API_KEY"],
    own: &[
        Own::CHAT_API,
        Own {
            setting: Setting::optional("preset", "Kind of server, or a vendor whose address is known: vllm, venice, …"),
            place: Place::Preset(presets::PRESETS),
        },
    ],
    ways: &[&["base_url"], &["preset"]],
    dialect: presets::SERVER,
    ..Vendor::UNNAMED
};
