//! Feeds `workspace_fuzz::openai_chat` with bytes.
#![no_main]

workspace_fuzz_targets::target!(workspace_fuzz::openai_chat::check);
