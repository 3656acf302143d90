//! Chats: the conversation, and what stands beside it.

use llm_core::{CacheHint, ChatRequest, Message, Part, Request, Role};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use super::super::subject::INSTANCE;
use super::case::{Case, Cases, Fate};
use super::{history, media, output, tools};

pub(super) type Chats = Cases<ChatRequest>;

/// The smallest request.
pub(super) fn plain(model: &str) -> ChatRequest {
    ChatRequest::new(model).with_user("Hello")
}

/// Every field of a [`ChatRequest`].
pub(super) fn all(model: &str, api: &str) -> Vec<Case> {
    let mut cases = Cases::new(plain(model), |request| Request::Chat(Arc::new(request)));
    cases.model(model);
    conversation(&mut cases);
    message(&mut cases);
    part(&mut cases);
    media::all(&mut cases);
    history::all(&mut cases, api);
    tools::all(&mut cases, api);
    output::all(&mut cases);
    rest(&mut cases, api);
    cases.list
}

impl Chats {
    /// One more part in the user's message.
    pub(super) fn user_part(&mut self, name: &str, marks: &[&str], part: Part) {
        self.named(name, "messages", marks, |request| {
            request.messages = vec![Message::user("Hello").with_part(part).into()];
        });
    }

    /// One more part in a message of the model's.
    pub(super) fn assistant_part(&mut self, name: &str, marks: &[&str], part: Part) {
        let message = Message::assistant("Hi");
        self.change(name, "messages", marks, said(message.clone()), said(message.with_part(part)));
    }

    /// The part of a message of the model's in another form.
    pub(super) fn assistant_change(&mut self, name: &str, marks: &[&str], base: Part, changed: Part) {
        let of = |part| said(Message::assistant("Hi").with_part(part));
        self.change(name, "messages", marks, of(base), of(changed));
    }
}

/// The conversation has a message of the model's in its middle.
fn said(message: Message) -> impl FnOnce(&mut ChatRequest) {
    move |request| {
        request.messages = vec![Message::user("Hello").into(), message.into(), Message::user("Go on").into()];
    }
}

fn conversation(cases: &mut Chats) {
    cases.named("the text of a message", "messages", &["words-7351"], |request| {
        request.messages = vec![Message::user("words-7351").into()];
    });
    cases.last(Fate::Sent);
    cases.user_part("a second text part", &["words-7351"], Part::text("words-7351"));
    for role in [Role::System, Role::Developer] {
        cases.named(&format!("a message of the role {role}"), "messages", &["words-7351"], |request| {
            request.messages.insert(0, Message::new(role, vec![Part::text("words-7351")]).into());
        });
    }
    cases.named("a system message in the middle", "messages", &["words-7351"], |request| {
        request.messages.push(Message::system("words-7351").into());
        request.messages.push(Message::user("Go on").into());
    });
    cases.named("a message of an unknown role", "messages", &["words-7351"], |request| {
        request.messages.push(Message::new("x_role".into(), vec![Part::text("words-7351")]).into());
    });
    cases.named("a message of the model's at the end", "messages", &["words-7351"], |request| {
        request.messages.push(Message::assistant("words-7351").into());
    });
}

fn message(cases: &mut Chats) {
    let message = |change: fn(&mut Message)| {
        move |request: &mut ChatRequest| {
            let mut message = Message::user("Hello");
            change(&mut message);
            request.messages = vec![message.into()];
        }
    };
    let name = message(|message| message.name = Some("Ada_7351".to_owned()));
    cases.named("a message's name", "messages", &["Ada_7351"], name);
    let ext = message(|message| message.ext.set(INSTANCE, "x_ext", "words-7351"));
    cases.named("a message's ext", "messages", &["words-7351"], ext);
    let ext = message(|message| message.ext.set("someone-else", "x_ext", "words-7351"));
    cases.named("a message's ext of another provider", "messages", &["words-7351"], ext);
    cases.last(Fate::Withheld);
    let extra = message(|message| drop(message.extra.insert("x_extra".to_owned(), "words-7351".into())));
    cases.unknown("a message's field that this version does not know", "messages", &["words-7351"], extra);
}

fn part(cases: &mut Chats) {
    let part = |change: fn(&mut Part)| {
        move |request: &mut ChatRequest| {
            let mut part = Part::text("Hello");
            change(&mut part);
            request.messages = vec![Message::new(Role::User, vec![part]).into()];
        }
    };
    let ext = part(|part| part.ext.set(INSTANCE, "x_ext", "words-7351"));
    cases.named("a part's ext", "messages", &["words-7351"], ext);
    let ext = part(|part| part.ext.set("someone-else", "x_ext", "words-7351"));
    cases.named("a part's ext of another provider", "messages", &["words-7351"], ext);
    cases.last(Fate::Withheld);
    let extra = part(|part| drop(part.extra.insert("x_extra".to_owned(), "words-7351".into())));
    cases.unknown("a part's field that this version does not know", "messages", &["words-7351"], extra);
    let hint = part(|part| part.cache = Some(CacheHint { ttl: None }));
    cases.named("a part's cache hint", "messages", &[], hint);
    let longer = part(|part| part.cache = Some(CacheHint { ttl: Some(Duration::from_secs(3600)) }));
    cases.change("the time of a cache hint", "messages", &[], hint, longer);
    let system = |part: Part| {
        move |request: &mut ChatRequest| {
            let message = Message::new(Role::System, vec![part]);
            request.messages = vec![message.into(), Message::user("Hello").into()];
        }
    };
    let plain = Part::text("Be brief");
    let hinted = Part { cache: Some(CacheHint { ttl: None }), ..plain.clone() };
    cases.change("a cache hint of a system message", "messages", &[], system(plain), system(hinted));
}

fn rest(cases: &mut Chats, api: &str) {
    cases.field("service_tier", &["tier-7351"], |request| request.service_tier = Some("tier-7351".to_owned()));
    cases.field("end_user", &["user-7351"], |request| request.end_user = Some("user-7351".to_owned()));
    cases.field("metadata", &["label_7351", "value-7351"], |request| {
        request.metadata.insert("label_7351".to_owned(), "value-7351".to_owned());
    });
    cases.extensions(api, |request| &mut request.ext);
    cases.unknown("a field that this version does not know", "x_extra_7351", &["value-7351"], |request| {
        request.extra.insert("x_extra_7351".to_owned(), "value-7351".into());
    });
    cases.named("a field of a body of this wire family", "ext", &["x_form_7351", "value-7351"], |request| {
        let form = Cow::Owned(api.to_owned());
        request.ext.set(&form, "x_form_7351", "value-7351");
        request.form = Some(form);
    });
    cases.unknown("a field of another protocol's body", "x_form_7351", &["value-7351"], |request| {
        request.ext.set("another-protocol", "x_form_7351", "value-7351");
        request.form = Some("another-protocol".into());
    });
}
