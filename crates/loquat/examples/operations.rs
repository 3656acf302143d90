//! What a client does beside chats: `cargo run -p loquat --features all-providers --example operations`
//!
//! With `OPENAI_API_KEY` set, OpenAI answers; without it only `local/embed` does, which is no model.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use loquat::{Client, EmbedRequest, ImageRequest, Media, ModerateRequest, Part, SpeechRequest, TranscribeRequest};

#[tokio::main]
async fn main() -> loquat::Result<()> {
    let openai = std::env::var_os("OPENAI_API_KEY").is_some();
    let client = if openai { Client::from_env()? } else { Client::builder().model("local/echo").build()? };

    let model = if openai { "openai/text-embedding-3-small" } else { "local/embed" };
    let vectors = client.embed(EmbedRequest::new(model, ["a cat", "a dog"])).await?;
    println!("{} vectors", vectors.vectors.len());
    if !openai {
        return Ok(());
    }

    let judged = client.moderate(ModerateRequest::new("openai/omni-moderation-latest", ["hello"])).await?;
    println!("{} contents judged", judged.results.len());

    let spoken = client.speech(SpeechRequest::new("openai/gpt-4o-mini-tts", "Good morning.", "coral")).await?;
    let written = client.transcribe(TranscribeRequest::new("openai/gpt-4o-mini-transcribe", spoken.audio)).await?;
    println!("{}", written.text);

    let drawn = client.image(ImageRequest::new("openai/gpt-image-1-mini", "a loquat on a plate")).await?;
    println!("{} images", drawn.images.len());

    // An image, a sound or a document goes into a chat as a part of its message.
    let photo = Media::url("image/jpeg", "https://upload.wikimedia.org/wikipedia/commons/3/3a/Cat03.jpg");
    let reply = client.chat("What is on it?").model("openai/gpt-5.4-mini").part(Part::media(photo)).await?;
    println!("{reply}");
    Ok(())
}
