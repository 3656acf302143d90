//! The pieces of a second answer: what of each the caller has, and what is for him.

use std::collections::VecDeque;

use llm_core::{Citation, Event, Extensions, Media, MediaData, PartId, PartKind};

use super::{Joint, Mismatch, New, Part, Splice};

impl Splice {
    /// More of a part's content; `event` makes what of it is for the caller, from a byte on.
    pub(super) fn say(
        &mut self,
        part: PartId,
        bytes: &[u8],
        out: &mut VecDeque<Event>,
        event: impl FnOnce(PartId, usize) -> Event,
    ) -> Result<(), Mismatch> {
        if bytes.is_empty() {
            return Ok(());
        }
        let (part, from) = match self.part(part, out)? {
            Part::Beyond(number) => (number, 0),
            Part::Sent(at) => {
                let place = &mut self.sent[at];
                (place.part.id, place.say(bytes)?)
            }
        };
        if from < bytes.len() {
            self.emit(event(part, from), out);
        }
        Ok(())
    }

    pub(super) fn text(&mut self, part: PartId, text: &str, out: &mut VecDeque<Event>) -> Result<(), Mismatch> {
        if self.overlap.is_some() && !text.is_empty() && matches!(self.part(part, out)?, Part::Sent(_)) {
            let joint = self.overlap.as_mut().map_or(Joint::Unclear, |overlap| overlap.push(text));
            return self.joint(joint, part, out);
        }
        self.say(part, text.as_bytes(), out, |part, from| Event::TextDelta { part, text: rest(text, from) })
    }

    /// What the overlap says of the words that it has.
    fn joint(&mut self, joint: Joint, part: PartId, out: &mut VecDeque<Event>) -> Result<(), Mismatch> {
        match joint {
            Joint::Unclear => Ok(()),
            Joint::Elsewhere => Err(Mismatch),
            Joint::GoesOn(text) => {
                self.overlap = None;
                self.text(part, &text, out)
            }
        }
    }

    pub(super) fn reason(&mut self, part: PartId, text: &str, out: &mut VecDeque<Event>) -> Result<(), Mismatch> {
        self.say(part, text.as_bytes(), out, |part, from| Event::ReasoningDelta { part, text: rest(text, from) })
    }

    pub(super) fn call(&mut self, part: PartId, json: &str, out: &mut VecDeque<Event>) -> Result<(), Mismatch> {
        self.say(part, json.as_bytes(), out, |part, from| Event::ArgumentsDelta { part, json: rest(json, from) })
    }

    pub(super) fn sign(&mut self, part: PartId, signature: &str, out: &mut VecDeque<Event>) -> Result<(), Mismatch> {
        let (part, from) = match self.part(part, out)? {
            Part::Beyond(number) => (number, 0),
            Part::Sent(at) => {
                let place = &mut self.sent[at];
                (place.part.id, place.sign(signature)?)
            }
        };
        if from < signature.len() && !self.foreign {
            self.emit(Event::SignatureDelta { part, signature: rest(signature, from) }, out);
        }
        Ok(())
    }

    pub(super) fn cite(
        &mut self,
        part: PartId,
        citation: Box<Citation>,
        out: &mut VecDeque<Event>,
    ) -> Result<(), Mismatch> {
        let part = match self.part(part, out)? {
            Part::Beyond(number) => number,
            Part::Sent(at) => {
                let place = &mut self.sent[at];
                if let Some(sent) = place.part.citations.get(place.citations) {
                    place.citations += 1;
                    return if *sent == *citation { Ok(()) } else { Err(Mismatch) };
                }
                place.goes_on()?;
                place.part.id
            }
        };
        self.emit(Event::Citation { part, citation }, out);
        Ok(())
    }

    pub(super) fn end(
        &mut self,
        part: PartId,
        truncated: bool,
        ext: Option<Box<Extensions>>,
        out: &mut VecDeque<Event>,
    ) -> Result<(), Mismatch> {
        let known = match self.parts.get_mut(&part) {
            Some(New::Is(known)) => *known,
            Some(new @ New::Empty { .. }) => {
                *new = New::Dropped;
                return Ok(());
            }
            Some(New::Dropped) | None => return Err(Mismatch),
        };
        let number = match known {
            Part::Beyond(number) => number,
            Part::Sent(at) => {
                if let Some(overlap) = &mut self.overlap {
                    let joint = overlap.end();
                    self.joint(joint, part, out)?;
                }
                let place = &mut self.sent[at];
                if !place.is_said() || std::mem::replace(&mut place.closed, true) {
                    return Err(Mismatch);
                }
                if place.part.ended {
                    return Ok(());
                }
                place.part.id
            }
        };
        self.emit(Event::PartEnd { part: number, truncated, ext }, out);
        Ok(())
    }
}

/// Equal beginnings of texts end between characters.
fn rest(text: &str, from: usize) -> String {
    text.get(from..).unwrap_or_default().to_owned()
}

/// What a shell says from a byte of its content on, as an event of its own.
pub(super) fn remainder(shell: &PartKind, part: PartId, from: usize) -> Event {
    match shell {
        PartKind::Reasoning { text, .. } => Event::ReasoningDelta { part, text: rest(text, from) },
        PartKind::ToolCall(call) => Event::ArgumentsDelta { part, json: rest(&call.arguments, from) },
        PartKind::Media(Media { data: MediaData::Inline { bytes }, .. }) => {
            Event::MediaDelta { part, bytes: bytes.slice(from..) }
        }
        PartKind::Text { text, .. } | PartKind::Refusal { text } => Event::TextDelta { part, text: rest(text, from) },
        _ => Event::Ping,
    }
}
