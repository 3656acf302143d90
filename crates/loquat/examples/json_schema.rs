//! An answer that follows a JSON schema.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use loquat::Client;
use serde::Deserialize;
use serde_json::json;

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "the example prints it whole")]
struct Triage {
    label: String,
    urgent: bool,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let schema = json!({
        "type": "object",
        "properties": {"label": {"type": "string", "enum": ["bug", "billing", "other"]}, "urgent": {"type": "boolean"}},
        "required": ["label", "urgent"],
        "additionalProperties": false,
    });
    let client = Client::builder().model("local/echo").build()?;
    let reply = client.chat("My invoice is wrong!").json_schema("triage", schema).await?;
    let triage: Triage = serde_json::from_str(&reply.text())?;
    println!("{triage:?}");
    Ok(())
}
