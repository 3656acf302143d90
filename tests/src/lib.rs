//! What the end-to-end tests share with the runners behind `cargo xtask conformance`, `reference` and `wall`.

pub mod corpus;
pub mod reference;
pub mod wall;
