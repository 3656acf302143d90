//! Windows of the calendar: they follow each other without gap or overlap, whatever the clocks do.

use jiff::Timestamp;
use llm_budget::{Span, Window, Zone};
use proptest::prelude::*;

fn at(text: &str) -> u64 {
    u64::try_from(text.parse::<Timestamp>().unwrap().as_millisecond()).unwrap()
}

fn zone(name: &str) -> Zone {
    Zone::named(name).unwrap()
}

/// The window of a moment, and its two ends as UTC.
fn check(zone_name: &str, window: Window, moment: &str, start: &str, end: &str) {
    let span = window.at(&zone(zone_name), at(moment));
    assert_eq!(span, Span { start: at(start), end: Some(at(end)) }, "{window} of {moment} in {zone_name}");
}

#[test]
fn windows_are_those_of_the_calendar() {
    use Window::{Day, Hour, Minute, Month, Week};
    let noon = "2026-11-20T12:34:56Z";
    check("UTC", Minute, noon, "2026-11-20T12:34:00Z", "2026-11-20T12:35:00Z");
    check("UTC", Hour, noon, "2026-11-20T12:00:00Z", "2026-11-20T13:00:00Z");
    check("UTC", Day, noon, "2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z");
    check("UTC", Week, noon, "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z");
    check("UTC", Month, noon, "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z");
    check("Europe/Berlin", Day, "2026-11-20T23:30:00Z", "2026-11-20T23:00:00Z", "2026-11-21T23:00:00Z");
    check("Asia/Kolkata", Hour, noon, "2026-11-20T12:30:00Z", "2026-11-20T13:30:00Z");
    check("America/New_York", Month, "2026-12-01T04:59:59Z", "2026-11-01T04:00:00Z", "2026-12-01T05:00:00Z");
    check("UTC", Week, "2024-12-30T00:00:00Z", "2024-12-30T00:00:00Z", "2025-01-06T00:00:00Z");
    check("UTC", Month, "2024-02-29T23:59:59Z", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z");
    for window in [Window::Total, Window::Request] {
        assert_eq!(window.at(&zone("UTC"), at(noon)), Span::ALWAYS);
    }
}

#[test]
fn days_are_longer_and_shorter_when_the_clocks_change() {
    use Window::{Day, Hour};
    // 23 hours, 25 hours.
    check("Europe/Berlin", Day, "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z");
    check("Europe/Berlin", Day, "2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z");
    // The hour that comes twice is two windows.
    check("Europe/Berlin", Hour, "2026-10-25T00:30:00Z", "2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z");
    check("Europe/Berlin", Hour, "2026-10-25T01:30:00Z", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z");
    // A day without midnight: in 2018 São Paulo's clocks went from 0:00 to 1:00.
    check("America/Sao_Paulo", Day, "2018-11-04T12:00:00Z", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z");
    // A date that never was: Samoa had no 30 December 2011.
    check("Pacific/Apia", Day, "2011-12-30T09:00:00Z", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z");
    // Half an hour of summer time.
    check("Australia/Lord_Howe", Hour, "2026-04-04T15:10:00Z", "2026-04-04T15:00:00Z", "2026-04-04T15:30:00Z");
}

#[test]
fn a_moment_is_shown_as_its_people_write_it() {
    assert_eq!(zone("Europe/Berlin").show(at("2026-11-30T23:00:00Z")), "2026-12-01 00:00 CET");
    assert!(Zone::named("Nowhere/Land").is_none());
}

const ZONES: &[&str] = &[
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "America/Havana",
    "Asia/Tehran",
    "Pacific/Chatham",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn windows_follow_each_other(
        zone_number in 0..ZONES.len(),
        window in prop::sample::select(vec![Window::Minute, Window::Hour, Window::Day, Window::Week, Window::Month]),
        now in 0..4_000_000_000_000_u64,
    ) {
        let zone = zone(ZONES[zone_number]);
        let span = window.at(&zone, now);
        prop_assert!(span.contains(now), "{:?}", span);
        let end = span.end.unwrap();
        prop_assert_eq!(window.at(&zone, end - 1), span, "its last moment");
        prop_assert_eq!(window.at(&zone, span.start), span, "its first moment");
        prop_assert_eq!(window.at(&zone, end).start, end, "the next one begins where it ends");
    }
}
