//! The API versions, sent in the header `anthropic-version`.

use std::fmt;
use std::str::FromStr;

/// A version of the API.
///
/// 2026-10-21 differs from 2023-06-01 by what it refuses: `temperature`, `top_p` and `top_k` even at their defaults,
/// `document` blocks in assistant messages, and citations on the user's text (API reference and SDK 2.10, 2026-11).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Version {
    /// The version every model and every compatible server takes. The default: as of 2026-11 all recorded traffic
    /// speaks it, and 2026-10-21 offers nothing on top of it.
    #[default]
    V2023_06_01,
    /// What the SDKs send by default since their majors of autumn 2026.
    V2026_10_21,
}

impl Version {
    /// As the header wants it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2023_06_01 => "2023-06-01",
            Self::V2026_10_21 => "2026-10-21",
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A version that this crate does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownVersion;

impl fmt::Display for UnknownVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a version of the anthropic api: write 2023-06-01 or 2026-10-21")
    }
}

impl std::error::Error for UnknownVersion {}

impl FromStr for Version {
    type Err = UnknownVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "2023-06-01" => Ok(Self::V2023_06_01),
            "2026-10-21" => Ok(Self::V2026_10_21),
            _ => Err(UnknownVersion),
        }
    }
}
