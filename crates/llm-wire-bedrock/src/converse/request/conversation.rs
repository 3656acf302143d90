//! From messages to the vendor's alternating turns, with the instructions apart.
//!
//! Runs of messages that the vendor files under one role become one turn. Tool results belong to the user, and all
//! results of one turn stand in one message, before anything else in it.

use llm_core::{ChatRequest, Error, Message, Role, Support};
use llm_wire::json::{Object, Patch};
use serde::ser::{Serialize, SerializeSeq, Serializer};

use super::parts::{Place, Scope, mark};
use crate::block::{Block, Content};
use crate::profile::Profile;

/// Instructions and turns, ready to be written.
pub(super) struct Conversation<'a> {
    pub(super) system: Blocks<'a>,
    pub(super) turns: Vec<Turn<'a>>,
}

/// One message of the body.
pub(super) struct Turn<'a> {
    role: &'static str,
    content: Blocks<'a>,
    patch: Patch<'a>,
}

/// A list of blocks, tool results first.
#[derive(Default)]
pub(super) struct Blocks<'a> {
    results: Vec<Block<'a>>,
    others: Vec<Block<'a>>,
}

impl Blocks<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.results.is_empty() && self.others.is_empty()
    }
}

impl<'a> Conversation<'a> {
    pub(super) fn plan(request: &'a ChatRequest, profile: &Profile, scope: &mut Scope<'a, '_>) -> Result<Self, Error> {
        let mut system = Blocks::default();
        let mut turns: Vec<Turn<'a>> = Vec::with_capacity(request.messages.len());
        for (index, message) in request.messages.iter().enumerate() {
            if message.name.is_some() {
                scope.warnings.unsupported(&format!("messages[{index}].name"), "the vendor takes no names")?;
            }
            let role = match &message.role {
                Role::System | Role::Developer if !turns.is_empty() && profile.mid_system == Support::Yes => "system",
                Role::System | Role::Developer => {
                    if !turns.is_empty() {
                        let field = format!("messages[{index}]");
                        scope.warnings.adapted(&field, "instructions inside the conversation were moved to its start");
                    }
                    if message.ext.of(&scope.to.provider).or_else(|| message.ext.of(&scope.to.api)).is_some() {
                        let field = format!("messages[{index}].ext");
                        scope.warnings.unsupported(&field, "instructions are no message to the vendor")?;
                    }
                    read(message, index, true, scope, &mut system)?;
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
                    read(message, index, false, scope, &mut turn.content)?;
                }
                _ => {
                    let mut turn = Turn { role, content: Blocks::default(), patch };
                    read(message, index, false, scope, &mut turn.content)?;
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

fn read<'a>(
    message: &'a Message,
    message_index: usize,
    in_system: bool,
    scope: &mut Scope<'a, '_>,
    into: &mut Blocks<'a>,
) -> Result<(), Error> {
    into.others.reserve_exact(message.content.len());
    for (part_index, part) in message.content.iter().enumerate() {
        let place = Place { message, message_index, part_index, in_system };
        let Some(block) = scope.block(part, place)? else { continue };
        let list = match block.content {
            Content::ToolResult { .. } => &mut into.results,
            _ => &mut into.others,
        };
        list.push(block);
        if let Some(hint) = mark(part) {
            list.push(Block::new(Content::CachePoint(scope.cache(hint, || place.path(".cache")))));
        }
    }
    Ok(())
}

impl Serialize for Blocks<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(Some(self.results.len() + self.others.len()))?;
        self.results.iter().chain(&self.others).try_for_each(|block| seq.serialize_element(block))?;
        seq.end()
    }
}

impl Serialize for Turn<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::new(serializer, self.patch)?;
        object.field("role", self.role)?;
        object.field("content", &self.content)?;
        object.end()
    }
}
