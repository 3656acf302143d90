//! What a call may cost at most, before it is sent: for whoever sets money aside for it.

use llm_core::{ChatRequest, Component, PartKind, Request, TokenEstimate, Tool, Usd};

use crate::catalog::Catalog;
use crate::price::ModelPrice;
use crate::terms::Terms;

/// What a call may cost at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AtMost {
    /// Its input as it was estimated, and what is billed for the request itself.
    pub likely_input: Usd,
    /// The same at most.
    pub input: Usd,
    /// One token of output; of several answers, one token in each.
    pub output_token: Usd,
}

/// Estimates are wrong by some percent, in both directions: of a hundred tokens so many more are thought of.
const MARGIN_PERCENT: u64 = 25;

impl Catalog {
    /// What a call may cost at most, for which so many tokens were estimated; `None` when a price is not known. See
    /// [`AtMost::of`].
    pub fn at_most(
        &self,
        provider: &str,
        request: &Request,
        tokens: TokenEstimate,
        terms: &Terms<'_>,
    ) -> Option<AtMost> {
        AtMost::of(&self.price(provider, request.model(), terms).ok()?, request, tokens)
    }
}

impl AtMost {
    /// What a call may cost at most at a price, for which so many tokens were estimated: a quarter more input than that, at
    /// the dearest price that its parts can come under (tokens written to a prompt cache cost more at some vendors, audio at
    /// most). `None` when the price of input or output is not known.
    pub fn of(price: &ModelPrice, request: &Request, tokens: TokenEstimate) -> Option<Self> {
        let chat = match request {
            Request::Chat(chat) | Request::ChatStream(chat) => Some(&**chat),
            _ => None,
        };
        let input_tokens = tokens.input.saturating_add(tokens.input.saturating_mul(MARGIN_PERCENT).div_ceil(100));
        let per_token = |components: &[Component], must: Component| dearest(price, components, must, input_tokens);
        let input = match input_tokens {
            0 => 0,
            _ => per_token(&of_input(chat), Component::Input)?.checked_mul(u128::from(input_tokens))?,
        };
        let likely = price.exact(Component::Input, tokens.input, tokens.input).unwrap_or(0);
        let request = price.exact(Component::Request, 1, input_tokens).unwrap_or(0);
        let answers = chat.and_then(|chat| chat.sampling.candidates).map_or(1, |answers| u128::from(answers.max(1)));
        let output_token = match tokens.max_output {
            Some(0) => 0,
            _ => per_token(&[Component::Output, Component::Reasoning], Component::Output)?.checked_mul(answers)?,
        };
        Some(Self {
            likely_input: up(likely.checked_add(request)?),
            input: up(input.checked_add(request)?),
            output_token: up(output_token),
        })
    }
}

/// What the input of a request may be billed as.
fn of_input(chat: Option<&ChatRequest>) -> Vec<Component> {
    let mut components = vec![Component::Input];
    let Some(chat) = chat else { return components };
    let parts = || chat.messages.iter().flat_map(|message| &message.content);
    if parts().any(|part| part.cache.is_some()) || chat.tools.iter().any(|tool| is_cached(tool)) {
        components.extend([Component::CacheWrite, Component::CacheWrite1h]);
    }
    for part in parts() {
        let PartKind::Media(media) = &part.kind else { continue };
        for (kind, component) in
            [("audio/", Component::InputAudio), ("image/", Component::InputImage), ("video/", Component::InputVideo)]
        {
            if media.media_type.starts_with(kind) && !components.contains(&component) {
                components.push(component);
            }
        }
    }
    components
}

fn is_cached(tool: &Tool) -> bool {
    matches!(tool, Tool::Function(function) if function.cache.is_some())
}

/// What one token of these costs at most; `None` when the price of the one is not known that all are billed as otherwise.
fn dearest(price: &ModelPrice, components: &[Component], must: Component, input: u64) -> Option<u128> {
    price.exact(must, 1, input)?;
    components.iter().filter_map(|component| price.exact(*component, 1, input)).max()
}

/// As dollars, rounded up to a trillionth.
fn up(exact: u128) -> Usd {
    Usd::from_picos(exact.div_ceil(crate::unit::COMMON))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use llm_core::{CacheHint, Media, Message, Part};

    use super::*;
    use crate::overlay::{ModelOverlay, Overlay};

    fn usd(text: &str) -> Usd {
        text.parse().unwrap()
    }

    fn catalog() -> Catalog {
        let model = [
            (Component::Input, "1"),
            (Component::CacheWrite, "2"),
            (Component::InputAudio, "8"),
            (Component::Output, "4"),
            (Component::Request, "0.001"),
        ]
        .into_iter()
        .fold(ModelOverlay::new("lab", "m"), |model, (component, price)| model.with_price(component, usd(price)));
        Catalog::empty().with_overlay(Overlay::default().with(model))
    }

    fn at_most(chat: ChatRequest, tokens: TokenEstimate) -> Option<AtMost> {
        catalog().at_most("lab", &Request::Chat(Arc::new(chat)), tokens, &Terms::at(0))
    }

    #[test]
    fn the_dearest_price_counts_that_the_request_can_come_under() {
        let chat = ChatRequest::new("m").with_user("x");
        let tokens = TokenEstimate::new(1_000_000, None);
        let most = at_most(chat.clone(), tokens).unwrap();
        assert_eq!((most.input, most.output_token), (usd("1.251"), usd("0.000004")), "a quarter more");
        assert_eq!(most.likely_input, usd("1.001"));

        let mut cached = chat.clone();
        Arc::make_mut(&mut cached.messages[0]).content[0].cache = Some(CacheHint::default());
        assert_eq!(at_most(cached, tokens).unwrap().input, usd("2.501"));
        let mut spoken = chat.clone();
        spoken
            .messages
            .push(Message::user("").with_part(Part::media(Media::inline("audio/wav", vec![0_u8; 4]))).into());
        assert_eq!(at_most(spoken, tokens).unwrap().input, usd("10.001"));
        let mut many = chat.clone();
        many.sampling.candidates = Some(3);
        assert_eq!(at_most(many, tokens).unwrap().output_token, usd("0.000012"));
        assert_eq!(at_most(chat, TokenEstimate::new(0, Some(0))).unwrap().input, usd("0.001"));
    }

    #[test]
    fn an_unknown_price_is_not_nothing() {
        assert_eq!(at_most(ChatRequest::new("other").with_user("x"), TokenEstimate::new(1, None)), None);
    }
}
