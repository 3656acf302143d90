//! Remembers who answered last, and hands everything on to the application's own observer.

use std::sync::{Arc, Mutex, PoisonError};

use llm_core::{Observed, Observer, Target};

/// Remembers who answered last.
#[derive(Default)]
pub(crate) struct Current {
    target: Mutex<Option<Target>>,
    next: Option<Arc<dyn Observer>>,
}

impl Current {
    pub(crate) fn new(next: Option<Arc<dyn Observer>>) -> Self {
        Self { target: Mutex::default(), next }
    }

    pub(crate) fn target(&self) -> Option<Target> {
        self.target.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Observer for Current {
    fn on(&self, event: &Observed) {
        if let Observed::Completed { target: Some(target), error: None, .. } = event {
            let mut current = self.target.lock().unwrap_or_else(PoisonError::into_inner);
            if current.as_ref() != Some(target) {
                *current = Some(target.clone());
            }
        }
        if let Some(next) = &self.next {
            next.on(event);
        }
    }
}
