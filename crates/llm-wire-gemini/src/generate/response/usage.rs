//! Token counts. The vendor counts tool results beside the prompt and thoughts beside the answer; ours include both.

use std::fmt;

use llm_core::Usage;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::wire::{Str, keep, small_and_owned, wire_object};

/// The count of tool results, in `Usage.extra` under the vendor's name.
const TOOL_USE: &str = "toolUsePromptTokenCount";
/// Counts by kinds of media, in `Usage.extra` where there are kinds that usage has no field for.
const PROMPT_DETAILS: &str = "promptTokensDetails";
const CANDIDATES_DETAILS: &str = "candidatesTokensDetails";

wire_object! {
    /// `usageMetadata`.
    WireUsage {
        prompt: u64 = "promptTokenCount",
        tool_use: u64 = "toolUsePromptTokenCount",
        cached: u64 = "cachedContentTokenCount",
        candidates: u64 = "candidatesTokenCount",
        thoughts: u64 = "thoughtsTokenCount",
        total: IgnoredAny = "totalTokenCount",
        prompt_details: Modalities = "promptTokensDetails",
        candidates_details: Modalities = "candidatesTokensDetails",
        more_details: IgnoredAny = "cacheTokensDetails" | "toolUsePromptTokensDetails",
        service_tier: Str<'a> = "serviceTier",
    }
}

wire_object! {
    /// Tokens of one kind of media.
    WireModality {
        modality: Str<'a> = "modality",
        tokens: u64 = "tokenCount",
    }
}

/// The counts of a whole answer or of a stream so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    prompt: Option<u64>,
    tool_use: Option<u64>,
    cached: Option<u64>,
    candidates: Option<u64>,
    thoughts: Option<u64>,
    prompt_details: Modalities,
    candidates_details: Modalities,
}

/// Tokens by `modality`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Modalities {
    text: Option<u64>,
    audio: Option<u64>,
    image: Option<u64>,
    video: Option<u64>,
    document: Option<u64>,
}

impl Modalities {
    /// The vendor's list, where it has kinds that usage has no field for.
    fn list(self) -> Option<Value> {
        self.video.or(self.document)?;
        let Self { text, audio, image, video, document } = self;
        let kinds = [("TEXT", text), ("AUDIO", audio), ("IMAGE", image), ("VIDEO", video), ("DOCUMENT", document)];
        let kinds = kinds.into_iter().filter_map(|(kind, tokens)| Some((kind, tokens?)));
        Some(kinds.map(|(kind, tokens)| json!({ "modality": kind, "tokenCount": tokens })).collect())
    }
}

impl WireUsage<'_> {
    pub(crate) fn counts(&self) -> Counts {
        Counts {
            prompt: self.prompt,
            tool_use: self.tool_use,
            cached: self.cached,
            candidates: self.candidates,
            thoughts: self.thoughts,
            prompt_details: self.prompt_details.unwrap_or_default(),
            candidates_details: self.candidates_details.unwrap_or_default(),
        }
    }

    /// All of it, and the price and speed class that was used.
    pub(crate) fn read(self) -> (Usage, Option<String>) {
        let tier = self.tier().map(str::to_owned);
        let mut usage = self.counts().usage();
        keep(self.other, &mut usage.extra);
        (usage, tier)
    }

    /// The price and speed class that was used; Vertex AI says it as a kind of traffic.
    pub(crate) fn tier(&self) -> Option<&str> {
        let traffic = || self.other.iter().find(|(name, _)| &**name == "trafficType").map(|(_, raw)| raw.get());
        self.service_tier.as_deref().or_else(|| match traffic()? {
            "\"ON_DEMAND_PRIORITY\"" => Some("priority"),
            "\"ON_DEMAND_FLEX\"" => Some("flex"),
            _ => None,
        })
    }
}

impl Counts {
    pub(crate) fn usage(self) -> Usage {
        let sum = |one: Option<u64>, other: Option<u64>| match (one, other) {
            (Some(one), Some(other)) => Some(one.saturating_add(other)),
            (one, other) => one.or(other),
        };
        let mut usage = Usage::default();
        usage.input = sum(self.prompt, self.tool_use);
        usage.cache_read = self.cached;
        usage.input_audio = self.prompt_details.audio;
        usage.input_image = self.prompt_details.image;
        usage.output = sum(self.candidates, self.thoughts);
        usage.reasoning = self.thoughts;
        usage.output_audio = self.candidates_details.audio;
        usage.output_image = self.candidates_details.image;
        usage.extra.extend(self.tool_use.map(|tokens| (TOOL_USE.to_owned(), tokens.into())));
        usage.extra.extend(self.prompt_details.list().map(|list| (PROMPT_DETAILS.to_owned(), list)));
        usage.extra.extend(self.candidates_details.list().map(|list| (CANDIDATES_DETAILS.to_owned(), list)));
        usage
    }
}

small_and_owned!(Modalities);

impl<'de> Deserialize<'de> for Modalities {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Details;
        impl<'de> Visitor<'de> for Details {
            type Value = Modalities;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of token counts")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut details: A) -> Result<Self::Value, A::Error> {
                let mut sums = Modalities::default();
                while let Some(detail) = details.next_element::<Option<WireModality<'_>>>()? {
                    let WireModality { modality, tokens, .. } = detail.unwrap_or_default();
                    let sum = match modality.as_deref() {
                        Some("TEXT") => &mut sums.text,
                        Some("AUDIO") => &mut sums.audio,
                        Some("IMAGE") => &mut sums.image,
                        Some("VIDEO") => &mut sums.video,
                        Some("DOCUMENT") => &mut sums.document,
                        _ => continue,
                    };
                    *sum = Some(sum.unwrap_or_default().saturating_add(tokens.unwrap_or_default()));
                }
                Ok(sums)
            }
        }
        deserializer.deserialize_seq(Details)
    }
}

/// `usageMetadata` to write.
pub(crate) struct WrittenUsage<'a> {
    pub(crate) usage: &'a Usage,
    pub(crate) service_tier: Option<&'a str>,
}

impl Serialize for WrittenUsage<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Usage { input, output, cache_read, reasoning, input_audio, input_image, .. } = self.usage;
        let Usage { output_audio, output_image, extra, .. } = self.usage;
        let tool_use = extra.get(TOOL_USE).and_then(Value::as_u64);
        let less = |all: Option<u64>, part: Option<u64>| Some(all?.saturating_sub(part.unwrap_or_default()));
        let prompt = less(*input, tool_use);
        let candidates = less(*output, *reasoning);
        let counts = [
            ("promptTokenCount", prompt),
            ("candidatesTokenCount", candidates),
            ("thoughtsTokenCount", *reasoning),
            ("cachedContentTokenCount", *cache_read),
            ("totalTokenCount", self.usage.total()),
        ];
        let details = [
            (PROMPT_DETAILS, prompt, [*input_audio, *input_image]),
            (CANDIDATES_DETAILS, candidates, [*output_audio, *output_image]),
        ];
        let mut map = serializer.serialize_map(None)?;
        for (name, count) in counts {
            count.map_or(Ok(()), |count| map.serialize_entry(name, &count))?;
        }
        for (name, all, kinds) in details {
            if kinds.iter().any(Option::is_some) && !extra.contains_key(name) {
                map.serialize_entry(name, &WrittenDetails { all, kinds })?;
            }
        }
        self.service_tier.map_or(Ok(()), |tier| map.serialize_entry("serviceTier", tier))?;
        extra.iter().try_for_each(|(name, value)| map.serialize_entry(name, value))?;
        map.end()
    }
}

/// Audio and image tokens, and the rest as text.
struct WrittenDetails {
    all: Option<u64>,
    kinds: [Option<u64>; 2],
}

impl Serialize for WrittenDetails {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Modality {
            modality: &'static str,
            token_count: u64,
        }
        let named = self.kinds.iter().flatten().fold(0, |sum: u64, tokens| sum.saturating_add(*tokens));
        let text = self.all.and_then(|all| all.checked_sub(named)).filter(|text| *text > 0);
        let kinds = ["TEXT", "AUDIO", "IMAGE"].into_iter().zip([text].into_iter().chain(self.kinds));
        serializer.collect_seq(kinds.filter_map(|(modality, tokens)| Some(Modality { modality, token_count: tokens? })))
    }
}
