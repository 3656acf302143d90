//! When a budget's money counts together: windows of the calendar in a time zone.
//!
//! Pure: the moment is an argument, and the rules of the time zones are in the binary.

use std::fmt;

use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How long the money of a budget counts together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Window {
    /// Every request for itself.
    #[serde(rename = "request")]
    Request,
    /// A minute of the clock.
    #[serde(rename = "1m", alias = "minute")]
    Minute,
    /// An hour of the clock.
    #[serde(rename = "1h", alias = "hour")]
    Hour,
    /// A day, from midnight to midnight.
    #[serde(rename = "1d", alias = "day")]
    Day,
    /// A week, from Monday to Monday.
    #[serde(rename = "1w", alias = "week")]
    Week,
    /// A month of the calendar.
    #[serde(rename = "1mo", alias = "month")]
    Month,
    /// For ever.
    #[default]
    #[serde(rename = "total")]
    Total,
}

/// One window: from a moment until just before another, in Unix milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// Its first millisecond; 0 for one that has no beginning.
    pub start: u64,
    /// The first millisecond of the next one; `None` is never.
    pub end: Option<u64>,
}

impl Span {
    /// Without beginning and end.
    pub const ALWAYS: Self = Self { start: 0, end: None };

    /// Whether the moment is in it.
    pub fn contains(self, now: u64) -> bool {
        self.start <= now && self.end.is_none_or(|end| now < end)
    }
}

impl Window {
    /// The word for it in configurations.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Minute => "1m",
            Self::Hour => "1h",
            Self::Day => "1d",
            Self::Week => "1w",
            Self::Month => "1mo",
            Self::Total => "total",
        }
    }

    /// The window that `now` (Unix milliseconds) is in. The windows of a zone follow each other without gap or overlap.
    pub fn at(self, zone: &Zone, now: u64) -> Span {
        let found = match self {
            Self::Request | Self::Total => None,
            Self::Minute => even(&zone.0, now, 60),
            Self::Hour => even(&zone.0, now, 3600),
            Self::Day | Self::Week | Self::Month => self.of_dates(&zone.0, now),
        };
        // Moments outside the calendar (after the year 9999) have no window of their own.
        found.unwrap_or(Span::ALWAYS)
    }

    fn of_dates(self, zone: &TimeZone, now: u64) -> Option<Span> {
        let today = zone.to_datetime(moment(now)?).date();
        let (first, next) = match self {
            Self::Week => {
                let monday = today.checked_sub(i64::from(today.weekday().to_monday_zero_offset()).days()).ok()?;
                (monday, monday.checked_add(7.days()).ok()?)
            }
            Self::Month => (today.first_of_month(), today.last_of_month().tomorrow().ok()?),
            _ => (today, today.tomorrow().ok()?),
        };
        Some(Span { start: midnight(zone, first)?, end: Some(midnight(zone, next)?) })
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn moment(now: u64) -> Option<Timestamp> {
    Timestamp::from_millisecond(i64::try_from(now).ok()?).ok()
}

fn millis(moment: Timestamp) -> u64 {
    u64::try_from(moment.as_millisecond()).unwrap_or(0)
}

/// The first moment of a date; a date without midnight begins when the clocks have gone forward.
fn midnight(zone: &TimeZone, date: Date) -> Option<u64> {
    date.to_zoned(zone.clone()).ok().map(|zoned| millis(zoned.timestamp()))
}

/// A window of so many seconds on the zone's clock, cut where the clocks change inside it.
fn even(zone: &TimeZone, now: u64, seconds: i64) -> Option<Span> {
    let at = moment(now)?;
    let local = |offset: Offset| i64::from(offset.seconds());
    let second = at.as_millisecond().div_euclid(1000);
    let start = second - (second + local(zone.to_offset(at))).rem_euclid(seconds);
    let mut span = Span {
        start: u64::try_from(start * 1000).unwrap_or(0),
        end: Some(u64::try_from((start + seconds) * 1000).unwrap_or(0)),
    };
    // The moment itself may be the change: the last change before the next millisecond is the one that counts.
    let after = Timestamp::from_millisecond(at.as_millisecond() + 1).ok()?;
    if let Some(change) = zone.preceding(after).next() {
        span.start = span.start.max(millis(change.timestamp()));
    }
    if let Some(change) = zone.following(at).next() {
        span.end = span.end.map(|end| end.min(millis(change.timestamp())));
    }
    Some(span)
}

/// A time zone by its name in the IANA database, such as `Europe/Berlin`. Default `UTC`.
#[derive(Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// The zone of this name; `None` when there is none.
    pub fn named(name: &str) -> Option<Self> {
        TimeZone::get(name).ok().map(Self)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// A moment (Unix milliseconds) as its people write it.
    pub fn show(&self, moment: u64) -> String {
        self::moment(moment)
            .map_or_else(|| "never".to_owned(), |at| at.to_zoned(self.0.clone()).strftime("%F %H:%M %Z").to_string())
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::named(&name).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "there is no time zone {name:?}: write a name of the IANA database, such as Europe/Berlin"
            ))
        })
    }
}
