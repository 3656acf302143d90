//! The upstream: answers every POST from memory, whole or as a burst of frames. `upstream [--port N]` prints its port.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use anyhow::Result;
use bytes::Bytes;
use http::{Request, Response, header};
use http_body::Frame;
use http_body_util::{BodyExt as _, Either, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use workspace_bench::{answers, arguments, listen};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Hands out one frame a poll, as a vendor would send them.
struct Burst(VecDeque<Bytes>);

impl http_body::Body for Burst {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(|bytes| Ok(Frame::data(bytes))))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let listener = listen(&arguments()?).await?;
    let (unary, stream) = (answers::unary(), answers::stream());
    loop {
        let (connection, _) = listener.accept().await?;
        connection.set_nodelay(true)?;
        let (unary, stream) = (unary.clone(), stream.clone());
        let service = service_fn(move |request: Request<Incoming>| {
            let (unary, stream) = (unary.clone(), stream.clone());
            async move {
                let body = request.into_body().collect().await?.to_bytes();
                let streamed = body.windows(13).any(|window| window == br#""stream":true"#);
                let (content_type, body) = if streamed {
                    ("text/event-stream", Either::Left(Burst(stream.into())))
                } else {
                    ("application/json", Either::Right(Full::new(unary)))
                };
                let response = Response::builder()
                    .header(header::CONTENT_TYPE, content_type)
                    .header("x-request-id", "req_0123456789");
                response.body(body).map_err(anyhow::Error::from)
            }
        });
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(connection), service));
    }
}
