//! Feeds `workspace_fuzz::aws_event_stream` with bytes.
#![no_main]

workspace_fuzz_targets::target!(workspace_fuzz::aws_event_stream::check);
