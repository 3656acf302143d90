//! How keys may be found.

use std::time::Duration;

use llm_core::duration_text;
use serde::Deserialize;

/// How keys may be found.
///
/// ```toml
/// [credentials]
/// commands = true                  # keys may be printed by programs: api_key = "cmd:op read op://vault/anthropic/key"
/// command_timeout = "10s"
/// command_lifetime = "1h"          # a printed key is asked for again after this; always when the vendor refused it
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct CredentialsConfig {
    /// Whether a key may be `cmd:PROGRAM ARGUMENTS`: the program is run, without a shell, and prints the key. Default no.
    pub commands: Option<bool>,
    /// How long such a program may take. Default 10 s.
    #[serde(with = "duration_text::option")]
    pub command_timeout: Option<Duration>,
    /// How long a printed key is used before the program is run again. Default: until the vendor refuses it.
    #[serde(with = "duration_text::option")]
    pub command_lifetime: Option<Duration>,
}

impl CredentialsConfig {
    /// These, with `other` where they say nothing.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            commands: self.commands.or(other.commands),
            command_timeout: self.command_timeout.or(other.command_timeout),
            command_lifetime: self.command_lifetime.or(other.command_lifetime),
        }
    }
}
