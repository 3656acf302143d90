//! An answer as it is made.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::io::Write as _;

use loquat::{Client, Piece};

#[tokio::main]
async fn main() -> loquat::Result<()> {
    let client = Client::builder().model("local/echo").build()?;
    let mut pieces = client.chat("Write a haiku about rivers").stream().await?;
    while let Some(piece) = pieces.next().await {
        match piece? {
            Piece::Text(text) => print!("{text}"),
            Piece::Done(summary) => println!("\n{}: {} tokens", summary.target, summary.usage),
            _ => {}
        }
        // Words should show as they come, not by the line.
        let _ = std::io::stdout().flush();
    }
    Ok(())
}
