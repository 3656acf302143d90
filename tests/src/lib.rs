//! What the end-to-end tests share with the runners behind `cargo xtask conformance` and `cargo xtask wall`.

pub mod corpus;
pub mod wall;
