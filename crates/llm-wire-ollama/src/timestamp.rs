//! `created_at`: RFC 3339 text on the wire, Unix seconds in Loquat. Fractions of a second are dropped.

use std::time::UNIX_EPOCH;

/// Seconds since 1970 of a point in time; `None` when the text is not one.
pub(crate) fn parse(text: &str) -> Option<u64> {
    let since = llm_wire::rfc3339(text)?.duration_since(UNIX_EPOCH).ok()?;
    Some(since.as_secs())
}

/// A point in time as RFC 3339 in UTC.
pub(crate) fn format(seconds: u64) -> String {
    let [year, month, day, hour, minute, second] = llm_wire::utc(seconds);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_servers_write() {
        assert_eq!(parse("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(parse("2024-05-24T21:02:00.76482Z"), Some(1_716_584_520));
        assert_eq!(parse("2024-05-24T23:02:00.764820001+02:00"), Some(1_716_584_520));
        assert_eq!(parse("2024-05-24T13:32:00-07:30"), Some(1_716_584_520));
        for wrong in [
            "",
            "yesterday",
            "2024-13-24T21:02:00Z",
            "2024-05-24T21:02:00",
            "1969-12-31T23:59:59Z",
            "2024-05-24T2é:02:00Z",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn writes_what_it_reads() {
        for seconds in [0, 951_782_400, 951_868_800, 1_716_584_520, 4_102_444_799, 253_402_300_799] {
            assert_eq!(parse(&format(seconds)), Some(seconds), "{}", format(seconds));
        }
        assert_eq!(format(951_782_400), "2000-02-29T00:00:00Z");
    }
}
