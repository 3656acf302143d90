//! Remembers who answered last.

use std::sync::{Mutex, PoisonError};

use llm_core::{Observed, Observer, Target};

/// Remembers who answered last.
#[derive(Default)]
pub(crate) struct Current {
    target: Mutex<Option<Target>>,
}

impl Current {
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
    }
}
