//! Several calls of one turn as turns of one call each, for vendors that take no more.

use super::out::{Content, Out};

/// The messages with one call each, and whether that changed any: each call stands before its own result.
///
/// A turn that has not exactly one result for every call stays as it is, so that no call is lost.
pub(super) fn alone(messages: Vec<Out<'_>>, null_content: bool) -> (Vec<Out<'_>>, bool) {
    let mut out = Vec::with_capacity(messages.len());
    let mut changed = false;
    let mut rest = messages.into_iter().peekable();
    while let Some(mut turn) = rest.next() {
        if turn.calls.len() < 2 {
            out.push(turn);
            continue;
        }
        let mut results = Vec::with_capacity(turn.calls.len());
        while let Some(result) = rest.next_if(|next| next.tool_call_id.is_some()) {
            results.push(result);
        }
        let answers = |id: &str| results.iter().filter(|result| result.tool_call_id.as_deref() == Some(id)).count();
        if results.len() != turn.calls.len() || turn.calls.iter().any(|call| answers(&call.id) != 1) {
            out.push(turn);
            out.extend(results);
            continue;
        }
        changed = true;
        for (index, call) in std::mem::take(&mut turn.calls).into_iter().enumerate() {
            let place = results.iter().position(|result| result.tool_call_id.as_deref() == Some(&*call.id));
            let mut before = if index == 0 { std::mem::take(&mut turn) } else { another(null_content) };
            before.calls.push(call);
            out.push(before);
            out.extend(place.map(|place| results.remove(place)));
        }
    }
    (out, changed)
}

/// A turn of nothing but a call.
fn another<'a>(null_content: bool) -> Out<'a> {
    Out { role: "assistant", content: if null_content { Content::Null } else { Content::Absent }, ..Out::default() }
}
