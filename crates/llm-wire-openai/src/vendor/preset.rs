//! Servers and vendors that need no plugin of their own: an address and a dialect under a name.

use crate::dialect::Dialect;

/// What is known of one kind of server.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// Its name in the configuration.
    pub name: &'static str,
    /// Its usual address; empty where every installation has another.
    pub base_url: &'static str,
    /// What it does differently.
    pub dialect: Dialect,
}
