//! Feeds `workspace_fuzz::errors` with bytes.
#![no_main]

workspace_fuzz_targets::target!(workspace_fuzz::errors::check);
