//! Feeds `workspace_fuzz::sse` with bytes.
#![no_main]

workspace_fuzz_targets::target!(workspace_fuzz::sse::check);
