//! Feeds `workspace_fuzz::hints` with bytes.
#![no_main]

workspace_fuzz_targets::target!(workspace_fuzz::hints::check);
