//! Which result belongs to which call, where a client leaves the ids out (recorded traffic of 2025 to Writer).

use std::collections::VecDeque;

use llm_core::{Message, PartKind};

use super::message::{Wrong, at};

/// The calls that have no result yet, and how many there were.
#[derive(Default)]
pub(super) struct Calls {
    open: VecDeque<String>,
    count: usize,
}

impl Calls {
    /// Gives every call without an id one, and every result the id of the first call that has none yet.
    pub(super) fn name(&mut self, message: &mut Message) -> Result<(), Wrong> {
        for part in &mut message.content {
            match &mut part.kind {
                PartKind::ToolCall(call) => {
                    if call.id.is_empty() {
                        call.id = format!("call_{}", self.count);
                    }
                    self.count += 1;
                    self.open.push_back(call.id.clone());
                }
                PartKind::ToolResult(result) if result.call_id.is_empty() => {
                    result.call_id = self.open.pop_front().ok_or_else(|| at(".tool_call_id", "is missing"))?;
                }
                PartKind::ToolResult(result) => self.open.retain(|open| *open != result.call_id),
                _ => {}
            }
        }
        Ok(())
    }
}
