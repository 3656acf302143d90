//! The requests of late, by their id: so that a score that comes later finds who answered.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use llm_core::{RequestInfo, Target};

/// Scores that one request may get, so that nobody decides alone by repeating.
pub(super) const MAX_SCORES: u32 = 8;

/// An answered request.
#[derive(Clone, Debug)]
pub(super) struct Answered {
    pub(super) request: Arc<RequestInfo>,
    pub(super) target: Target,
    pub(super) scores: u32,
    /// Tells it from an earlier request of the same id.
    number: u64,
}

/// A bounded memory of requests: the oldest one gives way to a new one.
#[derive(Debug)]
pub(super) struct Ring {
    capacity: usize,
    by_id: HashMap<Arc<str>, Answered>,
    order: VecDeque<(Arc<str>, u64)>,
    next: u64,
}

impl Ring {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), by_id: HashMap::new(), order: VecDeque::new(), next: 0 }
    }

    /// Remembers an answered request. A second one of the same id takes the place of the first.
    pub(super) fn insert(&mut self, request: &Arc<RequestInfo>, target: &Target) {
        while self.order.len() >= self.capacity {
            let Some((id, number)) = self.order.pop_front() else { break };
            if self.by_id.get(&id).is_some_and(|answered| answered.number == number) {
                self.by_id.remove(&id);
            }
        }
        let number = self.next;
        self.next += 1;
        let answered = Answered { request: request.clone(), target: target.clone(), scores: 0, number };
        self.by_id.insert(request.id.clone(), answered);
        self.order.push_back((request.id.clone(), number));
    }

    pub(super) fn find(&mut self, id: &str) -> Option<&mut Answered> {
        self.by_id.get_mut(id)
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }
}
