//! A primary and those who step in for it, in tiers.

use super::Strategy;
use crate::target::TargetSpec;

/// By tier, lower ones first, and within a tier as listed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Priority;

impl Strategy for Priority {
    fn name(&self) -> &'static str {
        "priority"
    }

    fn order(&self, targets: &[TargetSpec]) -> Vec<usize> {
        let mut order: Vec<usize> = (0..targets.len()).collect();
        order.sort_by_key(|&place| targets[place].priority);
        order
    }
}
