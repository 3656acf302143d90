//! Settings, checked and made ready, and what they make of texts and requests.

use std::borrow::Cow;
use std::sync::Arc;

use llm_core::{ChatRequest, Error, ErrorKind, Message, PartKind, PromptSavings, Request, Role, TokenEstimator};

use super::lines::lines;
use super::phrases::Phrases;
use super::settings::{Rule, Settings};
use super::{json, whitespace};

/// Makes prompts shorter. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Optimiser(Arc<Ready>);

#[derive(Debug)]
struct Ready {
    whitespace: bool,
    phrases: Option<Phrases>,
    roles: Vec<Role>,
    min_bytes: usize,
}

/// What became of one text.
struct Shortened {
    /// The shorter one, where it is shorter.
    text: Option<String>,
    /// It ended inside of code, so that the next one may be more of that.
    unclosed: bool,
}

impl Optimiser {
    /// Checks the settings. Phrases must be words, and roles those of people: the model's own words and the results of tools go
    /// back as they came.
    pub fn new(settings: &Settings) -> Result<Self, Error> {
        if let Some(role) =
            settings.roles.iter().find(|role| !matches!(role, Role::User | Role::System | Role::Developer))
        {
            let what = format!(
                "reading the roles of the prompt optimiser: the words of {role} are never changed, leave it out"
            );
            return Err(Error::new(ErrorKind::Config, what));
        }
        let own = settings.rules.contains(&Rule::Phrases);
        // Phrases are checked even where they are not used: they are wrong either way.
        let phrases = Phrases::new(settings.english, &settings.phrases)?;
        Ok(Self(Arc::new(Ready {
            whitespace: settings.rules.contains(&Rule::Whitespace),
            phrases: own.then_some(phrases),
            roles: settings.roles.clone(),
            min_bytes: settings.min_bytes,
        })))
    }

    /// Whether it follows any rule.
    pub fn is_on(&self) -> bool {
        (self.0.whitespace || self.0.phrases.is_some()) && !self.0.roles.is_empty()
    }

    /// A text, made shorter where that changes nothing of its meaning. Doing it twice is doing it once.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.shorten(text).text.map_or(Cow::Borrowed(text), Cow::Owned)
    }

    /// A request, made shorter in place; what was saved, when anything was. Nothing is copied when nothing was.
    ///
    /// Touched are the text parts of messages of the chosen roles, and of these only plain ones: no part with a signature or
    /// citations, which speak of the words as they are.
    pub fn request(&self, request: &mut Arc<ChatRequest>, estimator: &dyn TokenEstimator) -> Option<PromptSavings> {
        if !self.is_on() {
            return None;
        }
        let (mut before, mut after, mut bytes) = (Vec::new(), Vec::new(), 0);
        for place in 0..request.messages.len() {
            let message = &request.messages[place];
            let Some(shorter) = self.message(message) else { continue };
            let shorter = Arc::new(shorter);
            bytes += length(message).saturating_sub(length(&shorter));
            before.push(message.clone());
            after.push(shorter.clone());
            Arc::make_mut(request).messages[place] = shorter;
        }
        if before.is_empty() {
            return None;
        }
        // Only what was changed is counted: the rest is the same before and after.
        let tokens = |messages| {
            let mut part = ChatRequest::new(request.model.as_str());
            part.messages = messages;
            estimator.estimate(&request.model, &Request::Chat(Arc::new(part))).input
        };
        Some(PromptSavings::new(bytes, tokens(before).saturating_sub(tokens(after))))
    }

    fn message(&self, message: &Message) -> Option<Message> {
        if !self.0.roles.contains(&message.role) {
            return None;
        }
        let mut changed: Option<Message> = None;
        for (place, part) in message.content.iter().enumerate() {
            let PartKind::Text { text, citations } = &part.kind else { continue };
            if part.signature.is_some() || !citations.is_empty() {
                continue;
            }
            let shortened = self.shorten(text);
            if let Some(shorter) = shortened.text {
                let message = changed.get_or_insert_with(|| message.clone());
                message.content[place].kind = PartKind::Text { text: shorter, citations: Vec::new() };
            }
            if shortened.unclosed {
                break;
            }
        }
        changed
    }

    fn shorten(&self, text: &str) -> Shortened {
        let Ready { whitespace, phrases, min_bytes, .. } = &*self.0;
        let as_it_is = |unclosed| Shortened { text: None, unclosed };
        if json::is_whole(text) {
            return as_it_is(false);
        }
        let Some(cut) = lines(text) else { return as_it_is(true) };
        if text.len() < *min_bytes {
            return as_it_is(cut.unclosed);
        }
        let tidy = if *whitespace { whitespace::shorten(text, &cut.lines) } else { None };
        let Some(phrases) = phrases else { return Shortened { text: tidy, unclosed: cut.unclosed } };
        let terse = match &tidy {
            None => phrases.shorten(text, &cut.lines),
            Some(tidy) => lines(tidy).and_then(|cut| phrases.shorten(tidy, &cut.lines)),
        };
        Shortened { text: terse.or(tidy), unclosed: cut.unclosed }
    }
}

/// Bytes of a message's texts.
fn length(message: &Message) -> u64 {
    message.content.iter().filter_map(llm_core::Part::as_text).map(|text| text.len() as u64).sum()
}
