//! What may differ in requests of Ollama.

use super::usual::Rule;

pub(super) const RULES: &[Rule] = &[];
