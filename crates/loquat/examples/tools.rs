//! The model asks for a tool, the program runs it, the model goes on.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use loquat::core::ToolChoice;
use loquat::{Client, Message, Tool};
use serde_json::{Value, json};

fn weather(arguments: &Value) -> String {
    format!("12 °C in {}", arguments["city"].as_str().unwrap_or("an unnamed city"))
}

#[tokio::main]
async fn main() -> loquat::Result<()> {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    let tool = Tool::function("weather", "Current weather of a city", schema);
    let client = Client::builder().model("local/echo").build()?;

    let question = "Umbrella in Paris?";
    let reply = client.chat(question).tool(tool.clone()).tool_choice(ToolChoice::Required).await?;
    let mut history = vec![Message::user(question), reply.message.clone()];
    for call in reply.message.tool_calls() {
        // A call that was cut off must never run.
        let Ok(arguments) = serde_json::from_str(&call.arguments) else { continue };
        println!("{}({arguments})", call.name);
        history.push(Message::tool_result(&call.id, weather(&arguments)));
    }
    let request =
        history.into_iter().fold(loquat::ChatRequest::default().with_tool(tool), loquat::ChatRequest::with_message);
    println!("{}", client.request(request).await?);
    Ok(())
}
