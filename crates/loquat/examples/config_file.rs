//! A client from TOML, with two routes of its own names.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use loquat::{Client, Config};

const CONFIG: &str = r#"
[[provider]]
id = "local"

[[provider]]
id = "rehearsal"
kind = "local"

[defaults]
model = "fast"
timeout = "60s"
retry = { preset = "default", max_retries = 2 }

[[model]]
name = "fast"
aliases = ["gpt-4o"]
targets = ["local/echo", "rehearsal/echo"]
"#;

#[tokio::main]
async fn main() -> loquat::Result<()> {
    let client = Client::builder().config(Config::from_toml(CONFIG)?).build()?;
    for model in ["fast", "gpt-4o", "rehearsal/echo"] {
        let reply = client.chat("Who answers?").model(model).await?;
        println!("{model:<16} {} answered: {reply}", reply.target());
    }
    Ok(())
}
