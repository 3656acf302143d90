//! What a call cost, component by component.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::money::Usd;

/// Something that vendors bill, with a price of its own. What is called a part is not counted in its whole again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Component {
    /// Input tokens that are nothing of the following.
    Input,
    /// Input tokens read from the prompt cache.
    CacheRead,
    /// Input tokens written to the prompt cache, for minutes.
    CacheWrite,
    /// Input tokens written to the prompt cache for an hour.
    #[serde(rename = "cache_write_1h")]
    CacheWrite1h,
    /// Input tokens of audio.
    InputAudio,
    /// Input tokens of audio that were read from the prompt cache.
    CacheReadAudio,
    /// Input tokens of images.
    InputImage,
    /// Input tokens of images that were read from the prompt cache.
    CacheReadImage,
    /// Input tokens of video.
    InputVideo,
    /// Output tokens that are nothing of the following.
    Output,
    /// Output tokens of reasoning.
    Reasoning,
    /// Output tokens of audio.
    OutputAudio,
    /// Output tokens of images.
    OutputImage,
    /// Output tokens of video.
    OutputVideo,
    /// Output tokens of citations.
    Citation,
    /// The request itself. One with many documents to rerank may count as several (Cohere's search units).
    Request,
    /// Searches of the web by the vendor.
    WebSearch,
    /// Searches of stored files by the vendor.
    StorageSearch,
    /// Seconds of audio, in or out.
    AudioSecond,
    /// Seconds of audio in.
    InputAudioSecond,
    /// Characters in.
    InputCharacter,
    /// Messages in.
    InputMessage,
    /// Pages of documents in.
    InputPage,
    /// Pages of documents in, with annotations.
    InputAnnotatedPage,
    /// Images made, where they are billed by the piece.
    Image,
}

impl Component {
    /// The component in one stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::CacheRead => "cache_read",
            Self::CacheWrite => "cache_write",
            Self::CacheWrite1h => "cache_write_1h",
            Self::InputAudio => "input_audio",
            Self::CacheReadAudio => "cache_read_audio",
            Self::InputImage => "input_image",
            Self::CacheReadImage => "cache_read_image",
            Self::InputVideo => "input_video",
            Self::Output => "output",
            Self::Reasoning => "reasoning",
            Self::OutputAudio => "output_audio",
            Self::OutputImage => "output_image",
            Self::OutputVideo => "output_video",
            Self::Citation => "citation",
            Self::Request => "request",
            Self::WebSearch => "web_search",
            Self::StorageSearch => "storage_search",
            Self::AudioSecond => "audio_second",
            Self::InputAudioSecond => "input_audio_second",
            Self::InputCharacter => "input_character",
            Self::InputMessage => "input_message",
            Self::InputPage => "input_page",
            Self::InputAnnotatedPage => "input_annotated_page",
            Self::Image => "image",
        }
    }

    /// Whether it is a share of the input tokens.
    pub const fn is_input_token(self) -> bool {
        matches!(
            self,
            Self::Input
                | Self::CacheRead
                | Self::CacheWrite
                | Self::CacheWrite1h
                | Self::InputAudio
                | Self::CacheReadAudio
                | Self::InputImage
                | Self::CacheReadImage
                | Self::InputVideo
        )
    }

    /// Whether it is a share of the output tokens.
    pub const fn is_output_token(self) -> bool {
        matches!(
            self,
            Self::Output | Self::Reasoning | Self::OutputAudio | Self::OutputImage | Self::OutputVideo | Self::Citation
        )
    }
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who said what it cost. Where several did, the one that counts most: the variants stand in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CostSource {
    /// Nothing was bought: the answer came from our cache.
    Cache,
    /// The vendor, in its answer.
    Vendor,
    /// Prices that came with the request.
    Request,
    /// The operator's own prices.
    User,
    /// Prices that were fetched after this version was built.
    Fetched,
    /// The prices that this version carries.
    Embedded,
}

/// What a call cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Cost {
    /// All of it, rounded once to a billionth of a dollar. Where `complete` is false it was more.
    pub total: Usd,
    /// What it consists of. The token components add up to the tokens of the usage.
    /// Their amounts add up to the total before its rounding, unless the vendor said the total.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<CostLine>,
    /// Everything that was billed is in the total.
    pub complete: bool,
    /// Who said so.
    pub source: CostSource,
    /// The quantities or the price class are not what the vendor reported, but thought to be so.
    #[serde(default)]
    pub estimated: bool,
}

/// One component of a cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CostLine {
    /// What was billed.
    pub component: Component,
    /// How much of it.
    pub quantity: u64,
    /// What that cost; `None` when its price is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Usd>,
}

impl Cost {
    /// A cost of which only the total is known.
    pub fn new(total: Usd, source: CostSource) -> Self {
        Self { total: total.rounded(), lines: Vec::new(), complete: true, source, estimated: false }
    }

    /// What an answer from our cache costs: nothing.
    pub fn cached() -> Self {
        Self::new(Usd::ZERO, CostSource::Cache)
    }

    /// With the lines it consists of.
    pub fn with_lines(mut self, lines: Vec<CostLine>) -> Self {
        self.lines = lines;
        self
    }

    /// Something that was billed is not in it.
    pub fn incomplete(mut self) -> Self {
        self.complete = false;
        self
    }

    /// Of quantities or a price class that the vendor did not report.
    pub fn as_estimate(mut self) -> Self {
        self.estimated = true;
        self
    }

    /// What two calls cost together. Where one of them has no known cost, the sum is not all of it.
    pub fn sum(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        let (mut sum, other) = match (one, other) {
            (Some(one), Some(other)) => (one, other),
            (one, other) => return one.or(other).map(Self::incomplete),
        };
        sum.total = sum.total.saturating_add(other.total);
        sum.complete &= other.complete;
        sum.estimated |= other.estimated;
        for line in other.lines {
            match sum.lines.iter_mut().find(|known| known.component == line.component) {
                Some(known) => {
                    known.quantity = known.quantity.saturating_add(line.quantity);
                    known.amount = known.amount.zip(line.amount).map(|(a, b)| a.saturating_add(b));
                }
                None => sum.lines.push(line),
            }
        }
        Some(sum)
    }

    /// How much of a component was billed.
    pub fn quantity(&self, component: Component) -> u64 {
        self.lines.iter().filter(|line| line.component == component).map(|line| line.quantity).sum()
    }
}

impl CostLine {
    /// So much of a component, and what it cost.
    pub const fn new(component: Component, quantity: u64, amount: Option<Usd>) -> Self {
        Self { component, quantity, amount }
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let about = if self.estimated { "about " } else { "" };
        let least = if self.complete { "" } else { " or more" };
        write!(f, "{about}${}{least}", self.total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cost_is_rounded_once_and_says_how_sure_it_is() {
        let cost = Cost::new(Usd::from_picos(1500), CostSource::Embedded);
        assert_eq!(cost.total, Usd::from_nanos(2));
        assert_eq!(cost.to_string(), "$0.000000002");
        assert_eq!(cost.incomplete().as_estimate().to_string(), "about $0.000000002 or more");
        assert_eq!(Cost::cached().total, Usd::ZERO);
    }

    #[test]
    fn two_costs_are_one_line_by_line() {
        let line = |quantity, nanos: Option<u64>| CostLine::new(Component::Input, quantity, nanos.map(Usd::from_nanos));
        let one = || Cost::new(Usd::from_nanos(5), CostSource::Embedded).with_lines(vec![line(2, Some(5))]);
        let sum = Cost::sum(Some(one()), Some(one().as_estimate())).unwrap();
        assert_eq!((sum.total, sum.complete, sum.estimated), (Usd::from_nanos(10), true, true));
        assert_eq!(sum.lines, [line(4, Some(10))]);
        assert!(!Cost::sum(Some(one()), None).unwrap().complete);
        assert_eq!(Cost::sum(None, None), None);
    }

    #[test]
    fn a_component_is_a_share_of_input_or_output_or_of_neither() {
        let json = |component: Component| serde_json::to_value(component).unwrap();
        for component in [Component::CacheWrite1h, Component::Reasoning, Component::InputAnnotatedPage] {
            assert_eq!(json(component), component.as_str());
            assert!(!(component.is_input_token() && component.is_output_token()));
        }
    }
}
