//! Feeds `workspace_fuzz::json_frames` with bytes.
#![no_main]

workspace_fuzz_targets::target!(workspace_fuzz::json_frames::check);
