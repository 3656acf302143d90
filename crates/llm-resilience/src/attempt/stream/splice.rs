//! Joins a second answer to what the caller has of the first. Pure.
//!
//! Of an answer made from the start, what the caller has is taken off its beginning, byte by byte and whatever its pieces
//! are. Only when all of it has been found does anything reach the caller; one byte that differs ends it.
//! Numbers of parts and ids of tool calls stay those that the caller knows.

mod pieces;
mod place;

use std::collections::{HashMap, VecDeque};

use llm_core::{Event, PartId, PartKind, Resumption};

use self::pieces::remainder;
use self::place::Place;
use super::overlap::{Joint, Overlap};
use super::sent::{Form, Sent};

/// The second answer does not go on from the first.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mismatch;

/// A second answer on its way to the caller of the first.
#[derive(Debug)]
pub(super) struct Splice {
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
    pub(super) model: Option<String>,
}

/// A part of the second answer.
#[derive(Debug)]
enum New {
    /// Nothing of it shows yet.
    Empty { candidate: u32, shell: Box<PartKind> },
    /// What it is to the caller.
    Is(Part),
    /// It ended without anything to show.
    Dropped,
}

/// What a part of the second answer is to the caller.
#[derive(Clone, Copy, Debug)]
enum Part {
    /// The sent part of this place.
    Sent(usize),
    /// New, under this number.
    Beyond(PartId),
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
    pub(super) fn is_joined(&self) -> bool {
        self.joined && self.overlap.is_none()
    }

    /// Takes the next event of the second answer; what is for the caller goes to `out`.
    pub(super) fn push(&mut self, event: Event, out: &mut VecDeque<Event>) -> Result<(), Mismatch> {
        match event {
            Event::Start(start) => self.model = start.model,
            Event::Ping | Event::Usage(_) | Event::Unknown { .. } if self.joined => out.push_back(event),
            // The caller has no use for those of the part that he has, and what is unknown beside it is about it.
            Event::Ping | Event::Usage(_) => {}
            Event::Unknown { .. } if self.held.is_empty() => {}
            Event::PartStart { part, candidate, shell } => self.start(part, candidate, shell, out)?,
            Event::TextDelta { part, text } => self.text(part, &text, out)?,
            Event::ReasoningDelta { part, text } => self.reason(part, &text, out)?,
            Event::ArgumentsDelta { part, json } => self.call(part, &json, out)?,
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
        if shows { self.part(part, out).map(|_| ()) } else { Ok(()) }
    }

    /// What a part is that shows something now.
    fn part(&mut self, part: PartId, out: &mut VecDeque<Event>) -> Result<Part, Mismatch> {
        let (candidate, shell) = match self.parts.remove(&part) {
            Some(New::Empty { candidate, shell }) => (candidate, shell),
            Some(New::Is(known)) => {
                self.parts.insert(part, New::Is(known));
                return Ok(known);
            }
            Some(New::Dropped) | None => return Err(Mismatch),
        };
        let (form, content, citations, call_id) = Form::of(&shell);
        if let Some(at) = self.find(&form, candidate)? {
            self.sent[at].taken = true;
            self.parts.insert(part, New::Is(Part::Sent(at)));
            match &*shell {
                PartKind::Text { text, .. } => self.text(part, text, out)?,
                shell => self.say(part, content, out, |part, from| remainder(shell, part, from))?,
            }
            citations.iter().try_for_each(|citation| self.cite(part, Box::new(citation.clone()), out))?;
            return Ok(Part::Sent(at));
        }
        if !call_id.is_empty() && self.sent.iter().any(|place| place.part.call_id == call_id) {
            return Err(Mismatch);
        }
        // Parts stand in the order of their numbers.
        let after = self.highest.map_or(0, |highest| highest.0.saturating_add(1));
        let number = PartId(part.0.max(after));
        self.highest = Some(number);
        self.parts.insert(part, New::Is(Part::Beyond(number)));
        let mut shell = shell;
        if let (true, PartKind::Reasoning { encrypted, .. }) = (self.foreign, &mut *shell) {
            *encrypted = None;
        }
        self.emit(Event::PartStart { part: number, candidate, shell }, out);
        Ok(Part::Beyond(number))
    }

    /// Which sent part a part of this form is, if any: the first of its answer that is not taken.
    fn find(&self, form: &Form, candidate: u32) -> Result<Option<usize>, Mismatch> {
        for (at, place) in self.sent.iter().enumerate() {
            let ended = place.part.ended || place.closed;
            if place.taken || place.part.candidate != candidate || ended && (self.joined || place.part.is_empty()) {
                continue;
            }
            if place.part.form.is_found_in(form) {
                return Ok(Some(at));
            }
            if !self.joined && !place.part.is_empty() {
                return Err(Mismatch);
            }
        }
        Ok(None)
    }

    /// The end of the second answer. What the first left open and the second did not take up ends with it.
    fn finish(&mut self, finish: Event, out: &mut VecDeque<Event>) -> Result<(), Mismatch> {
        if let (Some(overlap), Some(open)) = (&mut self.overlap, self.sent.first()) {
            // Its text has not ended, or it has none.
            match overlap.end() {
                Joint::GoesOn(text) if text.is_empty() => {}
                Joint::GoesOn(text) => out.push_back(Event::TextDelta { part: open.part.id, text }),
                _ => return Err(Mismatch),
            }
            self.overlap = None;
        }
        self.join(out);
        if !self.joined {
            return Err(Mismatch);
        }
        self.close(out, |_| true);
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
            // What the first answer had begun and the second does not have.
            self.close(out, |place| !place.taken);
            out.extend(self.held.drain(..));
        }
    }

    /// Ends sent parts.
    fn close(&mut self, out: &mut VecDeque<Event>, which: impl Fn(&Place) -> bool) {
        for place in self.sent.iter_mut().filter(|place| !place.part.ended && !place.closed && which(place)) {
            place.closed = true;
            out.push_back(Event::PartEnd { part: place.part.id, truncated: false, ext: None });
        }
    }

    fn emit(&mut self, event: Event, out: &mut VecDeque<Event>) {
        if self.joined { out.push_back(event) } else { self.held.push(event) }
    }
}
