//! Feeds `workspace_fuzz::anthropic` with bytes.
#![no_main]

workspace_fuzz_targets::target!(workspace_fuzz::anthropic::check);
