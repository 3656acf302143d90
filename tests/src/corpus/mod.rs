//! Recorded exchanges with vendors, replayed through the real plugins without sockets.
//!
//! A corpus is a folder `<provider>/<case>.json`; the format and the meaning of "equal" are the corpus's own.

mod azure;
mod bedrock;
mod case;
mod compare;
mod ingress;
mod operations;
mod pieces;
mod replay;
mod report;
mod requests;
mod run;
mod streams;
mod vendors;
mod vertex;
mod watsonx;

pub use case::{Case, load};
pub use compare::compare;
pub use ingress::request as recorded_request;
pub use replay::replay;
pub use report::{Outcome, Status, table};
pub use requests::{Rule, rules, same_request};
pub use run::{Side, run};
pub use streams::{Effort, Stream, Tried};
