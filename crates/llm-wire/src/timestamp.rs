//! Reading durations and points in time as vendors write them in headers. Nothing here panics or asks a clock.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::{DATE, HeaderValue};

/// Longer waits are hostile or mistaken (resilience rule: more than 30 days is ignored).
const LONGEST: Duration = Duration::from_hours(30 * 24);
/// A bare number above this is a point in time, not a duration.
const LONGEST_SECONDS: f64 = 30.0 * 86400.0;
/// A point in time above this is in milliseconds: as seconds it would be the year 5138.
const EPOCH_MILLISECONDS: f64 = 1e11;

/// The moment of the response by the server's own clock (its `Date`), else by ours.
///
/// The server's clock comes first because its dates are made with it: a skew between the clocks cancels out.
pub(crate) fn moment(headers: &HeaderMap, received_at: Option<SystemTime>) -> Option<SystemTime> {
    let date = headers.get(DATE).and_then(text).and_then(|date| httpdate::parse_http_date(date).ok());
    date.or(received_at)
}

/// The value as text without surrounding blanks; `None` if it is not visible ASCII.
pub(crate) fn text(value: &HeaderValue) -> Option<&str> {
    value.to_str().ok().map(str::trim)
}

/// Seconds as an integer or a decimal fraction.
pub(crate) fn seconds(text: &str) -> Option<Duration> {
    limited(number(text)?)
}

/// Milliseconds as an integer or a decimal fraction.
pub(crate) fn milliseconds(text: &str) -> Option<Duration> {
    limited(number(text)? / 1000.0)
}

/// An HTTP date, as the time from `now` until then.
pub(crate) fn http_date(text: &str, now: Option<SystemTime>) -> Option<Duration> {
    until(httpdate::parse_http_date(text).ok()?, now)
}

/// A reset as any vendor writes it: `6m0s`, `20ms`, bare seconds, seconds or milliseconds since 1970, RFC 3339.
pub(crate) fn reset(text: &str, now: Option<SystemTime>) -> Option<Duration> {
    if let Some(value) = number(text) {
        if value <= LONGEST_SECONDS {
            return limited(value);
        }
        let seconds = if value > EPOCH_MILLISECONDS { value / 1000.0 } else { value };
        let since = Duration::try_from_secs_f64(seconds).ok()?;
        return until(SystemTime::UNIX_EPOCH.checked_add(since)?, now);
    }
    units(text).or_else(|| until(rfc3339(text)?, now))
}

/// A duration in Go's notation: numbers with units, `1h2m3.5s`, `20ms`.
pub(crate) fn units(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (value, tail) = rest.split_at(digits);
        let letters = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let seconds = match unit {
            "d" => 86400.0,
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        total += number(value)? * seconds;
        rest = tail;
    }
    if text.is_empty() { None } else { limited(total) }
}

/// A decimal number without sign and exponent: `5`, `0.25`, `.5`. All of `inf`, `nan`, `-1`, `1e308` are refused.
fn number(text: &str) -> Option<f64> {
    if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') { text.parse().ok() } else { None }
}

fn limited(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok().filter(|wait| *wait <= LONGEST)
}

fn until(then: SystemTime, now: Option<SystemTime>) -> Option<Duration> {
    then.duration_since(now?).ok().filter(|wait| *wait <= LONGEST)
}

/// RFC 3339 (`2026-11-20T12:34:56.789Z`, `2026-11-20t12:34:56+01:00`) of a year from 1970 on.
pub fn rfc3339(text: &str) -> Option<SystemTime> {
    let digits = |from: usize, to: usize| -> Option<u64> {
        let part = text.get(from..to)?;
        if part.bytes().all(|byte| byte.is_ascii_digit()) { part.parse().ok() } else { None }
    };
    let is = |at: usize, allowed: &[u8]| text.as_bytes().get(at).is_some_and(|byte| allowed.contains(byte));
    if !(is(4, b"-") && is(7, b"-") && is(10, b"Tt ") && is(13, b":") && is(16, b":")) {
        return None;
    }
    let (year, month, day) = (digits(0, 4)?, digits(5, 7)?, digits(8, 10)?);
    let (hour, minute, second) = (digits(11, 13)?, digits(14, 16)?, digits(17, 19)?);
    if year < 1970 || !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60
    {
        return None;
    }
    let tail = text.get(19..)?;
    let zone_at = tail.find(['Z', 'z', '+', '-'])?;
    let (fraction, zone) = tail.split_at(zone_at);
    let fraction = match fraction.strip_prefix('.') {
        Some(digits) if !digits.is_empty() => Duration::try_from_secs_f64(number(fraction)?).ok()?,
        None if fraction.is_empty() => Duration::ZERO,
        _ => return None,
    };
    let local = days_since_1970(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
    let seconds = match zone.as_bytes() {
        b"Z" | b"z" => local,
        [sign, _, _, b':', _, _] => {
            let offset_at = 19 + zone_at + 1;
            let offset = digits(offset_at, offset_at + 2)? * 3600 + digits(offset_at + 3, offset_at + 5)? * 60;
            if *sign == b'+' { local.checked_sub(offset)? } else { local + offset }
        }
        _ => return None,
    };
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds) + fraction)
}

/// Days of the proleptic Gregorian calendar, years counted from March so that the leap day comes last
/// (H. Hinnant, "chrono-compatible low-level date algorithms", `days_from_civil`).
fn days_since_1970(year: u64, month: u64, day: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let from_march = (month + 9) % 12;
    let day_of_year = (153 * from_march + 2) / 5 + day - 1;
    let (era, year_of_era) = (year / 400, year % 400);
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month, day, hour, minute and second in UTC of a number of seconds since 1970, for those who write dates.
pub fn utc(seconds: u64) -> [u64; 6] {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // The inverse of `days_since_1970` (`civil_from_days`).
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    [year, month, day, second / 3600, second / 60 % 60, second % 60]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_that_is_written_is_the_one_that_is_read() {
        assert_eq!(utc(0), [1970, 1, 1, 0, 0, 0]);
        assert_eq!(utc(951_782_399), [2000, 2, 28, 23, 59, 59]);
        assert_eq!(utc(951_782_400), [2000, 2, 29, 0, 0, 0]);
        // Every day of four hundred years, at another second each.
        for day in 0..146_097 {
            let seconds = day * 86_400 + day % 86_400;
            let [year, month, day, hour, minute, second] = utc(seconds);
            let text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z");
            assert_eq!(rfc3339(&text), Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)), "{text}");
        }
    }
}
