//! Asks Acme, and Loquat's own echo when Acme does not answer. The key and the address come from the environment.

use llm_provider_acme as _;
use loquat::Client;

#[tokio::main(flavor = "current_thread")]
async fn main() -> loquat::Result<()> {
    let client = Client::builder().model("acme/acme-1").fallback("local/echo").build()?;
    let reply = client.chat("Good morning").await?;
    println!("{}: {reply}", reply.target());
    Ok(())
}
