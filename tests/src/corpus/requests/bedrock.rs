//! What may differ in requests of Bedrock.

use super::usual::Rule;

pub(super) const RULES: &[Rule] = &[];
