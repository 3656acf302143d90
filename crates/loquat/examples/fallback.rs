//! The primary fails, the next target steps in, and the reply tells the whole story.
//!
//! Both targets are scripted here, so that the example runs without a key; put real ones in their place.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use loquat::{Client, Error, ErrorKind, RetryPolicy};
use std::time::Duration;

#[tokio::main]
async fn main() -> loquat::Result<()> {
    let primary = loquat::function("primary", |_| async {
        Err(Error::new(ErrorKind::RateLimited, "too many requests")
            .with_status(429)
            .with_retry_after(Duration::from_secs(20)))
    });
    let second = loquat::function("second", |_| async { Ok("the second target answered".to_owned()) });
    let client = Client::builder()
        .instance(primary)
        .instance(second)
        .model("primary/a")
        .fallback("second/b")
        .timeout(Duration::from_secs(30))
        .retry(RetryPolicy::default().with_max_retries(2))
        .build()?;
    let reply = client.chat("Who is there?").await?;
    println!("{reply}");
    for attempt in reply.attempts() {
        println!("  {attempt}");
    }
    Ok(())
}
