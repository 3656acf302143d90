//! A server of raw bytes on the loopback: reads one request a connection or many, and writes what the test says.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use llm_core::{Cx, HttpRequest};
use llm_http::{HttpConfig, HttpTransport};

/// What the server does after a request.
#[derive(Clone)]
pub(crate) enum Act {
    /// Writes these bytes.
    Write(&'static str),
    /// Tells the test that the request is there.
    Tell,
    /// Writes nothing more and keeps the connection open.
    Stall,
    /// Closes the connection.
    Close,
}

pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    /// What came in, a request each, head and body.
    pub(crate) requests: Arc<Mutex<Vec<String>>>,
    pub(crate) connections: Arc<Mutex<usize>>,
    pub(crate) told: mpsc::UnboundedReceiver<()>,
}

impl Upstream {
    /// A server that does the same after every request.
    pub(crate) async fn new(acts: Vec<Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (requests, connections) = (Arc::default(), Arc::new(Mutex::new(0)));
        let (tell, told) = mpsc::unbounded_channel();
        let shared = (Arc::clone(&requests), Arc::clone(&connections));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                *shared.1.lock().unwrap() += 1;
                tokio::spawn(serve(socket, acts.clone(), Arc::clone(&shared.0), tell.clone()));
            }
        });
        Self { address, requests, connections, told }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/v1/chat?q=query-mark", self.address)
    }

    pub(crate) fn request(&self) -> HttpRequest {
        HttpRequest::post_json(self.url(), r#"{"prompt":"prompt-mark"}"#)
    }
}

async fn serve(
    mut socket: TcpStream,
    acts: Vec<Act>,
    requests: Arc<Mutex<Vec<String>>>,
    tell: mpsc::UnboundedSender<()>,
) {
    while let Some(request) = read_request(&mut socket).await {
        requests.lock().unwrap().push(request);
        for act in &acts {
            match act {
                Act::Write(text) => {
                    if socket.write_all(text.as_bytes()).await.is_err() {
                        return;
                    }
                }
                Act::Tell => tell.send(()).unwrap_or_default(),
                Act::Stall => std::future::pending().await,
                Act::Close => return,
            }
        }
    }
}

async fn read_request(socket: &mut TcpStream) -> Option<String> {
    let mut all = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let count = socket.read(&mut piece).await.ok()?;
        if count == 0 {
            return None;
        }
        all.extend_from_slice(&piece[..count]);
        let text = String::from_utf8_lossy(&all);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
            if body.len() >= length {
                return Some(text.into_owned());
            }
        }
    }
}

/// A transport and a call environment with the default settings.
pub(crate) fn transport() -> (HttpTransport, Cx) {
    transport_with(&HttpConfig::default())
}

pub(crate) fn transport_with(config: &HttpConfig) -> (HttpTransport, Cx) {
    let transport = HttpTransport::new(config).unwrap();
    (transport.clone(), Cx::new(Arc::new(transport)))
}
