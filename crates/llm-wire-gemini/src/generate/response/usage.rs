//! Token counts. The vendor counts tool results beside the prompt and thoughts beside the answer; ours include both.

use llm_core::{Error, Usage};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;

use crate::error::malformed;
use crate::wire::{List, Str, keep, wire_object};

/// The count of tool results, in `Usage.extra` under the vendor's name.
const TOOL_USE: &str = "toolUsePromptTokenCount";

wire_object! {
    /// `usageMetadata`.
    WireUsage {
        prompt: u64 = "promptTokenCount",
        tool_use: u64 = "toolUsePromptTokenCount",
        cached: u64 = "cachedContentTokenCount",
        candidates: u64 = "candidatesTokenCount",
        thoughts: u64 = "thoughtsTokenCount",
        total: u64 = "totalTokenCount",
        prompt_details: &'a RawValue = "promptTokensDetails",
        candidates_details: &'a RawValue = "candidatesTokensDetails",
        cache_details: &'a RawValue = "cacheTokensDetails",
        tool_use_details: &'a RawValue = "toolUsePromptTokensDetails",
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

/// The counts that grow while a stream runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    prompt: Option<u64>,
    tool_use: Option<u64>,
    cached: Option<u64>,
    candidates: Option<u64>,
    thoughts: Option<u64>,
}

impl<'a> WireUsage<'a> {
    pub(crate) fn of(raw: &'a RawValue) -> Result<Self, Error> {
        serde_json::from_str(raw.get()).map_err(|error| malformed(&error, "usageMetadata"))
    }

    pub(crate) fn counts(&self) -> Counts {
        Counts {
            prompt: self.prompt,
            tool_use: self.tool_use,
            cached: self.cached,
            candidates: self.candidates,
            thoughts: self.thoughts,
        }
    }

    /// All of it, and the price and speed class that was used.
    pub(crate) fn read(self) -> (Usage, Option<String>) {
        let mut usage = self.counts().usage();
        (usage.input_audio, usage.input_image) = modalities(self.prompt_details);
        (usage.output_audio, _) = modalities(self.candidates_details);
        usage.extra.extend(self.tool_use.map(|tokens| (TOOL_USE.to_owned(), tokens.into())));
        keep(self.other, &mut usage.extra);
        (usage, self.service_tier.map(Str::into_owned))
    }
}

impl Counts {
    /// The snapshot without details.
    pub(crate) fn usage(self) -> Usage {
        let sum = |one: Option<u64>, other: Option<u64>| match (one, other) {
            (Some(one), Some(other)) => Some(one.saturating_add(other)),
            (one, other) => one.or(other),
        };
        let mut usage = Usage::default();
        usage.input = sum(self.prompt, self.tool_use);
        usage.cache_read = self.cached;
        usage.output = sum(self.candidates, self.thoughts);
        usage.reasoning = self.thoughts;
        usage
    }
}

/// Audio and image tokens.
fn modalities(raw: Option<&RawValue>) -> (Option<u64>, Option<u64>) {
    let details: Option<List<WireModality<'_>>> = raw.and_then(|raw| serde_json::from_str(raw.get()).ok());
    let of = |name: &str| {
        let kind = details.iter().flat_map(List::iter).filter(|detail| detail.modality.as_deref() == Some(name));
        kind.filter_map(|detail| detail.tokens).reduce(u64::saturating_add)
    };
    (of("AUDIO"), of("IMAGE"))
}

/// `usageMetadata` to write.
pub(crate) struct WrittenUsage<'a> {
    pub(crate) usage: &'a Usage,
    pub(crate) service_tier: Option<&'a str>,
}

impl Serialize for WrittenUsage<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Usage { input, output, cache_read, reasoning, input_audio, input_image, output_audio, extra, .. } =
            self.usage;
        let tool_use = extra.get(TOOL_USE).and_then(serde_json::Value::as_u64);
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
            ("promptTokensDetails", prompt, [*input_audio, *input_image]),
            ("candidatesTokensDetails", candidates, [*output_audio, None]),
        ];
        let mut map = serializer.serialize_map(None)?;
        for (name, count) in counts {
            count.map_or(Ok(()), |count| map.serialize_entry(name, &count))?;
        }
        for (name, all, kinds) in details {
            if kinds.iter().any(Option::is_some) {
                map.serialize_entry(name, &Modalities { all, kinds })?;
            }
        }
        self.service_tier.map_or(Ok(()), |tier| map.serialize_entry("serviceTier", tier))?;
        extra.iter().try_for_each(|(name, value)| map.serialize_entry(name, value))?;
        map.end()
    }
}

/// Audio and image tokens, and the rest as text.
struct Modalities {
    all: Option<u64>,
    kinds: [Option<u64>; 2],
}

impl Serialize for Modalities {
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
