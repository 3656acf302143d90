//! Accepts connections and ends them: in order after a stop, by force after the grace time.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};

use crate::connection::{Connection, Patience};

/// Longest time between requests of a connection, and of the headers of one. As long as that of common proxies, so that
/// clients which keep connections do not run into a closed one.
const HEADERS: Duration = Duration::from_secs(75);
const PATIENCE: Patience = Patience { first_byte: Duration::from_secs(30), stalled_write: Duration::from_secs(60) };
/// How often a client of HTTP/2 is asked whether it is still there.
const HTTP2_PING: Duration = Duration::from_secs(20);
/// Most requests at a time on one connection of HTTP/2, and most bytes of their headers.
const HTTP2_STREAMS: u32 = 256;
const HTTP2_HEADERS: u32 = 64 << 10;

/// Serves until `stop` is done; then requests that run may go on for the grace time. No connection outlives this call.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    grace: Duration,
    stop: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let http = http();
    let (stopping, stopped) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        let stream = tokio::select! {
            () = &mut stop => break,
            Some(ended) = connections.join_next() => {
                report(ended);
                continue;
            }
            stream = accept(&listener) => stream,
        };
        connections.spawn(connection(stream, http.clone(), router.clone(), stopped.clone()));
    }
    // From here on the system refuses new connections.
    drop(listener);
    let _ = stopping.send(true);
    let all_ended = async {
        while let Some(ended) = connections.join_next().await {
            report(ended);
        }
    };
    if tokio::time::timeout(grace, all_ended).await.is_err() {
        tracing::warn!(
            connections = connections.len(),
            "requests still run after {grace:?} of grace: cutting them off"
        );
        connections.shutdown().await;
    }
    Ok(())
}

fn http() -> Builder<TokioExecutor> {
    let mut http = Builder::new(TokioExecutor::new());
    http.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS);
    http.http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(HTTP2_PING)
        .max_concurrent_streams(HTTP2_STREAMS)
        .max_header_list_size(HTTP2_HEADERS);
    http
}

/// The next connection. Failures to accept are waited out: they pass, or somebody reads the log.
async fn accept(listener: &TcpListener) -> TcpStream {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Without NODELAY small frames of a stream wait up to 40 ms for the client's acknowledgement.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "setting TCP_NODELAY on a client's connection");
                }
                return stream;
            }
            // The client was gone before we looked.
            Err(error) if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) => {}
            Err(error) => {
                tracing::error!(%error, "accepting a connection: trying again in a second");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

async fn connection(
    stream: TcpStream,
    http: Builder<TokioExecutor>,
    router: Router,
    mut stopped: watch::Receiver<bool>,
) {
    let io = TokioIo::new(Connection::new(stream, PATIENCE));
    let mut serving = pin!(http.serve_connection(io, TowerToHyperService::new(router)));
    let result = tokio::select! {
        result = serving.as_mut() => result,
        () = async { drop(stopped.wait_for(|stopped| *stopped).await) } => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = result {
        // Clients leave in the middle of requests every day.
        tracing::debug!(%error, "a client's connection broke off");
    }
}

fn report(ended: Result<(), JoinError>) {
    if ended.is_err_and(|error| error.is_panic()) {
        tracing::error!("a request ended in a panic: its connection is closed");
    }
}
