//! The baseline of the gateway: a relay that passes requests and frames on without reading them.
//! `relay --upstream PORT [--port N]` prints its port.

use anyhow::Result;
use http::{Request, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use workspace_bench::{arguments, listen, value};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The gateway's own choice of runtime, so that both are measured alike: no worker threads on a single core.
fn main() -> Result<()> {
    let mut runtime = match std::thread::available_parallelism()?.get() {
        1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    runtime.enable_all().build()?.block_on(relay())
}

async fn relay() -> Result<()> {
    let arguments = arguments()?;
    let upstream: u16 = value(&arguments, "upstream")?.parse()?;
    let listener = listen(&arguments).await?;
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client: Client<_, Full<bytes::Bytes>> = Client::builder(TokioExecutor::new()).build(connector);
    loop {
        let (connection, _) = listener.accept().await?;
        connection.set_nodelay(true)?;
        let client = client.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let client = client.clone();
            async move {
                let (mut parts, body) = request.into_parts();
                parts.uri = Uri::try_from(format!("http://127.0.0.1:{upstream}{}", parts.uri.path()))?;
                parts.headers.remove(http::header::HOST);
                let body = Full::new(body.collect().await?.to_bytes());
                Ok::<_, anyhow::Error>(client.request(Request::from_parts(parts, body)).await?)
            }
        });
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(connection), service));
    }
}
