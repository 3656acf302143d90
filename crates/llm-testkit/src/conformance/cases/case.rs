//! One case, and how cases are made.

use llm_core::{Extensions, Request};

use super::super::subject::INSTANCE;

/// One field.
pub(in super::super) struct Case {
    /// For findings.
    pub(in super::super) name: String,
    /// What a warning about it must name.
    pub(in super::super) field: &'static str,
    pub(in super::super) base: Request,
    pub(in super::super) changed: Request,
    /// Pieces of its value that stand in the request when it is sent; forms of one piece with `|` between them.
    pub(in super::super) marks: Vec<String>,
    pub(in super::super) fate: Fate,
}

impl Case {
    /// True when what was written has every piece of the value.
    pub(in super::super) fn is_shown(&self, wire: &str) -> bool {
        self.marks.iter().all(|mark| mark.split('|').any(|form| wire.contains(form)))
    }
}

/// What must become of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Fate {
    SentOrWarned,
    /// Without it there is no request.
    Sent,
    /// Where the text stood in the request that the other one has in its place, it stands there.
    Instead(&'static str),
    /// No vendor can take it.
    Warned,
    /// It is for somebody else, and leaving it out needs no word.
    Withheld,
}

/// Cases of one kind of request.
pub(super) struct Cases<R> {
    pub(super) plain: R,
    ask: fn(R) -> Request,
    pub(super) list: Vec<Case>,
}

impl<R: Clone> Cases<R> {
    pub(super) fn new(plain: R, ask: fn(R) -> Request) -> Self {
        Self { plain, ask, list: Vec::new() }
    }

    /// A field that the plain request does not have.
    pub(super) fn field(&mut self, field: &'static str, marks: &[&str], set: impl FnOnce(&mut R)) {
        self.change(field, field, marks, |_| {}, set);
    }

    /// A field that the plain request does not have, by another name than its own.
    pub(super) fn named(&mut self, name: &str, field: &'static str, marks: &[&str], set: impl FnOnce(&mut R)) {
        self.change(name, field, marks, |_| {}, set);
    }

    /// A field with what must be there beside it.
    pub(super) fn change(
        &mut self,
        name: &str,
        field: &'static str,
        marks: &[&str],
        prepare: impl FnOnce(&mut R),
        set: impl FnOnce(&mut R),
    ) {
        let mut base = self.plain.clone();
        prepare(&mut base);
        let mut changed = base.clone();
        set(&mut changed);
        self.list.push(Case {
            name: name.to_owned(),
            field,
            base: (self.ask)(base),
            changed: (self.ask)(changed),
            marks: marks.iter().map(|mark| (*mark).to_owned()).collect(),
            fate: Fate::SentOrWarned,
        });
    }

    /// Something without which there is no request.
    pub(super) fn heart(&mut self, name: &str, field: &'static str, mark: &str, set: impl FnOnce(&mut R)) {
        self.named(name, field, &[mark], set);
        self.last(Fate::Sent);
    }

    /// The model stands in the request, whatever else does; addresses have it percent-encoded.
    pub(super) fn model(&mut self, model: &str) {
        let encoded = model.replace(':', "%3A").replace('/', "%2F").replace('@', "%40");
        self.heart("model", "model", &format!("{model}|{encoded}"), |_| {});
    }

    /// A field whose name this version does not know. No vendor is sent it.
    pub(super) fn unknown(&mut self, name: &str, field: &'static str, marks: &[&str], set: impl FnOnce(&mut R)) {
        self.named(name, field, marks, set);
        self.last(Fate::Warned);
    }

    /// Settings of this provider, of its wire family and of another provider.
    pub(super) fn extensions(&mut self, api: &str, of: fn(&mut R) -> &mut Extensions) {
        let marks = &["x_ext_7351", "value-7351"];
        for reader in [INSTANCE, api] {
            self.named(&format!("ext of {reader:?}"), "ext", marks, |request| {
                of(request).set(reader, "x_ext_7351", "value-7351");
            });
        }
        self.named("ext of another provider", "ext", marks, |request| {
            of(request).set("someone-else", "x_ext_7351", "value-7351");
        });
        self.last(Fate::Withheld);
    }

    /// The last case has another fate.
    pub(super) fn last(&mut self, fate: Fate) {
        if let Some(case) = self.list.last_mut() {
            case.fate = fate;
        }
    }
}
