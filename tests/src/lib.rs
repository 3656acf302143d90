//! What the end-to-end tests and the conformance runner share.

pub mod corpus;
