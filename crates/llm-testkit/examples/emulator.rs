//! Runs the emulator until it is interrupted: `cargo run -p llm-testkit --example emulator -- 127.0.0.1:8099`.
//! Then any client of the four vendors can be pointed at it.
#![expect(clippy::print_stdout, reason = "it says where it listens")]

use llm_testkit::emulator::{Emulator, Vendor};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let addr = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".to_owned()).parse()?;
    let emulator = Emulator::bind(addr).await?;
    for vendor in [Vendor::OpenAi, Vendor::Anthropic, Vendor::Gemini, Vendor::Ollama] {
        println!("{:<10} {}", vendor.to_string(), emulator.url_of(vendor));
    }
    println!("any key but `wrong`; models: {}", llm_testkit::emulator::MODELS.join(", "));
    std::future::pending::<()>().await;
    Ok(())
}
