//! How many tokens a family makes of what counts as one here; learnt, within bounds, from what vendors report.

use serde::{Deserialize, Serialize};

use super::family::Family;

/// What a family makes of a thousand estimated tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scale(u32);

/// One to one.
const ONE: u32 = 1_000_000;
/// The farthest that is learnt: beyond it a vendor counts something else than the texts.
const LEAST: u32 = ONE / 2;
const MOST: u32 = ONE * 2;
/// An answer moves the scale by at most this share of the difference.
const SHARE: i64 = 8;
/// A request of so many tokens moves it by all of that share, a shorter one by less.
const WHOLE: u64 = 4000;
/// A shorter one teaches nothing: in it, the vendor's template counts more than the texts.
const SHORT: u64 = 1000;
/// A count that is farther from the estimate than this, in hundredths, is of something else than the texts: a hidden
/// prompt, a page the vendor read.
const STRANGE: std::ops::Range<u64> = 60..170;

impl Scale {
    /// A scale of so many millionths, within the bounds.
    pub fn from_millionths(millionths: u32) -> Self {
        Self(millionths.clamp(LEAST, MOST))
    }

    /// In millionths.
    pub const fn millionths(self) -> u32 {
        self.0
    }

    /// Thousandths of a token as whole tokens of this scale, the nearest number of them.
    pub(super) fn tokens(self, thousandths: u64) -> u64 {
        const WHOLE: u128 = ONE as u128 * 1000;
        let scaled = u128::from(thousandths) * u128::from(self.0);
        u64::try_from((scaled + WHOLE / 2) / WHOLE).unwrap_or(u64::MAX)
    }
}

/// The scale of each family. A plain value: what it learns depends on nothing but what it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Calibration {
    scales: [Scale; Family::ALL.len()],
}

impl Default for Calibration {
    fn default() -> Self {
        Self { scales: Family::ALL.map(|family| Scale(prior(family))) }
    }
}

/// Where a family begins; measured on texts of 16 kinds against each tokenizer that is public, and for the others on
/// recorded usage of 2025 and 2026.
const fn prior(family: Family) -> u32 {
    match family {
        Family::Gpt | Family::GptOss | Family::Llama | Family::Qwen | Family::Grok | Family::Glm | Family::Kimi => ONE,
        Family::Claude => 1_080_000,
        Family::Claude5 => 1_350_000,
        Family::Gemini | Family::Mistral | Family::DeepSeek | Family::Command | Family::Other => 1_020_000,
    }
}

impl Calibration {
    /// The scale of a family.
    pub fn scale(&self, family: Family) -> Scale {
        self.scales[family.place()]
    }

    /// With another scale for a family.
    pub fn with(mut self, family: Family, scale: Scale) -> Self {
        self.scales[family.place()] = scale;
        self
    }

    /// Learns that what was estimated was counted as so many tokens.
    pub fn learn(&mut self, family: Family, estimated: u64, counted: u64) {
        let share = counted.saturating_mul(100).checked_div(estimated);
        if estimated < SHORT || !share.is_some_and(|share| STRANGE.contains(&share)) {
            return;
        }
        let scale = &mut self.scales[family.place()];
        let right = u128::from(scale.0) * u128::from(counted) / u128::from(estimated);
        let right = u32::try_from(right).unwrap_or(MOST).clamp(LEAST, MOST);
        let weight = i64::try_from(estimated.min(WHOLE)).unwrap_or(0);
        let whole = i64::try_from(WHOLE).unwrap_or(1) * SHARE;
        let step = (i64::from(right) - i64::from(scale.0)) * weight / whole;
        let moved = u32::try_from(i64::from(scale.0) + step).unwrap_or(scale.0);
        *scale = Scale::from_millionths(moved);
    }
}
