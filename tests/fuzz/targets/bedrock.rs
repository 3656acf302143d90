//! Feeds `workspace_fuzz::bedrock` with bytes.
#![no_main]

workspace_fuzz_targets::target!(workspace_fuzz::bedrock::check);
