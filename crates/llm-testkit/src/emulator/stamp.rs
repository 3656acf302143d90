//! What makes two answers of a server differ: ids and the time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Number and time of one request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp {
    /// The request's number since the start, from 0.
    pub(crate) nth: u64,
    /// Time since the Unix epoch.
    pub(crate) now: Duration,
}

impl Stamp {
    /// The request number `nth`, now.
    #[expect(
        clippy::disallowed_methods,
        reason = "a server dates its answers with the real time, as its Date header is"
    )]
    pub(crate) fn new(nth: u64) -> Self {
        Self { nth, now: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() }
    }

    /// Unix seconds.
    pub(crate) fn seconds(&self) -> u64 {
        self.now.as_secs()
    }

    /// An id that no other request has, the same in every run: `prefix` and `length` letters and digits.
    pub(crate) fn id(&self, prefix: &str, length: usize, part: u64) -> String {
        const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let mut state = mix(self.nth.wrapping_mul(1009).wrapping_add(part).wrapping_add(prefix.len() as u64));
        let mut id = String::from(prefix);
        for _ in 0..length {
            state = mix(state);
            id.push(char::from(LETTERS[(state % 62) as usize]));
        }
        id
    }

    /// The time as RFC 3339, `later` from now.
    pub(crate) fn rfc3339(&self, later: Duration) -> String {
        rfc3339(self.now + later)
    }
}

/// One step of `SplitMix64`: a number from which no pattern is left.
pub(crate) fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A time since the Unix epoch as RFC 3339, to the microsecond where it is not whole.
fn rfc3339(time: Duration) -> String {
    let [year, month, day, hour, minute, second] = llm_wire::utc(time.as_secs());
    let date = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    match time.subsec_micros() {
        0 => format!("{date}Z"),
        micros => format!("{date}.{micros:06}Z"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_dates() {
        for (seconds, date) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_795_132_800, "2026-11-20T00:00:00Z"),
            (1_798_761_599, "2026-12-31T23:59:59Z"),
        ] {
            assert_eq!(rfc3339(Duration::from_secs(seconds)), date);
        }
        assert_eq!(rfc3339(Duration::from_millis(1500)), "1970-01-01T00:00:01.500000Z");
    }

    #[test]
    fn ids_differ_between_requests_and_parts_and_come_again() {
        let stamp = |nth| Stamp { nth, now: Duration::ZERO };
        let id = stamp(1).id("call_", 24, 0);
        assert_eq!(id.len(), 29);
        assert_eq!(id, stamp(1).id("call_", 24, 0));
        assert_ne!(id, stamp(1).id("call_", 24, 1));
        assert_ne!(id, stamp(2).id("call_", 24, 0));
    }
}
