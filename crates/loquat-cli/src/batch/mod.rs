//! `loquat batch`: a file of requests in, a file of answers out, and what is done is not done again.

mod input;
mod output;
mod progress;

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use clap::Args;
use llm_core::{CancellationToken, ChatRequest};
use loquat::{BatchItem, BatchStream, Client, Environment, Stop};

use self::input::{Entries, Mark};
use self::output::{Done, Output};
use self::progress::Line;
use crate::client;
use crate::failure::Failure;
use crate::terminal::note;

/// Answer a file of requests, one JSON object a line, so many at a time.
///
/// A line is `{"custom_id", "method", "url", "body"}` as OpenAI's batches have it, or a chat body alone. Each answer is appended to
/// the output as it comes. Run it again after it was stopped: what is in the output is not asked again.
#[derive(Args)]
pub(crate) struct Batch {
    /// The requests
    input: PathBuf,
    /// The answers; those that are in it already are kept
    output: PathBuf,
    /// Requests at a time
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=1000))]
    concurrency: u16,
    #[arg(short, long, help = "The model, instead of those in the requests: a route, provider/model, or a provider")]
    model: Option<String>,
    #[arg(short, long, help = "Configuration file [env: LOQUAT_CONFIG]")]
    config: Option<PathBuf>,
    /// Ask those again that failed before
    #[arg(long)]
    retry_failed: bool,
    /// Begin nothing more when more than so many have failed
    #[arg(long, value_name = "N")]
    max_failures: Option<u64>,
}

/// Most warnings that are told apart.
const MOST_WARNINGS: usize = 20;

/// What the input gives away while it is read, and the answers need.
struct Shared {
    output: Output,
    /// Names of the requests under way, by their number in the batch.
    names: HashMap<usize, (String, Mark)>,
    begun: usize,
    /// Lines that are no request, of which the output has the error.
    broken: u64,
    /// What answers did not follow of their requests, and how many.
    warnings: BTreeMap<String, u64>,
    problem: Option<Failure>,
}

impl Batch {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let mut done = Output::read(&self.output, self.retry_failed)?;
        let total = self.compare(&done)?;
        let built = client::build(Environment::read()?, self.config.as_deref(), self.model.as_deref())?;
        if built.demo {
            note("note: no provider is configured; answering with local/echo (deterministic text, not an LLM)");
        }
        let (there, failed_before) = (done.marks.len() as u64, done.failed);
        if there > 0 {
            note(format_args!("{there} of {total} requests are answered in {} already", self.output.display()));
        }
        let output = Output::append(&self.output, &mut done)?;
        let shared =
            Shared { output, names: HashMap::new(), begun: 0, broken: 0, warnings: BTreeMap::new(), problem: None };
        let shared = Rc::new(RefCell::new(shared));
        let cancel = CancellationToken::new();
        let mut stream = self.stream(&built.client, &shared, done, cancel.clone())?;
        let mut line = Line::new(total - there);
        let mut interrupted = false;
        loop {
            tokio::select! {
                item = stream.next() => {
                    let Some(BatchItem { index, result, .. }) = item else { break };
                    keep(&shared, index, result, stream.stop())?;
                }
                _ = tokio::signal::ctrl_c() => {
                    if interrupted {
                        return Err(Failure::Interrupted);
                    }
                    interrupted = true;
                    cancel.cancel();
                    note("interrupted: what is under way is awaited; Ctrl-C again leaves it");
                }
            }
            if let Some(problem) = shared.borrow_mut().problem.take() {
                return Err(problem);
            }
            line.show(stream.progress(), shared.borrow().broken);
        }
        let broken = shared.borrow().broken;
        line.end(stream.progress(), broken);
        for (warning, answers) in &shared.borrow().warnings {
            note(format_args!("warning: {warning} (answers: {answers})"));
        }
        if let Some(problem) = shared.borrow_mut().problem.take() {
            return Err(problem);
        }
        self.verdict(&stream, failed_before + broken + stream.progress().failed, total)
    }

    /// Looks through the whole input before anything is sent: how many requests it has, whether each has a name of its own, and
    /// whether the output is of this input.
    fn compare(&self, done: &Done) -> Result<u64, Failure> {
        let mut lines: HashMap<String, u64> = HashMap::new();
        let mut known = 0;
        for entry in Entries::open(&self.input, self.model.clone())? {
            let entry = entry?;
            match done.marks.get(&entry.id) {
                Some(mark) if *mark == entry.mark => known += 1,
                Some(_) => return Err(self.foreign(&format!("{:?} has another body or model there", entry.id))),
                None => {}
            }
            if let Some(other) = lines.insert(entry.id.clone(), entry.line) {
                let (id, line) = (entry.id, entry.line);
                return Err(Failure::Usage(format!(
                    "{}: the custom_id {id:?} stands in lines {other} and {line}: give each request its own",
                    self.input.display()
                )));
            }
        }
        if known < done.marks.len() {
            let other = done.marks.keys().find(|id| !lines.contains_key(*id));
            return Err(self.foreign(&format!("{:?} is not in the input", other.map_or("", |id| id.as_str()))));
        }
        Ok(lines.len() as u64)
    }

    fn foreign(&self, why: &str) -> Failure {
        let (output, input) = (self.output.display(), self.input.display());
        Failure::Usage(format!(
            "{output} has answers to another input than {input}: {why}; name another output, or move this one away"
        ))
    }

    fn stream(
        &self,
        client: &Client,
        shared: &Rc<RefCell<Shared>>,
        done: Done,
        cancel: CancellationToken,
    ) -> Result<BatchStream<Box<dyn Iterator<Item = ChatRequest> + Unpin>>, Failure> {
        let mut entries = Entries::open(&self.input, self.model.clone())?;
        let shared = shared.clone();
        // A line that is no request is answered here, and the next one is looked at.
        let requests = std::iter::from_fn(move || {
            loop {
                let mut shared = shared.borrow_mut();
                let entry = match entries.next()? {
                    Ok(entry) if done.marks.contains_key(&entry.id) => continue,
                    Ok(entry) => entry,
                    Err(problem) => {
                        shared.problem = Some(problem);
                        return None;
                    }
                };
                match entry.request() {
                    Ok(request) => {
                        let number = shared.begun;
                        shared.begun += 1;
                        shared.names.insert(number, (entry.id, entry.mark));
                        return Some(request);
                    }
                    Err(error) => {
                        shared.broken += 1;
                        if let Err(problem) = shared.output.write(&entry.id, entry.mark, Err(&error)) {
                            shared.problem = Some(problem);
                            return None;
                        }
                    }
                }
            }
        });
        let requests: Box<dyn Iterator<Item = ChatRequest> + Unpin> = Box::new(requests);
        let batch = client.batch(requests).concurrency(usize::from(self.concurrency)).cancelled_by(cancel);
        Ok(self.max_failures.into_iter().fold(batch, loquat::Batch::max_failures).stream())
    }

    fn verdict<I>(&self, stream: &BatchStream<I>, failed: u64, total: u64) -> Result<(), Failure> {
        let again = "run the same command again to go on";
        match stream.stop() {
            Some(Stop::Hopeless(error)) => {
                note(format_args!("stopped: every request would fail like this one; {again} when that is mended"));
                Err(error.clone().into())
            }
            Some(Stop::Cancelled) => {
                note(format_args!("stopped before the end: {again}"));
                Err(Failure::Interrupted)
            }
            Some(_) => Err(Failure::Io(format!("stopped: more requests failed than --max-failures allows; {again}"))),
            None if failed > 0 => Err(Failure::Io(format!(
                "{failed} of {total} requests failed, {} says why; --retry-failed asks them again",
                self.output.display()
            ))),
            None => Ok(()),
        }
    }
}

/// Writes an answer, or its error. What ended the batch is not the request's own fault: it is asked again the next time.
fn keep(
    shared: &Rc<RefCell<Shared>>,
    index: usize,
    result: Result<loquat::Reply, llm_core::Error>,
    stop: Option<&Stop>,
) -> Result<(), Failure> {
    let mut shared = shared.borrow_mut();
    let Some((id, mark)) = shared.names.remove(&index) else { return Ok(()) };
    match result {
        Ok(reply) => {
            for warning in &reply.warnings {
                let warning = warning.to_string();
                // A batch may have as many misspelt names as lines.
                if shared.warnings.len() < MOST_WARNINGS || shared.warnings.contains_key(&warning) {
                    *shared.warnings.entry(warning).or_default() += 1;
                }
            }
            shared.output.write(&id, mark, Ok(reply.into_response()))
        }
        Err(error) if matches!(stop, Some(Stop::Hopeless(why)) if why.kind() == error.kind()) => Ok(()),
        Err(error) => shared.output.write(&id, mark, Err(&error)),
    }
}

/// The name of a file in messages.
fn reading(path: &Path) -> String {
    format!("reading {}", path.display())
}
