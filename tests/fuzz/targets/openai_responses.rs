//! Feeds `workspace_fuzz::openai_responses` with bytes.
#![no_main]

workspace_fuzz_targets::target!(workspace_fuzz::openai_responses::check);
