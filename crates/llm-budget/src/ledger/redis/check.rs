//! Whether a server is set up to keep money: looked at once, when a process starts.

use std::fmt;

use redis::RedisError;
use redis::aio::MultiplexedConnection;

use super::RedisLedger;
use crate::ledger::LedgerError;

/// Something about the server's settings that its operator should know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// Money will be forgotten or nothing will work: to be put right before the ledger is used.
    Error(String),
    /// Less safe than it could be.
    Warning(String),
}

impl Finding {
    /// Whether the ledger should not be used like this.
    pub fn is_error(&self) -> bool {
        matches!(self, Self::Error(_))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(what) | Self::Warning(what) => f.write_str(what),
        }
    }
}

impl RedisLedger {
    /// What about the server's settings is not as a ledger needs it. Asks with `INFO`, or `CONFIG GET` where only that is
    /// allowed; where neither is, it says so in a warning.
    pub async fn check(&self) -> Result<Vec<Finding>, LedgerError> {
        let info: Option<String> = self.link.run(|connection| asked(connection, redis::cmd("INFO"))).await?;
        if let Some(info) = info {
            return Ok(findings(|_, field| said(&info, field)));
        }
        let mut answers = Vec::new();
        for setting in ["maxmemory-policy", "appendonly"] {
            let mut command = redis::cmd("CONFIG");
            command.arg("GET").arg(setting);
            let answer: Option<Vec<String>> = self.link.run(|connection| asked(connection, command)).await?;
            answers.push((setting, answer.and_then(|pair| pair.into_iter().nth(1))));
        }
        let one =
            |setting: &str| answers.iter().find(|(name, _)| *name == setting).and_then(|(_, said)| said.as_deref());
        Ok(findings(|setting, _| one(setting)))
    }
}

/// A command's answer; `None` when the server does not allow it or does not know it.
async fn asked<T: redis::FromRedisValue>(
    mut connection: MultiplexedConnection,
    command: redis::Cmd,
) -> Result<Option<T>, RedisError> {
    match command.query_async(&mut connection).await {
        Ok(answer) => Ok(Some(answer)),
        // Only what the server itself says has a code.
        Err(error) if error.code().is_some() => Ok(None),
        Err(error) => Err(error),
    }
}

/// What `INFO` says of a field.
fn said<'a>(info: &'a str, field: &str) -> Option<&'a str> {
    info.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).map(str::trim)
}

/// `ask` knows settings, by their names in the configuration and in `INFO`.
fn findings<'a>(ask: impl Fn(&str, &str) -> Option<&'a str>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let policy = ask("maxmemory-policy", "maxmemory_policy");
    if let Some(policy) = policy.filter(|policy| *policy != "noeviction") {
        findings.push(Finding::Error(format!(
            "the budget ledger's Redis has maxmemory-policy {policy}, so it forgets what was spent when its memory is full: \
             set noeviction"
        )));
    }
    let appends = ask("appendonly", "aof_enabled");
    if appends.is_some_and(|on| on == "no" || on == "0") {
        let what = "the budget ledger's Redis has appendonly no: after it was restarted it knows only what its users saw \
                    last, set appendonly yes";
        findings.push(Finding::Warning(what.to_owned()));
    }
    if ask("", "cluster_enabled") == Some("1") {
        let what = "the budget ledger's Redis is a node of a cluster, which this ledger does not follow: give it the \
                    address of a proxy, or of the node that has its keys for as long as it has them";
        findings.push(Finding::Warning(what.to_owned()));
    }
    if policy.is_none() || appends.is_none() {
        let what = "the settings of the budget ledger's Redis cannot be read: see that maxmemory-policy is noeviction and \
                    appendonly is yes";
        findings.push(Finding::Warning(what.to_owned()));
    }
    findings
}
