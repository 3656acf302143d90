//! Vendors that fail on schedule: scripted providers without HTTP, over simulated time, with a record of every call.
//!
//! A [`FaultyProvider`] answers like a vendor: after a latency, word by word, within the timers of the call.
//! Its [`Schedule`] says when it does not, and how.
//! Everything is drawn from a seed and timed by tokio's clock, so under `start_paused` an hour costs milliseconds and
//! every run is the same.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use llm_core::{ChatRequest, Cx, ErrorKind, Provider, Request};
//! use llm_testkit::ScriptedTransport;
//! use llm_testkit::fault::{Episode, Fault, FaultyProvider, Outcome, Schedule};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! tokio::time::pause();
//! let minute = Duration::from_secs(60);
//! let outage = Episode::new(Fault::Status(500), Duration::ZERO, minute);
//! let vendor = FaultyProvider::new("vendor", 7).with_schedule(Schedule::new([outage])).build();
//!
//! let cx: Cx = ScriptedTransport::default().cx();
//! let ask = || Request::Chat(Arc::new(ChatRequest::new("m").with_user("hello")));
//! assert_eq!(vendor.call(&cx, ask()).await.unwrap_err().kind(), ErrorKind::Server);
//! tokio::time::advance(minute).await;
//! assert!(vendor.call(&cx, ask()).await.is_ok());
//!
//! let outcomes: Vec<Outcome> = vendor.calls().iter().map(|call| call.outcome).collect();
//! assert_eq!(outcomes, [Outcome::Failed(ErrorKind::Server), Outcome::Answered]);
//! # }
//! ```

mod answer;
mod body;
mod course;
mod ledger;
mod limiter;
mod provider;
mod random;
mod record;
mod schedule;

pub use answer::Answers;
pub use ledger::{Ledger, Told};
pub use provider::{Builder, FaultyProvider};
pub use record::{Call, Outcome};
pub use schedule::{Cut, Episode, Fault, Pace, Schedule, Spread, Stall};
