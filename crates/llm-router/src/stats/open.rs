//! Which calls are at work: joins the start of a call, its verdict and the end of its request.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use llm_core::{AttemptReason, RequestInfo};

use super::entry::Entry;

/// A call that is not over.
pub(super) struct OpenCall {
    pub(super) number: u32,
    pub(super) reason: AttemptReason,
    pub(super) entry: Arc<Entry>,
    /// When it began, and how long its good verdict took, once there is one.
    pub(super) answered: Option<(Instant, Duration)>,
}

struct OpenRequest {
    /// Held so that no other request gets the same address.
    _request: Arc<RequestInfo>,
    /// Most requests have one call at a time; further ones allocate.
    first: Option<OpenCall>,
    more: Vec<OpenCall>,
    last: Option<Arc<Entry>>,
    over: bool,
}

impl OpenRequest {
    fn calls(&mut self) -> impl Iterator<Item = &mut OpenCall> {
        self.first.iter_mut().chain(&mut self.more)
    }

    fn take(&mut self, which: impl Fn(&OpenCall) -> bool) -> Option<OpenCall> {
        if self.first.as_ref().is_some_and(&which) {
            return self.first.take();
        }
        let place = self.more.iter().position(which)?;
        Some(self.more.swap_remove(place))
    }
}

/// The requests that are at work, by the address of what all their events share.
#[derive(Default)]
pub(super) struct OpenRequests(HashMap<usize, OpenRequest>);

fn key(request: &Arc<RequestInfo>) -> usize {
    Arc::as_ptr(request).addr()
}

impl OpenRequests {
    /// A call begins; the target called before it in the same request, if any. False when too many are open already.
    pub(super) fn start(
        &mut self,
        request: &Arc<RequestInfo>,
        call: OpenCall,
        max: usize,
    ) -> Result<Option<Arc<Entry>>, OpenCall> {
        let full = self.0.len() >= max;
        let open = match self.0.entry(key(request)) {
            std::collections::hash_map::Entry::Occupied(open) => open.into_mut(),
            std::collections::hash_map::Entry::Vacant(_) if full => return Err(call),
            std::collections::hash_map::Entry::Vacant(place) => place.insert(OpenRequest {
                _request: request.clone(),
                first: None,
                more: Vec::new(),
                last: None,
                over: false,
            }),
        };
        let before = open.last.replace(call.entry.clone());
        if open.first.is_none() {
            open.first = Some(call);
        } else {
            open.more.push(call);
        }
        Ok(before)
    }

    /// A call failed: it is over.
    pub(super) fn fail(&mut self, request: &Arc<RequestInfo>, number: u32) -> Option<OpenCall> {
        let open = self.0.get_mut(&key(request))?;
        let call = open.take(|call| call.number == number);
        if open.over && open.calls().next().is_none() {
            self.0.remove(&key(request));
        }
        call
    }

    /// A call came to a good verdict. It is over now only if its request is.
    pub(super) fn answer(
        &mut self,
        request: &Arc<RequestInfo>,
        number: u32,
        took: Duration,
        now: Instant,
    ) -> Option<(Arc<Entry>, Option<OpenCall>)> {
        let open = self.0.get_mut(&key(request))?;
        let over = open.over;
        let call = open.calls().find(|call| call.number == number)?;
        call.answered = Some((now.checked_sub(took).unwrap_or(now), took));
        let entry = call.entry.clone();
        Some((entry, if over { self.fail(request, number) } else { None }))
    }

    /// A call that had a good verdict and is gone on with by another one: it broke.
    pub(super) fn broken(&mut self, request: &Arc<RequestInfo>) -> Option<OpenCall> {
        self.0.get_mut(&key(request))?.take(|call| call.answered.is_some())
    }

    /// The request is over, and so are its calls that had a good verdict. Those without one are still waited for.
    pub(super) fn complete(&mut self, request: &Arc<RequestInfo>, mut each: impl FnMut(OpenCall)) {
        let Some(open) = self.0.get_mut(&key(request)) else { return };
        while let Some(call) = open.take(|call| call.answered.is_some()) {
            each(call);
        }
        open.over = true;
        if open.calls().next().is_none() {
            self.0.remove(&key(request));
        }
    }

    /// How many are at work.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
