//! On whose account a request goes.

use std::collections::BTreeMap;

use llm_core::{Cx, Request};

/// Whose request it is, and where it goes. The one place where identity becomes money.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Subject<'a> {
    /// The provider that is called, once that is known.
    pub provider: Option<&'a str>,
    /// The provider's name of the model, once that is known.
    pub model: Option<&'a str>,
    /// The key it came with: the label `key`, or the tenant.
    pub key: Option<&'a str>,
    /// Whom it is for: the hint, the label `user`, or the end user that the request names.
    pub user: Option<&'a str>,
    /// The label `team`.
    pub team: Option<&'a str>,
    /// All labels.
    pub tags: Option<&'a BTreeMap<String, String>>,
}

impl<'a> Subject<'a> {
    /// What the environment and the request say.
    pub fn of(cx: &'a Cx, request: &'a Request) -> Self {
        let payer = Self::of_payer(cx.tenant.as_deref(), cx.tags.as_deref());
        let end_user = match request {
            Request::Chat(chat) | Request::ChatStream(chat) => chat.end_user.as_deref(),
            _ => None,
        };
        let hinted = cx.hints.as_ref().and_then(|hints| hints.user.as_deref());
        Self { user: hinted.or(payer.user).or(end_user), ..payer }
    }

    /// At a target.
    pub fn at(mut self, provider: &'a str, model: &'a str) -> Self {
        (self.provider, self.model) = (Some(provider), Some(model));
        self
    }

    /// Of this tenant with these labels, where nothing else is known.
    pub fn of_payer(tenant: Option<&'a str>, tags: Option<&'a BTreeMap<String, String>>) -> Self {
        let tag = |name: &str| tags.and_then(|tags| tags.get(name)).map(String::as_str);
        Self { key: tag("key").or(tenant), user: tag("user"), team: tag("team"), tags, ..Self::default() }
    }
}
