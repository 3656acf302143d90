//! When a price applies: from a day on, or at hours of the day. All in UTC, from seconds given by the caller.

use std::borrow::Cow;

const DAY: u64 = 86_400;

/// A condition on the moment of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moments {
    Always,
    /// From this Unix second on.
    From(u64),
    /// Between two seconds of the day, over midnight when the first is later.
    Daily(u64, u64),
}

impl Moments {
    pub(crate) fn read(from: Option<&str>, daily: Option<&[Cow<'_, str>; 2]>) -> Result<Self, String> {
        match (from, daily) {
            (None, None) => Ok(Self::Always),
            (Some(day), None) => {
                unix_day(day).map(|day| Self::From(day * DAY)).ok_or_else(|| format!("{day} is no day"))
            }
            (None, Some([start, end])) => match (second(start), second(end)) {
                (Some(start), Some(end)) => Ok(Self::Daily(start, end)),
                _ => Err(format!("{start} to {end} is no time of the day")),
            },
            (Some(_), Some(_)) => Err("a price has a first day and hours".to_owned()),
        }
    }

    pub(crate) fn holds(self, unix: u64) -> bool {
        match self {
            Self::Always => true,
            Self::From(start) => unix >= start,
            Self::Daily(start, end) => {
                let now = unix % DAY;
                if end < start { now >= start || now < end } else { start <= now && now < end }
            }
        }
    }
}

/// Days since 1970-01-01 of `YYYY-MM-DD` (the algorithm of Howard Hinnant's `days_from_civil`).
pub(crate) fn unix_day(text: &str) -> Option<u64> {
    let mut fields = text.splitn(3, '-').map(|field| field.parse::<u64>().ok());
    let (year, month, day) = (fields.next()??, fields.next()??, fields.next()??);
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year / 400, year % 400);
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    (era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year).checked_sub(719_468)
}

fn second(text: &str) -> Option<u64> {
    let mut fields = text.splitn(3, ':').map(|field| field.parse::<u64>().ok());
    let (hour, minute, second) = (fields.next()??, fields.next()??, fields.next()??);
    (hour < 24 && minute < 60 && second < 60).then_some(hour * 3600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_as_the_calendar_does() {
        for (day, count) in [("1970-01-01", 0), ("2000-02-29", 11_016), ("2000-03-01", 11_017), ("2026-11-20", 20_777)]
        {
            assert_eq!(unix_day(day), Some(count), "{day}");
        }
        for wrong in ["", "2026", "2026-13-01", "2026-00-01", "1969-12-31", "x-1-1"] {
            assert_eq!(unix_day(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn hours_may_go_over_midnight() {
        let day = |start: &str, end: &str| Moments::read(None, Some(&[start.into(), end.into()])).unwrap();
        let (noon, one) = (12 * 3600, 3600 + 5 * DAY);
        let (office, night) = (day("09:00:00", "17:30:00"), day("16:30:00", "00:30:00"));
        assert!(office.holds(noon) && !office.holds(one) && !office.holds(17 * 3600 + 1800));
        assert!(!night.holds(noon) && !night.holds(one) && night.holds(0) && night.holds(23 * 3600));
        let from = Moments::read(Some("2026-11-20"), None).unwrap();
        assert!(from.holds(20_777 * DAY) && !from.holds(20_777 * DAY - 1));
        assert!(Moments::read(Some("2026-11-20"), Some(&["00:00:00".into(), "01:00:00".into()])).is_err());
        assert!(Moments::read(None, Some(&["24:00:00".into(), "01:00:00".into()])).is_err());
    }
}
