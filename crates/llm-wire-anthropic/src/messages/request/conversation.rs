//! Instructions and turns as this vendor takes them.

use llm_core::{ChatRequest, Error, Support};
use llm_wire::turns::{self, Scope};

use super::parts::Parts;
use crate::block::{Block, Content};
use crate::profile::Profile;

pub(super) type Conversation<'a> = turns::Conversation<'a, Block<'a>>;

/// Plans the conversation. True when it needs version 2023-06-01.
pub(super) fn plan<'a>(
    request: &'a ChatRequest,
    profile: &Profile,
    scope: &mut Scope<'a, '_>,
) -> Result<(Conversation<'a>, bool), Error> {
    let mut parts = Parts::default();
    let mid_system = profile.mid_system == Support::Yes;
    let conversation = Conversation::plan(request, mid_system, scope, |scope, part, place, into| {
        into.extend(parts.block(scope, part, place)?);
        Ok(())
    })?;
    let mut conversation = conversation.without_prefill(request, profile.prefill, scope)?;
    if trim_prefill(&mut conversation, scope) {
        conversation.turns.pop();
    }
    Ok((conversation, parts.needs_old_version))
}

/// The vendor refuses blanks at the end of an answer that it shall continue. True when nothing else was in it.
fn trim_prefill(conversation: &mut Conversation<'_>, scope: &mut Scope<'_, '_>) -> bool {
    let Some(turn) = conversation.turns.last_mut().filter(|turn| turn.role == "assistant") else { return false };
    let content = &mut turn.content;
    let Some(Block { content: Content::Text { text, .. }, .. }) = content.others.last_mut() else { return false };
    let trimmed = text.trim_end();
    if trimmed.len() < text.len() {
        *text = trimmed;
        scope.warnings.adapted("messages", "blanks at the end of the answer to be continued were left out");
    }
    if text.is_empty() {
        content.others.pop();
    }
    content.is_empty()
}
