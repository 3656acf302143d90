//! A key that a program prints: run when it is first needed, when it is old, and when the vendor refused the key.

use std::io::Read as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use llm_core::{Error, Secret, async_trait};
use llm_resilience::KeySource;

use super::words::words;
use super::{checked, missing, wrong};
use crate::config::CredentialsConfig;

/// How long a program may take where nobody says.
const TIMEOUT: Duration = Duration::from_secs(10);
/// No key is longer.
const MAX_BYTES: u64 = 64 * 1024;
/// How often an end that is due is looked for.
const STEP: Duration = Duration::from_millis(5);

/// A key that a program prints.
pub(super) struct CommandKey {
    name: String,
    lifetime: Option<Duration>,
    program: Arc<Program>,
}

struct Program {
    /// The setting, for messages.
    place: String,
    path: String,
    arguments: Vec<String>,
    timeout: Duration,
}

impl CommandKey {
    /// The program of a line. Nothing is run yet.
    pub(super) fn new(place: &str, line: &str, config: &CredentialsConfig) -> Result<Self, Error> {
        if config.commands != Some(true) {
            let what = "it is to be printed by a program, which is not allowed: set credentials.commands = true";
            return Err(wrong(place, what));
        }
        let words = words(line).ok_or_else(|| wrong(place, "a quote in the program's words is not closed"))?;
        let mut words = words.into_iter();
        let program = words.next().filter(|program| !program.is_empty());
        let program = program.ok_or_else(|| wrong(place, "no program is named: write cmd:PROGRAM ARGUMENTS"))?;
        // Arguments may hold what is nobody's business.
        let name = format!("cmd:{program}");
        let timeout = config.command_timeout.unwrap_or(TIMEOUT);
        let program = Program { place: place.to_owned(), path: program, arguments: words.collect(), timeout };
        Ok(Self { name, lifetime: config.command_lifetime, program: Arc::new(program) })
    }
}

impl Program {
    fn wrong(&self, what: &str) -> Error {
        wrong(&self.place, &format!("the program {}: {what}", self.path))
    }

    /// Runs it and returns what it printed. Blocks.
    fn run(&self) -> Result<Secret, Error> {
        let mut command = Command::new(&self.path);
        command.args(&self.arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child =
            command.spawn().map_err(|error| self.wrong(&format!("{error}: name one that this program may run")))?;
        let printed = self.printed(&mut child);
        if printed.is_err() {
            // It may have ended by itself meanwhile.
            let _ = child.kill();
            let _ = child.wait();
        }
        checked(&printed?, |what| self.wrong(&format!("what it prints is no key: {what}")))
    }

    /// What it printed by its end, which must come in time.
    fn printed(&self, child: &mut Child) -> Result<String, Error> {
        let Some(output) = child.stdout.take() else { return Err(self.wrong("it has no output")) };
        let (tell, told) = channel();
        // The thread ends with the output, which ends with the program.
        std::thread::spawn(move || {
            let mut text = String::new();
            let read = output.take(MAX_BYTES).read_to_string(&mut text);
            let _ = tell.send(read.map(|_| text));
        });
        let late = || self.wrong(&format!("it took longer than {:?}: see credentials.command_timeout", self.timeout));
        let text = match told.recv_timeout(self.timeout) {
            Ok(read) => read.map_err(|error| self.wrong(&format!("reading what it prints: {error}")))?,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return Err(late()),
        };
        let status = self.ended(child)?.ok_or_else(late)?;
        if !status.success() {
            return Err(self.wrong(&format!("it failed ({status}): run it by hand to see why")));
        }
        Ok(text)
    }

    /// How it ended; `None` where it goes on although it has nothing to say any more.
    fn ended(&self, child: &mut Child) -> Result<Option<ExitStatus>, Error> {
        let mut left = self.timeout;
        loop {
            match child.try_wait() {
                Ok(Some(status)) => return Ok(Some(status)),
                Ok(None) if left.is_zero() => return Ok(None),
                Ok(None) => std::thread::park_timeout(STEP.min(left)),
                Err(error) => return Err(self.wrong(&format!("waiting for its end: {error}"))),
            }
            left = left.saturating_sub(STEP);
        }
    }
}

#[async_trait]
impl KeySource for CommandKey {
    fn name(&self) -> &str {
        &self.name
    }

    fn look_every(&self) -> Option<Duration> {
        self.lifetime
    }

    fn may_change(&self) -> bool {
        true
    }

    async fn read(&self, _refused: bool) -> Result<Secret, Error> {
        let program = self.program.clone();
        let run = tokio::task::spawn_blocking(move || program.run()).await;
        run.unwrap_or_else(|_| Err(self.program.wrong("its run was given up"))).map_err(missing)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Secret, Error> {
        let config = CredentialsConfig {
            commands: Some(true),
            command_timeout: Some(Duration::from_millis(500)),
            command_lifetime: None,
        };
        CommandKey::new("api_key of the provider \"acme\"", line, &config)?.program.run()
    }

    #[test]
    fn what_a_program_prints_is_the_key() {
        assert_eq!(read("printf ' sk-printed\\n'").unwrap().expose(), "sk-printed");
        assert_eq!(read("sh -c 'echo sk-$((1+1)); echo noise >&2'").unwrap().expose(), "sk-2");
        assert_eq!(read("echo $HOME").unwrap().expose(), "$HOME", "no shell has a look at it");
    }

    #[test]
    fn what_is_wrong_with_a_program_is_said_and_what_it_prints_is_not() {
        let cases = [
            ("", "no program is named"),
            ("sh -c 'open", "a quote"),
            ("/no/such/program --with args", "/no/such/program: No such file"),
            ("sh -c 'echo sk-secret; exit 3'", "it failed (exit status: 3)"),
            ("true", "it is empty"),
            ("echo sk-secret and more", "holds more than a key"),
            ("sh -c 'exec sleep 30'", "longer than 500ms"),
            ("sh -c 'exec >&-; exec sleep 30'", "longer than 500ms"),
        ];
        for (line, expected) in cases {
            let message = read(line).unwrap_err().message().to_owned();
            assert!(message.starts_with("reading api_key of the provider \"acme\": "), "{message}");
            assert!(message.contains(expected) && !message.contains("sk-secret"), "{line}: {message}");
        }
    }

    #[test]
    fn programs_are_run_only_where_that_is_allowed() {
        for commands in [None, Some(false)] {
            let config = CredentialsConfig { commands, ..CredentialsConfig::default() };
            let refused = CommandKey::new("api_key of the provider \"acme\"", "true", &config).map(|_| ()).unwrap_err();
            assert!(refused.message().contains("credentials.commands = true"), "{refused}");
        }
    }
}
