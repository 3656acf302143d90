//! A response body that does what a [`Plan`](super::faults::Plan) says, and tells what became of it.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

use super::faults::Op;
use super::records::{Fate, Records};
use super::socket::Fuse;

/// Notes what becomes of an exchange. Whoever drops it before the end has left.
pub(crate) struct Watch {
    records: Arc<Records>,
    place: usize,
}

impl Watch {
    /// Watches the request at this place.
    pub(crate) fn new(records: Arc<Records>, place: usize) -> Self {
        Self { records, place }
    }

    /// The headers go out.
    pub(crate) fn answered(&self, status: u16) {
        self.records.answered(self.place, status);
    }

    /// The end.
    pub(crate) fn end(&self, fate: Fate) {
        self.records.end(self.place, fate);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.end(Fate::Abandoned);
    }
}

/// The body.
pub(crate) struct Script {
    ops: VecDeque<Op>,
    sleep: Option<Pin<Box<Sleep>>>,
    /// Bytes that will come, where nothing but bytes comes.
    length: Option<u64>,
    fuse: Fuse,
    watch: Watch,
}

impl Script {
    /// A body of these steps, on a connection that this fuse resets.
    pub(crate) fn new(ops: Vec<Op>, fuse: Fuse, watch: Watch) -> Self {
        let length = |op: &Op| if let Op::Send(bytes) = op { Some(bytes.len() as u64) } else { None };
        // A stream of several pieces has no length that is known beforehand.
        let length = if ops.len() <= 1 { ops.iter().map(length).sum() } else { None };
        if ops.is_empty() {
            watch.end(Fate::Answered);
        }
        Self { ops: ops.into(), sleep: None, length, fuse, watch }
    }
}

impl Body for Script {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        loop {
            if let Some(sleep) = &mut self.sleep {
                ready!(sleep.as_mut().poll(cx));
                self.sleep = None;
            }
            match self.ops.pop_front() {
                None => {
                    self.watch.end(Fate::Answered);
                    return Poll::Ready(None);
                }
                Some(Op::Send(bytes)) if bytes.is_empty() => {}
                Some(Op::Send(bytes)) => {
                    // The last piece: hyper does not ask again when it knows the length.
                    if self.ops.is_empty() {
                        self.watch.end(Fate::Answered);
                    }
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                Some(Op::Wait(wait)) => self.sleep = Some(Box::pin(tokio::time::sleep(wait))),
                // hyper writes what it has when the body has nothing for the moment.
                Some(Op::Flush) => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Some(Op::Stall) => {
                    self.ops.push_front(Op::Stall);
                    return Poll::Pending;
                }
                Some(end @ (Op::Cut | Op::Reset)) => {
                    if end == Op::Reset {
                        self.fuse.light();
                    }
                    self.watch.end(Fate::Broken);
                    return Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into())));
                }
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map(SizeHint::with_exact).unwrap_or_default()
    }
}

/// The service's error: the connection ends without an answer.
#[derive(Debug)]
pub(crate) struct Gone;

impl std::fmt::Display for Gone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection ends here, as the emulator was told")
    }
}

impl std::error::Error for Gone {}
