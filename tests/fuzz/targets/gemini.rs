//! Feeds `workspace_fuzz::gemini` with bytes.
#![no_main]

workspace_fuzz_targets::target!(workspace_fuzz::gemini::check);
