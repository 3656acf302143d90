//! Joins a second answer to what the caller has of the first. Pure.
//!
//! Of an answer made from the start, what the caller has is taken off its beginning, byte by byte and whatever its pieces
//! are. Only when all of it has been found does anything reach the caller; one byte that differs ends it.
//! Numbers of parts and ids of tool calls stay those that the caller knows.

use std::collections::{HashMap, VecDeque};

use llm_core::{Citation, Event, Extensions, Media, MediaData, PartId, PartKind, Resumption};

use super::overlap::{Joint, Overlap};
use super::sent::{Form, Sent, SentPart};

/// The second answer does not go on from the first.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::attempt) struct Mismatch;

/// A second answer on its way to the caller of the first.
#[derive(Debug)]
pub(in crate::attempt) struct Splice {
    sent: Vec<Place>,
    parts: HashMap<PartId, New>,
    /// Sent parts that have not been found again.
    missing: usize,
    joined: bool,
    /// What goes beyond what was sent, until all of that has been found.
    held: Vec<Event>,
    /// The highest number of a part that the caller knows or will know.
    highest: Option<PartId>,
    /// It comes from another target: signatures of that one would be sent back to the first.
    foreign: bool,
    /// For an answer that continues: what it repeats of the words it was given.
    overlap: Option<Overlap>,
    /// The model, as the answer names it.
    pub(in crate::attempt) model: Option<String>,
}

/// A part that the caller has, and how much of it has been found again.
#[derive(Debug)]
struct Place {
    part: SentPart,
    taken: bool,
    content: usize,
    signature: usize,
    citations: usize,
    found: bool,
    /// The caller has been told of its end.
    closed: bool,
}

/// A part of the second answer.
#[derive(Debug)]
enum New {
    /// Nothing of it shows yet.
    Empty { candidate: u32, shell: Box<PartKind> },
    /// It is the sent part of this place.
    Sent(usize),
    /// It is new to the caller, under this number.
    Beyond(PartId),
    /// It ended without anything to show.
    Dropped,
}

impl Splice {
    /// For an answer that is made from the start, or that continues these words.
    pub(super) fn new(how: Resumption, sent: Sent, foreign: bool) -> Self {
        let prefill = how == Resumption::Prefill;
        let overlap = sent.open_text().filter(|_| prefill).map(Overlap::new);
        let highest = sent.parts.iter().map(|part| part.id).max();
        let sent: Vec<Place> = sent.parts.into_iter().map(|part| Place::new(part, prefill)).collect();
        let missing = sent.iter().filter(|place| !place.found).count();
        Self {
            sent,
            parts: HashMap::new(),
            missing,
            joined: missing == 0,
            held: Vec::new(),
            highest,
            foreign,
            overlap,
            model: None,
        }
    }

    /// Whether what the caller has was found, so that what follows goes on to him.
    pub(in crate::attempt) fn is_joined(&self) -> bool {
        self.joined && self.overlap.is_none()
    }

    /// Takes the next event of the second answer; what is for the caller goes to `out`.
    pub(in crate::attempt) fn push(&mut self, event: Event, out: &mut VecDeque<Event>) -> Result<(), Mismatch> {
        match event {
            Event::Start(start) => self.model = start.model,
            Event::Ping | Event::Usage(_) if self.joined => out.push_back(event),
            Event::Ping | Event::Usage(_) => {}
            Event::Unknown { .. } if self.joined => out.push_back(event),
            // Beside words that the caller has, it is about those.
            Event::Unknown { .. } if self.held.is_empty() => {}
            Event::PartStart { part, candidate, shell } => self.start(part, candidate, shell, out)?,
            Event::TextDelta { part, text } => self.text(part, text, out)?,
            Event::ReasoningDelta { part, text } => self.say(part, text.as_bytes(), out, |part, from| {
                Event::ReasoningDelta { part, text: rest(&text, from) }
            })?,
            Event::ArgumentsDelta { part, json } => self.say(part, json.as_bytes(), out, |part, from| {
                Event::ArgumentsDelta { part, json: rest(&json, from) }
            })?,
            Event::MediaDelta { part, bytes } => {
                self.say(part, &bytes, out, |part, from| Event::MediaDelta { part, bytes: bytes.slice(from..) })?;
            }
            Event::SignatureDelta { part, signature } => self.sign(part, &signature, out)?,
            Event::Citation { part, citation } => self.cite(part, citation, out)?,
            Event::PartEnd { part, truncated, ext } => self.end(part, truncated, ext, out)?,
            Event::Finish(_) => return self.finish(event, out),
            other => self.emit(other, out),
        }
        self.join(out);
        Ok(())
    }

    fn start(
        &mut self,
        part: PartId,
        candidate: u32,
        shell: Box<PartKind>,
        out: &mut VecDeque<Event>,
    ) -> Result<(), Mismatch> {
        let (form, content, citations, _) = Form::of(&shell);
        let shows = form.shows() || !content.is_empty() || !citations.is_empty();
        if self.parts.insert(part, New::Empty { candidate, shell }).is_some() {
            return Err(Mismatch);
        }
        if shows { self.place(part, out) } else { Ok(()) }
    }

    /// Finds out which part of the first answer a part is, now that it shows something.
    fn place(&mut self, part: PartId, out: &mut VecDeque<Event>) -> Result<(), Mismatch> {
        let Some(New::Empty { candidate, shell }) = self.parts.remove(&part) else { return Err(Mismatch) };
        let (form, content, citations, call_id) = Form::of(&shell);
        let joined = self.joined;
        for (at, place) in self.sent.iter_mut().enumerate() {
            let SentPart { ended, .. } = place.part;
            if place.taken || place.part.candidate != candidate || place.part.is_empty() && ended {
                continue;
            }
            if place.part.form.is_found_in(&form) && !(joined && (ended || place.closed)) {
                place.taken = true;
                self.parts.insert(part, New::Sent(at));
                if let PartKind::Text { text, .. } = &*shell {
                    self.text(part, text.clone(), out)?;
                } else if !content.is_empty() {
                    // Only a text is said again as it was: what stands in other shells stands there whole.
                    self.say(part, content, out, |part, from| remainder(&shell, part, from))?;
                }
                return citations.iter().try_for_each(|citation| self.cite(part, Box::new(citation.clone()), out));
            }
            if !joined && !place.part.is_empty() {
                return Err(Mismatch);
            }
        }
        if !call_id.is_empty() && self.sent.iter().any(|place| place.part.call_id == call_id) {
            return Err(Mismatch);
        }
        // Parts stand in the order of their numbers.
        let after = self.highest.map_or(0, |highest| highest.0.saturating_add(1));
        let number = PartId(part.0.max(after));
        self.highest = Some(number);
        self.parts.insert(part, New::Beyond(number));
        let shell = if self.foreign { unsealed(shell) } else { shell };
        self.emit(Event::PartStart { part: number, candidate, shell }, out);
        Ok(())
    }

    fn text(&mut self, part: PartId, text: String, out: &mut VecDeque<Event>) -> Result<(), Mismatch> {
        if self.overlap.is_some() && !text.is_empty() {
            if let Some(New::Empty { .. }) = self.parts.get(&part) {
                self.place(part, out)?;
            }
            if let (Some(New::Sent(_)), Some(overlap)) = (self.parts.get(&part), &mut self.overlap) {
                let joint = overlap.push(&text);
                return self.joint(joint, part, out);
            }
        }
        self.say(part, text.as_bytes(), out, |part, from| Event::TextDelta { part, text: rest(&text, from) })
    }

    /// What the overlap says of the words that it has.
    fn joint(&mut self, joint: Joint, part: PartId, out: &mut VecDeque<Event>) -> Result<(), Mismatch> {
        match joint {
            Joint::Unclear => Ok(()),
            Joint::Elsewhere => Err(Mismatch),
            Joint::GoesOn(text) => {
                self.overlap = None;
                if text.is_empty() {
                    return Ok(());
                }
                self.say(part, text.as_bytes(), out, |part, from| Event::TextDelta { part, text: rest(&text, from) })
            }
        }
    }

    /// More of a part's content; `event` makes what of it is for the caller, from a byte on.
    fn say(
        &mut self,
        part: PartId,
        bytes: &[u8],
        out: &mut VecDeque<Event>,
        event: impl FnOnce(PartId, usize) -> Event,
    ) -> Result<(), Mismatch> {
        if bytes.is_empty() {
            return Ok(());
        }
        if let Some(New::Empty { .. }) = self.parts.get(&part) {
            self.place(part, out)?;
        }
        let event = match self.parts.get(&part) {
            Some(New::Beyond(number)) => event(*number, 0),
            Some(New::Sent(at)) => {
                let place = &mut self.sent[*at];
                let from = prefix(&place.part.content[place.content..], bytes)?;
                place.content += from;
                let id = place.part.id;
                if from == bytes.len() {
                    return Ok(());
                }
                place.goes_on()?;
                event(id, from)
            }
            _ => return Err(Mismatch),
        };
        self.emit(event, out);
        Ok(())
    }

    fn sign(&mut self, part: PartId, signature: &str, out: &mut VecDeque<Event>) -> Result<(), Mismatch> {
        if let Some(New::Empty { .. }) = self.parts.get(&part) {
            self.place(part, out)?;
        }
        let (part, from) = match self.parts.get(&part) {
            Some(New::Beyond(number)) => (*number, 0),
            Some(New::Sent(at)) => {
                let place = &mut self.sent[*at];
                let from = prefix(&place.part.signature.as_bytes()[place.signature..], signature.as_bytes())?;
                place.signature += from;
                if from < signature.len() {
                    place.goes_on()?;
                }
                (place.part.id, from)
            }
            _ => return Err(Mismatch),
        };
        if from < signature.len() && !self.foreign {
            self.emit(Event::SignatureDelta { part, signature: rest(signature, from) }, out);
        }
        Ok(())
    }

    fn cite(&mut self, part: PartId, citation: Box<Citation>, out: &mut VecDeque<Event>) -> Result<(), Mismatch> {
        if let Some(New::Empty { .. }) = self.parts.get(&part) {
            self.place(part, out)?;
        }
        let part = match self.parts.get(&part) {
            Some(New::Beyond(number)) => *number,
            Some(New::Sent(at)) => {
                let place = &mut self.sent[*at];
                if let Some(sent) = place.part.citations.get(place.citations) {
                    place.citations += 1;
                    return if *sent == *citation { Ok(()) } else { Err(Mismatch) };
                }
                place.goes_on()?;
                place.part.id
            }
            _ => return Err(Mismatch),
        };
        self.emit(Event::Citation { part, citation }, out);
        Ok(())
    }

    fn end(
        &mut self,
        part: PartId,
        truncated: bool,
        ext: Option<Box<Extensions>>,
        out: &mut VecDeque<Event>,
    ) -> Result<(), Mismatch> {
        if let (Some(New::Sent(_)), Some(overlap)) = (self.parts.get(&part), &mut self.overlap) {
            let joint = overlap.end();
            self.joint(joint, part, out)?;
        }
        let part = match self.parts.get_mut(&part) {
            Some(new @ New::Empty { .. }) => {
                *new = New::Dropped;
                return Ok(());
            }
            Some(New::Beyond(number)) => *number,
            Some(New::Sent(at)) => {
                let place = &mut self.sent[*at];
                if !place.is_said() {
                    return Err(Mismatch);
                }
                if std::mem::replace(&mut place.closed, true) {
                    return Err(Mismatch);
                }
                if place.part.ended {
                    return Ok(());
                }
                place.part.id
            }
            _ => return Err(Mismatch),
        };
        self.emit(Event::PartEnd { part, truncated, ext }, out);
        Ok(())
    }

    /// The end of the second answer. What the first left open and the second did not take up ends with it.
    fn finish(&mut self, finish: Event, out: &mut VecDeque<Event>) -> Result<(), Mismatch> {
        if let Some(overlap) = &mut self.overlap {
            // It has said nothing at all: the first answer was whole.
            let joint = overlap.end();
            match (joint, self.sent.first().map(|place| place.part.id)) {
                (Joint::GoesOn(text), Some(part)) if !text.is_empty() => {
                    out.push_back(Event::TextDelta { part, text });
                }
                (Joint::GoesOn(_), _) => {}
                _ => return Err(Mismatch),
            }
            self.overlap = None;
        }
        self.join(out);
        if !self.joined {
            return Err(Mismatch);
        }
        self.close(out);
        out.push_back(finish);
        Ok(())
    }

    /// Joins, once everything that was sent has been found.
    fn join(&mut self, out: &mut VecDeque<Event>) {
        if self.joined {
            return;
        }
        for place in self.sent.iter_mut().filter(|place| !place.found) {
            // An end must be there again as well: a part that goes on is another one.
            if place.taken && place.is_said() && (place.closed || !place.part.ended) {
                place.found = true;
                self.missing -= 1;
            }
        }
        if self.missing == 0 {
            self.joined = true;
            self.close_untaken(out);
            out.extend(self.held.drain(..));
        }
    }

    /// Ends what the first answer had begun and the second does not have.
    fn close_untaken(&mut self, out: &mut VecDeque<Event>) {
        for place in self.sent.iter_mut().filter(|place| !place.taken && !place.part.ended && !place.closed) {
            place.closed = true;
            out.push_back(Event::PartEnd { part: place.part.id, truncated: false, ext: None });
        }
    }

    fn close(&mut self, out: &mut VecDeque<Event>) {
        for place in self.sent.iter_mut().filter(|place| !place.part.ended && !place.closed) {
            place.closed = true;
            out.push_back(Event::PartEnd { part: place.part.id, truncated: false, ext: None });
        }
    }

    fn emit(&mut self, event: Event, out: &mut VecDeque<Event>) {
        if self.joined { out.push_back(event) } else { self.held.push(event) }
    }
}

impl Place {
    /// `given`: the second answer was given it, so that it need not be found.
    fn new(part: SentPart, given: bool) -> Self {
        let found = given || part.is_empty();
        let content = if given { part.content.len() } else { 0 };
        Self { part, taken: false, content, signature: 0, citations: 0, found, closed: false }
    }

    /// Whether all that the caller has of it has been found.
    fn is_said(&self) -> bool {
        self.content == self.part.content.len()
            && self.signature == self.part.signature.len()
            && self.citations == self.part.citations.len()
    }

    /// The second answer has more of it than the first: a mismatch where the first had ended it.
    fn goes_on(&self) -> Result<(), Mismatch> {
        if self.part.ended || self.closed { Err(Mismatch) } else { Ok(()) }
    }
}

/// How many bytes of `said` are those that were sent; the two agree as far as both reach.
fn prefix(sent: &[u8], said: &[u8]) -> Result<usize, Mismatch> {
    let both = sent.len().min(said.len());
    if sent[..both] == said[..both] { Ok(both) } else { Err(Mismatch) }
}

/// Equal beginnings of texts end between characters.
fn rest(text: &str, from: usize) -> String {
    text.get(from..).unwrap_or_default().to_owned()
}

/// What a shell says from a byte of its content on, as an event of its own.
fn remainder(shell: &PartKind, part: PartId, from: usize) -> Event {
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

/// Without what only the target that made it can read.
fn unsealed(mut shell: Box<PartKind>) -> Box<PartKind> {
    if let PartKind::Reasoning { encrypted, .. } = &mut *shell {
        *encrypted = None;
    }
    shell
}
