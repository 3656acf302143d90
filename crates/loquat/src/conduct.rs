//! From what the configuration says of a route to how its requests are driven, and to the timers of every call.

use std::time::Duration;

use llm_core::{Error, ErrorKind, Timeouts};
use llm_resilience::{Settings, TimeoutPolicy};

use crate::config::Defaults;

/// How requests are driven that go by `defaults`, which stand in the configuration at `place`.
pub(crate) fn settings(defaults: &Defaults, place: &str) -> Result<Settings, Error> {
    let settings = Settings::default()
        .with_retry(defaults.retry.clone().unwrap_or_default())
        .with_fallback(defaults.fall_over.clone().unwrap_or_default())
        .with_timeouts(policy(defaults, place)?)
        .with_stream(defaults.stream.clone().unwrap_or_default());
    let settings = defaults.hedge.iter().cloned().fold(settings, Settings::with_hedge);
    Ok(defaults.canned_answer.iter().fold(settings, |settings, text| settings.with_canned_answer(text.as_str())))
}

/// The times of a request and its attempts. A time of zero is refused: nothing could be answered in it.
fn policy(defaults: &Defaults, place: &str) -> Result<TimeoutPolicy, Error> {
    for (name, time) in [
        ("timeout", defaults.timeout),
        ("attempt_timeout", defaults.attempt_timeout),
        ("first_token_timeout", defaults.first_token_timeout),
        ("idle_timeout", defaults.idle_timeout),
    ] {
        if time.is_some_and(|time| time.is_zero()) {
            let what = format!("reading {place}.{name}: 0 leaves no time for an answer, leave it out for the default");
            return Err(Error::new(ErrorKind::Config, what));
        }
    }
    let policy = TimeoutPolicy::default().with_profile(defaults.timeout_profile.unwrap_or_default());
    let policy = defaults.timeout.into_iter().fold(policy, TimeoutPolicy::with_total);
    Ok(defaults.attempt_timeout.into_iter().fold(policy, TimeoutPolicy::with_attempt))
}

/// The timers inside each attempt.
pub(crate) fn timers(defaults: &Defaults) -> Timeouts {
    let mut timers = Timeouts::default();
    timers.idle = defaults.idle_timeout.or(timers.idle);
    let timers = defaults.attempt_timeout.into_iter().fold(timers, patient);
    first_content(timers, defaults)
}

/// The timers of a target whose attempts have a time of their own.
pub(crate) fn of_target(attempt: Duration, defaults: &Defaults) -> Timeouts {
    first_content(patient(timers(defaults), attempt), defaults)
}

/// An answer that is not streamed has its first byte when it is whole: who lets an attempt take minutes does not want
/// it cut by the defaults of these timers.
fn patient(mut timers: Timeouts, attempt: Duration) -> Timeouts {
    for timer in [&mut timers.first_byte, &mut timers.whole, &mut timers.first_content] {
        *timer = timer.map(|timer| timer.max(attempt));
    }
    timers
}

fn first_content(mut timers: Timeouts, defaults: &Defaults) -> Timeouts {
    timers.first_content = defaults.first_token_timeout.or(timers.first_content);
    timers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_that_may_take_long_is_not_cut_by_the_defaults() {
        let mut defaults = Defaults::default();
        assert_eq!(timers(&defaults), Timeouts::default());
        defaults.attempt_timeout = Some(Duration::from_secs(300));
        assert_eq!(
            (timers(&defaults).first_byte, timers(&defaults).first_content),
            (Some(Duration::from_secs(300)), Some(Duration::from_secs(300)))
        );
        defaults.first_token_timeout = Some(Duration::from_secs(8));
        assert_eq!(
            (timers(&defaults).first_byte, timers(&defaults).first_content),
            (Some(Duration::from_secs(300)), Some(Duration::from_secs(8)))
        );
        let target = of_target(Duration::from_secs(900), &defaults);
        assert_eq!(
            (target.first_byte, target.first_content),
            (Some(Duration::from_secs(900)), Some(Duration::from_secs(8)))
        );
        defaults.attempt_timeout = Some(Duration::from_secs(5));
        assert_eq!(timers(&defaults).first_byte, Timeouts::default().first_byte, "the attempt's own time is sooner");
    }

    #[test]
    fn no_time_at_all_is_refused() {
        let mut defaults = Defaults { idle_timeout: Some(Duration::ZERO), ..Defaults::default() };
        let error = settings(&defaults, "defaults").unwrap_err();
        assert!(error.kind() == ErrorKind::Config && error.message().contains("defaults.idle_timeout"), "{error}");
        defaults.idle_timeout = None;
        defaults.timeout = Some(Duration::from_secs(9));
        assert_eq!(settings(&defaults, "defaults").unwrap().timeouts.total, Duration::from_secs(9));
    }
}
