//! Feeds `workspace_fuzz::cohere` with bytes.
#![no_main]

workspace_fuzz_targets::target!(workspace_fuzz::cohere::check);
