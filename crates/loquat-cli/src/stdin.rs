//! Standard input, read aside: a pipe that never ends must neither hold the program nor keep Ctrl-C from it.

use std::io::{self, IsTerminal as _, Read};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::failure::Failure;
use crate::terminal::note;

/// How long a pipe may say nothing before it counts as one that a parent process left open.
const PATIENCE: Duration = Duration::from_secs(10);

/// The words of the arguments, and below them what is piped in; `-` among them waits for it.
pub(crate) async fn question(arguments: &[String]) -> Result<String, Failure> {
    let piped = if arguments.iter().any(|word| word == "-") { whole().await? } else { piped().await? };
    let piped = String::from_utf8(piped)
        .map_err(|_| Failure::Usage("standard input is no text in UTF-8: pipe text in".to_owned()))?;
    joined(arguments, &piped)
        .ok_or_else(|| Failure::Usage("the question is empty: give it as an argument or pipe it in".to_owned()))
}

/// The words of the arguments, and below them what was piped in; nothing when there is nothing to ask.
fn joined(arguments: &[String], piped: &str) -> Option<String> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).filter(|word| *word != "-").collect();
    let words = words.join(" ");
    match (words.trim().is_empty(), piped.trim().is_empty()) {
        (true, true) => None,
        (true, false) => Some(piped.to_owned()),
        (false, true) => Some(words),
        (false, false) => Some(format!("{words}\n\n{piped}")),
    }
}

/// Everything up to its end, however long that takes.
pub(crate) async fn whole() -> Result<Vec<u8>, Failure> {
    let (_, rest) = read(io::stdin());
    finish(rest).await
}

/// What was piped in beside a question; nothing from a terminal, and nothing from a pipe that stays silent.
pub(crate) async fn piped() -> Result<Vec<u8>, Failure> {
    if io::stdin().is_terminal() { Ok(Vec::new()) } else { beside(io::stdin()).await }
}

async fn beside(input: impl Read + Send + 'static) -> Result<Vec<u8>, Failure> {
    let (first, rest) = read(input);
    if tokio::time::timeout(PATIENCE, first).await.is_err() {
        note(format_args!(
            "note: standard input is open but silent, asking without it; `-` as an argument waits for it, </dev/null skips it"
        ));
        return Ok(Vec::new());
    }
    finish(rest).await
}

type Whole = oneshot::Receiver<io::Result<Vec<u8>>>;

/// Starts reading on a thread of its own, which nobody has to wait for. Tells of the first bytes (or the end), then of all.
fn read(mut input: impl Read + Send + 'static) -> (oneshot::Receiver<()>, Whole) {
    let ((began, first), (done, rest)) = (oneshot::channel(), oneshot::channel());
    std::thread::spawn(move || {
        let mut bytes = vec![0; 64 << 10];
        let all = input.read(&mut bytes).and_then(|count| {
            let _ = began.send(());
            bytes.truncate(count);
            if count > 0 {
                input.read_to_end(&mut bytes)?;
            }
            Ok(bytes)
        });
        // Where nobody waits any more, nobody is interested.
        let _ = done.send(all);
    });
    (first, rest)
}

async fn finish(rest: Whole) -> Result<Vec<u8>, Failure> {
    match rest.await {
        Ok(Ok(bytes)) => Ok(bytes),
        // A parent made it non-blocking, and there is nothing in it.
        Ok(Err(error)) if error.kind() == io::ErrorKind::WouldBlock => Ok(Vec::new()),
        Ok(Err(error)) => Err(Failure::io("reading standard input", &error)),
        Err(_) => Err(Failure::Io("reading standard input: the reader ended early".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use tokio::time::Instant;

    use super::*;

    /// A pipe: blocks until something is sent, ends when the sender is gone.
    struct Pipe(mpsc::Receiver<&'static [u8]>);

    impl Read for Pipe {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let Ok(bytes) = self.0.recv() else { return Ok(0) };
            buffer[..bytes.len()].copy_from_slice(bytes);
            Ok(bytes.len())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_pipe_that_stays_silent_is_not_waited_for() {
        let (_open, pipe) = mpsc::channel();
        let start = Instant::now();
        assert!(beside(Pipe(pipe)).await.is_ok_and(|bytes| bytes.is_empty()));
        assert_eq!(start.elapsed(), PATIENCE);
    }

    #[tokio::test]
    async fn a_pipe_that_speaks_is_read_to_its_end() {
        let (sender, pipe) = mpsc::channel();
        sender.send(&b"one "[..]).unwrap();
        sender.send(b"two").unwrap();
        drop(sender);
        assert!(beside(Pipe(pipe)).await.is_ok_and(|bytes| bytes == b"one two"));
    }

    #[test]
    fn a_question_is_made_of_arguments_and_input() {
        let ask = |arguments: &str, piped: &str| {
            let arguments: Vec<String> = arguments.split('|').map(str::to_owned).collect();
            joined(&arguments, piped)
        };
        assert_eq!(ask("sum|it|up", "").as_deref(), Some("sum it up"));
        assert_eq!(ask("sum up", "text\n").as_deref(), Some("sum up\n\ntext\n"));
        assert_eq!(ask("-", "text").as_deref(), Some("text"));
        assert_eq!(ask("sum|-", "text").as_deref(), Some("sum\n\ntext"));
        assert_eq!(ask(" ", "\n"), None);
    }
}
