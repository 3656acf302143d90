//! A share of a whole as an integer, so that nothing drifts and equal settings are equal.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Parts of a whole.
const WHOLE: u32 = 1_000_000;

/// A share of a whole, from none to all, to a millionth. In configurations a number from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(u32);

impl Share {
    /// Nothing.
    pub const NONE: Self = Self(0);

    /// So many hundredths, at most all.
    pub const fn percent(percent: u32) -> Self {
        Self(if percent > 100 { WHOLE } else { percent * (WHOLE / 100) })
    }

    /// True for nothing at all.
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Whether `part` is at least this share of `whole`.
    pub fn is_reached(self, part: u32, whole: u32) -> bool {
        u64::from(part) * u64::from(WHOLE) >= u64::from(self.0) * u64::from(whole)
    }

    /// This share of a number.
    pub fn of(self, number: u128) -> u128 {
        number.saturating_mul(u128::from(self.0)) / u128::from(WHOLE)
    }
}

impl Serialize for Share {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(f64::from(self.0) / f64::from(WHOLE))
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let share = f64::deserialize(deserializer)?;
        if !(0.0..=1.0).contains(&share) {
            return Err(serde::de::Error::custom(format_args!("{share} is no share: write a number from 0 to 1")));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be from 0 to 1")]
        let parts = (share * f64::from(WHOLE)).round() as u32;
        Ok(Self(parts))
    }
}
