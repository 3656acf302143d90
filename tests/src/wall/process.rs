//! `loquat serve` as a process of its own, on a free port of this machine.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

/// How long the gateway may take to listen.
const START: Duration = Duration::from_secs(20);

/// A running gateway. It is killed when this is dropped.
#[derive(Debug)]
pub struct Served {
    child: Child,
    base_url: String,
}

impl Served {
    /// Starts `loquat serve` with a configuration file; its log goes to `log`.
    pub fn start(loquat: &Path, config: &Path, log: &Path) -> Result<Self> {
        let mut command = Command::new(loquat);
        // Nothing of the caller's surroundings: no keys, no other configuration.
        command.env_clear().env("LOQUAT_LOG", "info").arg("serve").arg("--config").arg(config);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("starting {}", loquat.display()))?;
        let stderr = child.stderr.take().context("reading what the gateway says")?;
        let mut log = std::fs::File::create(log).with_context(|| format!("writing {}", log.display()))?;
        let (found, url) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(std::io::Result::ok) {
                if let Some(url) = line.trim().strip_prefix("OpenAI API") {
                    // Nobody waits for a second one.
                    let _ = found.send(url.trim().to_owned());
                }
                // A full disk must not stop the gateway.
                let _ = std::io::Write::write_all(&mut log, format!("{line}\n").as_bytes());
            }
        });
        let mut served = Self { child, base_url: String::new() };
        match url.recv_timeout(START) {
            Ok(url) => served.base_url = url,
            Err(_) => bail!("the gateway does not say where it listens (exit: {:?})", served.child.try_wait()?),
        }
        Ok(served)
    }

    /// Where it listens, with the version in it.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The time that it has computed so far; `None` where the system does not tell.
    pub fn cpu(&self) -> Option<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).ok()?;
        // The name in parentheses may hold blanks. User and system time are fields 14 and 15, in ticks of 10 ms.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
        Some(Duration::from_millis(ticks * 10))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It is gone already, or goes now.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
