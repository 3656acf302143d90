//! A client of OpenAI's kind, over the real transport and without timers of its own.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use futures_core::Stream as _;
use http::{HeaderValue, header};
use llm_core::{Body, Cx, HttpRequest, Timeouts, Transport as _};
use llm_http::{HttpConfig, HttpTransport};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::Mode;
use super::answer::{Answer, Outcome};

/// A client of a gateway.
#[derive(Clone)]
pub struct Client {
    url: String,
    transport: Arc<HttpTransport>,
    cx: Cx,
}

impl Client {
    /// A client of the gateway at this address, such as `http://127.0.0.1:4000/v1`.
    pub fn new(base_url: &str) -> Result<Self> {
        let transport = Arc::new(HttpTransport::new(&HttpConfig::default())?);
        let cx = Cx::new(transport.clone()).with_timeouts(Timeouts::OFF);
        Ok(Self { url: format!("{base_url}/chat/completions"), transport, cx })
    }

    /// Asks a model for its sixty words; what has not come within `limit` hangs.
    pub async fn ask(&self, model: &str, mode: Mode, limit: Duration) -> Answer {
        match timeout(limit, self.answer(&request(model, mode), mode)).await {
            Err(_) => Answer::hung(),
            Ok(Ok(answer)) => answer,
            // The gateway itself broke the connection off.
            Ok(Err(error)) => Answer { oddities: vec![error.message().to_owned()], ..Answer::default() },
        }
    }

    async fn answer(&self, body: &Value, mode: Mode) -> Result<Answer, llm_core::Error> {
        let mut request = HttpRequest::post_json(&self.url, body.to_string());
        request.headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer sk-wall"));
        let response = self.transport.send(&self.cx, request).await?;
        let (status, headers) = (response.status.as_u16(), response.headers);
        let (text, broken) = read(response.body).await;
        let mut answer = match mode {
            Mode::Stream => Answer::stream(status, &text),
            Mode::Whole => Answer::whole(status, &text),
        };
        if let (Some(error), Outcome::Finished) = (broken, &answer.outcome) {
            answer.oddities.push(format!("the connection broke after the end: {}", error.message()));
        }
        answer.target = headers.get("x-llm-target").and_then(|target| target.to_str().ok()).map(str::to_owned);
        Ok(answer)
    }
}

fn request(model: &str, mode: Mode) -> Value {
    let messages = json!([{"role": "user", "content": "Say sixty words about a gateway whose providers misbehave."}]);
    match mode {
        Mode::Whole => json!({"model": model, "messages": messages}),
        Mode::Stream => {
            json!({"model": model, "messages": messages, "stream": true, "stream_options": {"include_usage": true}})
        }
    }
}

/// All that comes of a body, and how it broke off.
async fn read(mut body: Body) -> (String, Option<llm_core::Error>) {
    let mut bytes = Vec::new();
    let mut broken = None;
    while let Some(next) = poll_fn(|cx| Pin::new(&mut body).poll_next(cx)).await {
        match next {
            Ok(more) => bytes.extend_from_slice(&more),
            Err(error) => broken = Some(error),
        }
    }
    (String::from_utf8_lossy(&bytes).into_owned(), broken)
}
