//! Streams that break, under every policy of a route.

mod cuts;
mod dialects;
mod duplicates;
mod floods;
mod policies;
mod prefill;
mod resumes;
mod support;
