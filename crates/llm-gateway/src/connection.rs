//! A client's connection that does not wait for ever: neither for a client that says nothing, nor for one that stops reading.
//!
//! Once a client has begun to speak, the time for its headers is the HTTP server's business. Here is what that one does
//! not look at: the first byte, and bytes that are to leave. A client that does not read would otherwise hold a stream,
//! and with it a call at a vendor, for as long as it likes.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// Longest time until the first byte of a new connection, and longest time in which none leaves that should.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    pub(crate) first_byte: Duration,
    pub(crate) stalled_write: Duration,
}

/// A connection that ends in an error when the client lets it wait too long.
pub(crate) struct Connection<S> {
    stream: S,
    patience: Patience,
    spoke: bool,
    listening: Timer,
    writing: Timer,
}

/// Made at the first wait, gone with the next progress.
type Timer = Option<Pin<Box<Sleep>>>;

impl<S> Connection<S> {
    pub(crate) fn new(stream: S, patience: Patience) -> Self {
        Self { stream, patience, spoke: false, listening: None, writing: None }
    }
}

impl<S: AsyncWrite + Unpin> Connection<S> {
    /// What became of a write: progress, or a wait that has its limit.
    fn written(&mut self, cx: &mut Context<'_>, wrote: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if wrote.is_pending() {
            ready!(over(&mut self.writing, self.patience.stalled_write, cx));
            return Poll::Ready(Err(too_slow("the client has stopped reading")));
        }
        self.writing = None;
        wrote
    }
}

fn over(timer: &mut Timer, limit: Duration, cx: &mut Context<'_>) -> Poll<()> {
    timer.get_or_insert_with(|| Box::pin(sleep(limit))).as_mut().poll(cx)
}

fn too_slow(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, what)
}

impl<S: AsyncRead + Unpin> AsyncRead for Connection<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let read = Pin::new(&mut this.stream).poll_read(cx, buffer);
        if this.spoke {
            return read;
        }
        if read.is_pending() {
            ready!(over(&mut this.listening, this.patience.first_byte, cx));
            return Poll::Ready(Err(too_slow("the client has said nothing")));
        }
        (this.spoke, this.listening) = (true, None);
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let wrote = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.written(cx, wrote)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let wrote = Pin::new(&mut this.stream).poll_write_vectored(cx, slices);
        this.written(cx, wrote)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
    use tokio::time::Instant;

    use super::*;

    fn pair() -> (Connection<DuplexStream>, DuplexStream) {
        let (ours, theirs) = duplex(64);
        let patience = Patience { first_byte: Duration::from_secs(30), stalled_write: Duration::from_secs(60) };
        (Connection::new(ours, patience), theirs)
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_says_nothing_is_let_go_and_one_that_spoke_may_pause() {
        let (mut silent, _theirs) = pair();
        let start = Instant::now();
        assert_eq!(silent.read_u8().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(start.elapsed(), Duration::from_secs(30));
        let (mut spoke, mut theirs) = pair();
        theirs.write_all(b"ab").await.unwrap();
        assert_eq!(spoke.read_u16().await.unwrap(), 0x6162);
        let later = async {
            tokio::time::sleep(Duration::from_secs(3600)).await;
            theirs.write_all(b"c").await
        };
        let (read, wrote) = tokio::join!(spoke.read_u8(), later);
        assert_eq!((read.unwrap(), wrote.unwrap()), (b'c', ()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_stops_reading_is_let_go_and_a_slow_one_is_not() {
        let (mut ours, mut theirs) = pair();
        let slow = async {
            for _ in 0..4 {
                tokio::time::sleep(Duration::from_secs(50)).await;
                let mut some = [0; 64];
                theirs.read_exact(&mut some).await.unwrap();
            }
        };
        let (wrote, ()) = tokio::join!(ours.write_all(&[7; 5 * 64]), slow);
        wrote.unwrap();
        let start = Instant::now();
        assert_eq!(ours.write_all(&[7; 64]).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(start.elapsed(), Duration::from_secs(60));
    }
}
