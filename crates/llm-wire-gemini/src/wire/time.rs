//! RFC 3339 in UTC, as the vendor writes `createTime`, to and from Unix seconds. Years 1970 to 9999.

use std::time::SystemTime;

/// Unix seconds of `2026-05-04T20:01:02.264968Z`; `None` for any other form.
pub(crate) fn parse_time(text: &str) -> Option<u64> {
    Some(llm_wire::rfc3339(text)?.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs())
}

/// The inverse of [`parse_time`], without a fraction.
pub(crate) fn format_time(seconds: u64) -> String {
    let (date, time) = (seconds / 86_400, seconds % 86_400);
    let mut year = 1970;
    while days(year + 1, 1, 1) <= date && year < 9999 {
        year += 1;
    }
    let mut month = 1;
    while month < 12 && days(year, month + 1, 1) <= date {
        month += 1;
    }
    let day = date - days(year, month, 1) + 1;
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", time / 3_600, time / 60 % 60, time % 60)
}

/// Days from 1970-01-01 to a date of the Gregorian calendar.
fn days(year: u64, month: u64, day: u64) -> u64 {
    const BEFORE: [u64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let leap_years = |year: u64| year / 4 - year / 100 + year / 400;
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let leap_days = leap_years(year - 1) - leap_years(1969) + u64::from(is_leap && month > 2);
    let month = usize::try_from(month - 1).ok().and_then(|month| BEFORE.get(month)).copied().unwrap_or_default();
    (year - 1970) * 365 + leap_days + month + day - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_go_both_ways() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T12:00:00Z", 951_825_600),
            ("2026-05-04T20:01:02Z", 1_777_924_862),
            ("2024-12-31T23:59:59Z", 1_735_689_599),
            ("2100-03-01T00:00:00Z", 4_107_542_400),
        ] {
            assert_eq!(parse_time(text), Some(seconds), "{text}");
            assert_eq!(format_time(seconds), text);
        }
        assert_eq!(parse_time("2026-05-04T20:01:02.264968Z"), Some(1_777_924_862));
        assert_eq!(parse_time("yesterday"), None);
    }
}
