//! What may differ in requests of Gemini.

use super::usual::Rule;

pub(super) const RULES: &[Rule] = &[];
