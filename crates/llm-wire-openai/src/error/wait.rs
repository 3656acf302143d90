//! How long a message asks to wait, where no header says it.

use std::time::Duration;

/// Longest wait that a message is believed.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// "Please try again in 7.66s" and "in 6m0s" (OpenAI, Groq), "retry after 20 seconds" (Azure).
pub(super) fn asked(message: &str) -> Option<Duration> {
    let rest = ["try again in ", "retry after "].into_iter().find_map(|start| {
        let at = message.find(start)?;
        Some(&message[at + start.len()..])
    })?;
    let mut wait = Duration::ZERO;
    let mut rest = rest;
    loop {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let Ok(number) = rest[..digits].parse::<f64>() else { break };
        let behind = rest[digits..].trim_start();
        let letters = behind.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(behind.len());
        let seconds = match &behind[..letters] {
            "ms" | "milliseconds" => 0.001,
            "s" | "second" | "seconds" => 1.0,
            "m" | "minute" | "minutes" => 60.0,
            "h" | "hour" | "hours" => 3600.0,
            _ => break,
        };
        wait = wait.checked_add(Duration::try_from_secs_f64(number * seconds).ok()?)?;
        rest = &behind[letters..];
    }
    (!wait.is_zero() && wait <= LONGEST).then_some(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_waits_that_messages_name() {
        let asked = |message| asked(message).map(|wait| wait.as_millis());
        assert_eq!(asked("Rate limit reached. Please try again in 7.66s. Visit"), Some(7660));
        assert_eq!(asked("Please try again in 6m0s."), Some(360_000));
        assert_eq!(asked("Please try again in 20ms."), Some(20));
        assert_eq!(asked("please retry after 20 seconds."), Some(20_000));
        assert_eq!(asked("Please retry after 86400 seconds"), Some(86_400_000));
        assert_eq!(asked("Please retry after 86401 seconds"), None);
        assert_eq!(asked("Please try again in a moment"), None);
        assert_eq!(asked("Slow down"), None);
    }
}
