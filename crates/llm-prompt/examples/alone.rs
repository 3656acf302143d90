//! The optimiser around a provider of one's own, with nothing else of Loquat but its types.

use std::sync::Arc;

use llm_core::{
    Adapter, ChatRequest, ChatResponse, Cx, Error, ErrorKind, Finish, FinishReason, HttpRequest, HttpResponse, Layer,
    Message, Origin, Request, Response, Transport, async_trait,
};
use llm_prompt::optimise::{OptimiseLayer, Optimiser, Rule, Settings};

/// Answers with what it was asked.
struct Echo;

#[async_trait]
impl Adapter for Echo {
    fn id(&self) -> &'static str {
        "echo"
    }

    fn api(&self) -> &'static str {
        "example"
    }

    async fn chat(&self, _: &Cx, request: &ChatRequest) -> Result<ChatResponse, Error> {
        let words = request.messages.last().map(|message| message.text()).unwrap_or_default();
        let origin = Arc::new(Origin::new("example", "echo", request.model.as_str()));
        Ok(ChatResponse::new(origin, Message::assistant(words), Finish { reason: FinishReason::Stop, raw: None }))
    }
}

/// This provider needs no transport.
struct Offline;

#[async_trait]
impl Transport for Offline {
    async fn send(&self, _: &Cx, _: HttpRequest) -> Result<HttpResponse, Error> {
        Err(Error::new(ErrorKind::Internal, "there is no network in this example"))
    }
}

const PROMPT: &str = "I would like you to  explain this function.   \n\n\n\n\
    ```python\ndef f(a,  b):\n    return  a + b\n```\n\n\n\
    It is called with {\"a\":  1, \"b\":  2}.\n\nPlease note that this is done in order to test it.\n";

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "an example")]
async fn main() -> Result<(), Error> {
    let settings = Settings::new([Rule::Whitespace, Rule::Phrases]).with_phrase("this function", "f");
    let layer = OptimiseLayer::new(Optimiser::new(&settings)?);
    let provider = layer.layer(Arc::new(Echo));
    let request = ChatRequest::new("any").with_user(PROMPT);
    if let Response::Chat(answer) = provider.call(&Cx::new(Arc::new(Offline)), Request::Chat(Arc::new(request))).await?
    {
        println!("{answer}");
        if let Some(saved) = answer.prompt_savings {
            println!("{} bytes less, about {} tokens", saved.bytes, saved.tokens);
        }
    }
    Ok(())
}
