//! One target and nobody else: for requirements that only one model meets, and for predictable behaviour.

use super::Strategy;
use crate::target::TargetSpec;

/// The first target that is listed and nobody else.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manual;

impl Strategy for Manual {
    fn name(&self) -> &'static str {
        "manual"
    }

    fn order(&self, targets: &[TargetSpec]) -> Vec<usize> {
        (0..targets.len()).take(1).collect()
    }
}
