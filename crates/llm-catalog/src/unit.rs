//! What a price is for: the keys of the data, the components of a cost, and how many units a price buys.

use llm_core::Component;

/// The smallest common denominator of everything that prices are for, in [`per`].
pub(crate) const COMMON: u128 = 9_000_000;

/// The keys of the data files.
const KEYS: &[(&str, Component)] = &[
    ("in", Component::Input),
    ("out", Component::Output),
    ("cr", Component::CacheRead),
    ("cw", Component::CacheWrite),
    ("cw1h", Component::CacheWrite1h),
    ("in_audio", Component::InputAudio),
    ("out_audio", Component::OutputAudio),
    ("cr_audio", Component::CacheReadAudio),
    ("in_image", Component::InputImage),
    ("out_image", Component::OutputImage),
    ("cr_image", Component::CacheReadImage),
    ("in_video", Component::InputVideo),
    ("out_video", Component::OutputVideo),
    ("out_reasoning", Component::Reasoning),
    ("out_citation", Component::Citation),
    ("web_search", Component::WebSearch),
    ("storage_search", Component::StorageSearch),
    ("request", Component::Request),
    ("audio_s", Component::AudioSecond),
    ("in_audio_s", Component::InputAudioSecond),
    ("in_char", Component::InputCharacter),
    ("in_msg", Component::InputMessage),
    ("in_page", Component::InputPage),
    ("in_page_annot", Component::InputAnnotatedPage),
    ("image", Component::Image),
];

/// The component that a key of the data prices.
pub(crate) fn component(key: &str) -> Option<Component> {
    KEYS.iter().find(|(name, _)| *name == key).map(|(_, component)| *component)
}

/// How many units a price buys: a million tokens or characters, an hour, a thousand of anything else.
pub fn per(component: Component) -> u64 {
    use Component as C;
    match component {
        C::AudioSecond | C::InputAudioSecond => 3600,
        C::Request
        | C::WebSearch
        | C::StorageSearch
        | C::InputMessage
        | C::InputPage
        | C::InputAnnotatedPage
        | C::Image => 1000,
        _ => 1_000_000,
    }
}

/// What a component costs where it has no price of its own: as the thing it is a part of.
pub(crate) fn whole(component: Component) -> Option<Component> {
    use Component as C;
    match component {
        C::CacheRead | C::CacheWrite | C::InputAudio | C::InputImage | C::InputVideo => Some(C::Input),
        C::CacheWrite1h => Some(C::CacheWrite),
        C::CacheReadAudio | C::CacheReadImage => Some(C::CacheRead),
        C::Reasoning | C::OutputAudio | C::OutputImage | C::OutputVideo | C::Citation => Some(C::Output),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_price_divides_into_the_common_denominator() {
        for (key, of) in KEYS {
            assert_eq!(component(key), Some(*of));
            assert_eq!(COMMON % u128::from(per(*of)), 0, "{key}");
        }
        assert_eq!(component("cw5m"), None);
    }
}
