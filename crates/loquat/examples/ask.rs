//! One question, one answer: `cargo run -p loquat --features all-providers --example ask -- Why is the sky blue?`
//!
//! `LOQUAT_MODEL` or the only configured provider answers; without any, `local/echo` does, which is no LLM.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use loquat::Client;

#[tokio::main]
async fn main() -> loquat::Result<()> {
    let question = std::env::args().skip(1).collect::<Vec<_>>().join(" ");
    let question = if question.is_empty() { "Why is the sky blue?".to_owned() } else { question };
    let client = match Client::from_env() {
        Ok(client) if client.status().primary.is_some() => client,
        _ => Client::builder().model("local/echo").build()?,
    };
    let reply = client.chat(question).system("Answer in one sentence.").temperature(0.0).await?;
    println!("{reply}");
    println!("{} · {} tokens · {:?}", reply.target(), reply.usage(), reply.latency());
    Ok(())
}
