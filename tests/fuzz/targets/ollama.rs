//! Feeds `workspace_fuzz::ollama` with bytes.
#![no_main]

workspace_fuzz_targets::target!(workspace_fuzz::ollama::check);
