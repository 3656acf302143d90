//! Which message goes into which turn.

use llm_core::{ChatRequest, Error, Message, Part, PartKind, Role, Support};

use serde::ser::{Serialize, Serializer};

use super::scope::{Place, Scope};
use crate::json::{Object, Patch};

/// Instructions and turns, ready to be written.
#[derive(Debug)]
pub struct Conversation<'a, B> {
    /// What was said before all turns.
    pub system: Blocks<B>,
    /// The turns.
    pub turns: Vec<Turn<'a, B>>,
}

/// One message of a body.
#[derive(Debug)]
pub struct Turn<'a, B> {
    /// `user`, `assistant` or `system`.
    pub role: &'static str,
    /// What is said.
    pub content: Blocks<B>,
    /// Settings of the message.
    pub patch: Patch<'a>,
}

/// A block as a vendor writes it.
pub trait WrittenBlock: Serialize + Sized {
    /// The words that a list of blocks may be written as, where the vendor takes words alone.
    fn words(_blocks: &Blocks<Self>) -> Option<&str> {
        None
    }
}

/// A list of blocks, tool results first.
#[derive(Debug)]
pub struct Blocks<B> {
    /// Results of tools.
    pub results: Vec<B>,
    /// Everything else.
    pub others: Vec<B>,
}

impl<B> Default for Blocks<B> {
    fn default() -> Self {
        Self { results: Vec::new(), others: Vec::new() }
    }
}

impl<B> Blocks<B> {
    /// True without any block.
    pub fn is_empty(&self) -> bool {
        self.results.is_empty() && self.others.is_empty()
    }

    /// All blocks, in the order in which they are written.
    pub fn iter(&self) -> impl Iterator<Item = &B> {
        self.results.iter().chain(&self.others)
    }
}

impl<B: WrittenBlock> Serialize for Blocks<B> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match B::words(self) {
            Some(words) => serializer.serialize_str(words),
            None => serializer.collect_seq(self.iter()),
        }
    }
}

impl<B: WrittenBlock> Serialize for Turn<'_, B> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::new(serializer, self.patch)?;
        object.field("role", self.role)?;
        object.field("content", &self.content)?;
        object.end()
    }
}

impl<'a, B> Conversation<'a, B> {
    /// Leaves out an answer that was begun, where the model is known not to go on with one. What holds more than words is
    /// a turn that the vendor paused, which goes back to it.
    pub fn without_prefill(
        mut self,
        request: &ChatRequest,
        prefill: Support,
        scope: &mut Scope<'a, '_>,
    ) -> Result<Self, Error> {
        let begun = |message: &Message| {
            let words = |part: &Part| matches!(part.kind, PartKind::Text { .. });
            message.role == Role::Assistant && message.content.iter().all(words)
        };
        let is_begun = request.messages.last().is_some_and(|message| begun(message));
        if prefill == Support::No && is_begun && self.turns.last().is_some_and(|turn| turn.role == "assistant") {
            scope.warnings.unsupported("messages", "the model does not go on with an answer that was begun")?;
            self.turns.pop();
        }
        Ok(self)
    }

    /// Plans the turns of a request. `block` adds the blocks of one part to a list, or a warning to the scope;
    /// `mid_system` says that the target takes instructions inside the conversation.
    pub fn plan<'w>(
        request: &'a ChatRequest,
        mid_system: bool,
        scope: &mut Scope<'a, 'w>,
        mut block: impl FnMut(&mut Scope<'a, 'w>, &'a Part, Place<'a>, &mut Vec<B>) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        let mut system = Blocks::default();
        let mut turns: Vec<Turn<'a, B>> = Vec::with_capacity(request.messages.len());
        for (index, message) in request.messages.iter().enumerate() {
            if message.name.is_some() {
                scope.warnings.unsupported(&format!("messages[{index}].name"), "the vendor takes no names")?;
            }
            let role = match &message.role {
                Role::System | Role::Developer if !turns.is_empty() && mid_system => "system",
                Role::System | Role::Developer => {
                    if !turns.is_empty() {
                        let field = format!("messages[{index}]");
                        scope.warnings.adapted(&field, "instructions inside the conversation were moved to its start");
                    }
                    if !Patch::to(&message.ext, scope.to).is_empty() {
                        let field = format!("messages[{index}].ext");
                        scope.warnings.unsupported(&field, "instructions are no message to the vendor")?;
                    }
                    read(message, index, true, scope, &mut block, &mut system)?;
                    continue;
                }
                Role::User | Role::Tool => "user",
                Role::Assistant => "assistant",
                Role::Other(_) => {
                    scope.warnings.unsupported(&format!("messages[{index}].role"), "the vendor has no such role")?;
                    continue;
                }
                _ => continue,
            };
            let patch = Patch::to(&message.ext, scope.to);
            match turns.last_mut() {
                Some(turn) if turn.role == role && (patch.is_empty() || patch == turn.patch) => {
                    read(message, index, false, scope, &mut block, &mut turn.content)?;
                }
                _ => {
                    let mut turn = Turn { role, content: Blocks::default(), patch };
                    read(message, index, false, scope, &mut block, &mut turn.content)?;
                    // An answer without content is nothing to the vendor; an empty question is its to refuse.
                    if role == "user" || !turn.content.is_empty() || !turn.patch.is_empty() {
                        turns.push(turn);
                    }
                }
            }
        }
        Ok(Self { system, turns })
    }
}

fn read<'a, 'w, B>(
    message: &'a Message,
    message_index: usize,
    in_system: bool,
    scope: &mut Scope<'a, 'w>,
    block: &mut impl FnMut(&mut Scope<'a, 'w>, &'a Part, Place<'a>, &mut Vec<B>) -> Result<(), Error>,
    into: &mut Blocks<B>,
) -> Result<(), Error> {
    into.others.reserve_exact(message.content.len());
    for (part_index, part) in message.content.iter().enumerate() {
        let place = Place { message, message_index, part_index, in_system };
        let list = match part.kind {
            PartKind::ToolResult(_) => &mut into.results,
            _ => &mut into.others,
        };
        block(scope, part, place, list)?;
    }
    Ok(())
}
