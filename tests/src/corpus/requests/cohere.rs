//! What may differ in requests of Cohere's chats.

use super::usual::Rule;

pub(super) const RULES: &[Rule] = &[];
