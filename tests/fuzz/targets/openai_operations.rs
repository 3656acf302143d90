//! Feeds `workspace_fuzz::openai_operations` with bytes.
#![no_main]

workspace_fuzz_targets::target!(workspace_fuzz::openai_operations::check);
