//! An HTTP server on loopback that speaks the OpenAI, Anthropic, Gemini and Ollama protocols, with faults on demand.
//!
//! It is written from the vendors' protocols alone, apart from the wire crates, so that it is an oracle for them:
//! it checks requests as strictly as the vendors do, down to the signatures of the reasoning that comes back.
//! No model is behind it. The same request always gets the same answer.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use llm_testkit::emulator::{Emulator, Step};
//!
//! let emulator = Emulator::start().await?;
//! emulator.script("gpt-4.1", [Step::words("limit-429-ra20").unwrap(), Step::text("fine again")]);
//! // Point a client at emulator.openai_url() with any key, then look at what came in:
//! assert_eq!(emulator.count("gpt-4.1"), 2);
//! # Ok(())
//! # }
//! ```
//!
//! # What decides about an answer
//! The first of these that is there:
//! 1. the request's header `x-emulator-step`: the words of a step or its JSON,
//! 2. the next step of the model's [script](Emulator::script), or of the script for all models, `*`,
//! 3. the words of the model's name.
//!
//! A wrong key (`wrong`, or none where one is needed) and a request that is not valid come before all of them.
//!
//! # The words of a model's name
//! Joined by `+`, for example `tools-x2+pace-20ms+cut-after-3`. The first word may be any name that says nothing
//! (`gpt-4.1+fail-503-x2`), so every model that is not in the table is a healthy one. What stands before the last `/`
//! and behind a `:` does not count. A name that looks like a word and is none gets an error, "not found".
//!
//! | word | what happens |
//! |---|---|
//! | `echo` | answers `echo: ` and the last words of the user or of a tool, word by word |
//! | `words-60` | answers `word1 word2 … word60` |
//! | `tools`, `tools-x2` | calls the first offered tool, the first two tools, with the smallest arguments |
//! | `json` | answers with the smallest JSON that the requested schema allows |
//! | `reason` | begins with reasoning, signed where the vendor signs |
//! | `refuse` | declines |
//! | `cached` | half of the prompt came from the cache |
//! | `no-prefill` | refuses a request whose last message begins the answer; else the answer goes on from there |
//! | `window-100` | prompts of more than 100 tokens (words) are too long |
//! | `slow-250ms` | waits before the headers |
//! | `late-250ms` | waits between the headers and the body |
//! | `pace-20ms` | waits between the pieces of a stream |
//! | `pings` | a keep-alive before every piece, where the vendor has one |
//! | `split-7` | the body leaves in writes of 7 bytes |
//! | `fail-503` | this status (400 to 599), with the vendor's error for it |
//! | `limit-429`, `quota`, `auth`, `permission`, `overloaded`, `context-length`, `content-filter`, `too-large`, `invalid`, `unknown-model` | the vendor's error for this, with the vendor's status |
//! | `hang` | no byte ever comes |
//! | `reset` | the connection is reset (RST) before any byte |
//! | `html-200`, `empty-200` | a page of HTML, or nothing, with status 200 |
//! | `stall-after-3` | nothing more comes after three pieces of content |
//! | `pause-after-3-30s` | nothing comes for 30 s after three pieces, then the rest |
//! | `cut-after-3`, `reset-after-3` | the connection is closed (FIN), or reset, after three pieces |
//! | `bad-chunk`, `bad-chunk-after-3` | a chunk of broken JSON after one piece or three, then the rest |
//! | `error-after-3`, `error-at-0` | an error object inside the 200, after three pieces, or before all else |
//! | `filtered`, `filtered-after-3` | the vendor's filter ends the answer after one piece or three |
//! | `no-end` | the end marker is missing |
//! | `no-finish` | finish reason, usage and end marker are missing |
//! | `stall-at-end` | the end marker never comes, and the connection stays open |
//!
//! An error may say how long to wait: `limit-429-ra20`, `fail-503-ra1.5s`.
//! A fault may hold for the first requests only, `fail-503-x2`, or come and go, `reset-flap5s`; such faults may follow
//! each other, `fail-500-x1+limit-429-ra2-x1`. Requests are counted per vendor and model: tests that share an emulator
//! keep apart by a name that leads, `my-test+fail-503-x2`.
//! Without any word, a request that demands a tool call or JSON gets it.
//!
//! Limits: HTTP/1.1 without TLS; waits use the runtime's clock, so a paused clock does not go with it.

mod answer;
mod anthropic;
mod behaviour;
mod body;
mod faults;
mod gemini;
mod grammar;
mod ollama;
mod openai;
mod prefill;
mod problem;
mod protocol;
mod records;
mod reply;
mod route;
mod schema;
mod server;
mod socket;
mod stamp;
mod vector;

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use behaviour::{Behaviour, Content, Extent, Fault, Step};
pub use problem::{Class, Problem};
pub use protocol::{Operation, Vendor};
pub use records::{Fate, ReceivedRequest};

/// The models that the lists name.
pub const MODELS: &[&str] = &[
    "echo",
    "words-60",
    "tools",
    "tools-x2",
    "json",
    "reason",
    "refuse",
    "cached",
    "fail-503",
    "fail-503-x2",
    "limit-429-ra20",
    "quota",
    "overloaded",
    "context-length",
    "content-filter",
    "slow-250ms",
    "pace-20ms",
    "stall-after-3",
    "cut-after-3",
    "reset",
    "no-end",
    "bad-chunk",
    "error-after-3",
    "html-200",
    "embed",
];

/// The running server. It stops, and breaks all its connections, when this is dropped.
pub struct Emulator {
    addr: SocketAddr,
    shared: Arc<server::Shared>,
    accept: JoinHandle<()>,
}

impl Emulator {
    /// Starts on a free port of 127.0.0.1.
    pub async fn start() -> io::Result<Self> {
        Self::bind((Ipv4Addr::LOCALHOST, 0).into()).await
    }

    /// Starts on this address.
    pub async fn bind(addr: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(addr).await?;
        let addr = listener.local_addr()?;
        let shared = Arc::new(server::Shared::new());
        let accept = tokio::spawn(server::accept(listener, shared.clone()));
        Ok(Self { addr, shared, accept })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://127.0.0.1:{port}`: the base URL of Anthropic, Gemini and Ollama.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The base URL of OpenAI, which has the `/v1` in it.
    pub fn openai_url(&self) -> String {
        format!("http://{}/v1", self.addr)
    }

    /// The base URL that the vendor's clients expect.
    pub fn url_of(&self, vendor: Vendor) -> String {
        match vendor {
            Vendor::OpenAi => self.openai_url(),
            Vendor::Anthropic | Vendor::Gemini | Vendor::Ollama => self.base_url(),
        }
    }

    /// Adds steps for the next requests to a model, one each; `*` is for all models.
    /// When they are used up, the model's name decides again.
    pub fn script(&self, model: &str, steps: impl IntoIterator<Item = Step>) {
        self.shared.script(model, steps);
    }

    /// Adds the scripts of a JSON object: `{"model": ["fail-503", {"slow": "1s"}, "echo"], …}`.
    pub fn script_json(&self, json: &str) -> Result<(), serde_json::Error> {
        let scripts: HashMap<String, Vec<Step>> = serde_json::from_str(json)?;
        for (model, steps) in scripts {
            self.script(&model, steps);
        }
        Ok(())
    }

    /// All requests so far, in the order in which they came, those that were refused included.
    pub fn requests(&self) -> Vec<ReceivedRequest> {
        self.shared.records.all()
    }

    /// The requests to this model so far.
    pub fn requests_to(&self, model: &str) -> Vec<ReceivedRequest> {
        self.requests().into_iter().filter(|request| request.model == model).collect()
    }

    /// How many requests came to this model.
    pub fn count(&self, model: &str) -> usize {
        self.shared.records.count(|request| request.model == model)
    }

    /// Time since the start: the clock of [`ReceivedRequest::at`].
    pub fn elapsed(&self) -> Duration {
        self.shared.elapsed()
    }

    /// How many requests are being answered now.
    pub fn open(&self) -> usize {
        self.shared.records.count(|request| request.fate == Fate::Open)
    }

    /// How many connections were opened.
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::Relaxed)
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.accept.abort();
    }
}

impl fmt::Debug for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emulator").field("addr", &self.addr).finish_non_exhaustive()
    }
}
