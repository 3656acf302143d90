//! The words of a model's name. `emulator/mod.rs` lists them for users.

use std::time::Duration;

use llm_core::duration_text;

use super::behaviour::{Behaviour, Content, Extent, Fault, Step};
use super::problem::{Class, Problem};

/// What a model's name says. Words are joined by `+`. The first one may be any name, which says nothing; one that begins
/// like a word of the grammar and is none, and any later one that is none, is an error, so that a slip of the pen does
/// not pass for a healthy model.
pub(crate) fn parse(name: &str) -> Result<Behaviour, String> {
    let mut behaviour = Behaviour::default();
    // `vendor/model`, and Ollama's `model:tag`.
    let name = name.rsplit('/').next().unwrap_or(name).split(':').next().unwrap_or(name);
    for (at, word) in name.split('+').enumerate() {
        let known = word_of(word, &mut behaviour)?;
        if !known && (at > 0 || BOUND.iter().any(|start| word.starts_with(start))) {
            return Err(format!("the model's name {name:?} has no meaning here: {word:?} is no word of the emulator"));
        }
    }
    Ok(behaviour)
}

/// Beginnings that a free name may not have.
const BOUND: [&str; 22] = [
    "fail-",
    "limit-",
    "stall-",
    "pause-",
    "no-prefill-",
    "cut-",
    "reset-",
    "error-",
    "bad-chunk-",
    "filtered-",
    "slow-",
    "late-",
    "pace-",
    "split-",
    "words-",
    "tools-",
    "window-",
    "hang-",
    "quota-",
    "overloaded-",
    "html-",
    "empty-",
];

fn word_of(word: &str, behaviour: &mut Behaviour) -> Result<bool, String> {
    if content(word, &mut behaviour.base)? || setting(word, &mut behaviour.base) {
        return Ok(true);
    }
    let Some((fault, extent)) = fault(word) else { return Ok(false) };
    if let Some((_, Extent::Always)) = behaviour.faults.last() {
        return Err(format!("{word:?} never comes about: the fault before it holds for every request"));
    }
    behaviour.faults.push((fault, extent));
    Ok(true)
}

fn content(word: &str, step: &mut Step) -> Result<bool, String> {
    let content = match word {
        "echo" => Content::Echo,
        "tools" => Content::Tools(1),
        "json" => Content::Json,
        "refuse" => Content::Refuse,
        _ => match (number(word, "tools-x"), number(word, "words-")) {
            (Some(count), _) => Content::Tools(count),
            (_, Some(count)) => Content::Words(count),
            _ => return Ok(false),
        },
    };
    if step.content != Content::Echo && step.content != content {
        return Err(format!("{word:?} contradicts another word of the model's name: an answer has one content"));
    }
    step.content = content;
    Ok(true)
}

fn setting(word: &str, step: &mut Step) -> bool {
    match word {
        "reason" => step.reason = true,
        "cached" => step.cached = true,
        "pings" => step.pings = true,
        "no-prefill" => step.no_prefill = true,
        _ => {
            if let Some(wait) = duration(word, "slow-") {
                step.slow = Some(wait);
            } else if let Some(wait) = duration(word, "late-") {
                step.late = Some(wait);
            } else if let Some(wait) = duration(word, "pace-") {
                step.pace = Some(wait);
            } else if let Some(bytes) = number(word, "split-").filter(|bytes| *bytes > 0) {
                step.split = usize::try_from(bytes).ok();
            } else if let Some(tokens) = number(word, "window-") {
                step.window = Some(tokens.into());
            } else {
                return false;
            }
        }
    }
    true
}

/// A fault with the requests for which it holds (`-x2`, `-flap5s`).
fn fault(word: &str) -> Option<(Fault, Extent)> {
    if let Some((word, count)) = suffix(word, "-x")
        && let Ok(count) = count.parse()
    {
        return Some((one_fault(word)?, Extent::First(count)));
    }
    if let Some((word, period)) = suffix(word, "-flap")
        && let Some(period) = whole_duration(period)
    {
        return Some((one_fault(word)?, Extent::Flap(period)));
    }
    Some((one_fault(word)?, Extent::Always))
}

fn one_fault(word: &str) -> Option<Fault> {
    Some(match word {
        "hang" => Fault::Hang,
        "reset" => Fault::Reset,
        "html-200" => Fault::Html,
        "empty-200" => Fault::Empty,
        "no-end" => Fault::NoEnd,
        "no-finish" => Fault::NoFinish,
        "stall-at-end" => Fault::StallAtEnd,
        "bad-chunk" => Fault::BadChunk(1),
        "filtered" => Fault::Filtered(1),
        "error-at-0" => Fault::ErrorAtStart,
        _ => {
            let after = |start| number(word, start);
            if let Some(pieces) = after("stall-after-") {
                Fault::StallAfter(pieces)
            } else if let Some((pieces, pause)) =
                word.strip_prefix("pause-after-").and_then(|rest| rest.split_once('-'))
            {
                Fault::PauseAfter { pieces: pieces.parse().ok()?, pause: whole_duration(pause)? }
            } else if let Some(pieces) = after("cut-after-") {
                Fault::CutAfter(pieces)
            } else if let Some(pieces) = after("reset-after-") {
                Fault::ResetAfter(pieces)
            } else if let Some(pieces) = after("bad-chunk-after-") {
                Fault::BadChunk(pieces)
            } else if let Some(pieces) = after("error-after-") {
                Fault::ErrorAfter(pieces)
            } else if let Some(pieces) = after("filtered-after-") {
                Fault::Filtered(pieces)
            } else {
                return problem(word).map(Fault::Error);
            }
        }
    })
}

/// An error answer, perhaps with how long to wait (`-ra20`, `-ra250ms`).
fn problem(word: &str) -> Option<Problem> {
    if let Some((word, wait)) = suffix(word, "-ra")
        && let Some(wait) = duration_text::parse(wait)
    {
        return Some(problem(word)?.with_retry_after(wait));
    }
    let class = match word {
        "auth" => Class::Auth,
        "permission" => Class::Permission,
        "unknown-model" => Class::NotFound,
        "invalid" => Class::Invalid,
        "too-large" => Class::TooLarge,
        "context-length" => Class::ContextLength,
        "content-filter" => Class::ContentFilter,
        "limit" | "limit-429" => Class::RateLimited,
        "quota" => Class::Quota,
        "overloaded" => Class::Overloaded,
        _ => {
            let status = number(word, "fail-").and_then(|status| u16::try_from(status).ok());
            return status.filter(|status| (400..=599).contains(status)).map(Problem::of_status);
        }
    };
    Some(Problem::new(class))
}

fn suffix<'w>(word: &'w str, mark: &str) -> Option<(&'w str, &'w str)> {
    word.rsplit_once(mark)
}

fn number(word: &str, start: &str) -> Option<u32> {
    word.strip_prefix(start)?.parse().ok()
}

fn duration(word: &str, start: &str) -> Option<Duration> {
    whole_duration(word.strip_prefix(start)?)
}

/// A duration with its unit.
fn whole_duration(text: &str) -> Option<Duration> {
    text.ends_with(['s', 'm', 'h']).then(|| duration_text::parse(text)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, expected: impl std::borrow::Borrow<Step>) {
        assert_eq!(Step::words(name).as_ref(), Ok(expected.borrow()), "{name}");
    }

    #[test]
    fn any_name_is_a_healthy_model() {
        for name in ["gpt-4.1-mini", "claude-sonnet-4-5", "models/gemini-2.5-flash", "llama3.2:latest", "echo", ""] {
            check(name, Step::default());
        }
    }

    #[test]
    fn words_say_what_happens() {
        check("fail-503", Step::error(Problem::of_status(503)));
        check(
            "limit-429-ra20",
            Step::error(Problem::new(Class::RateLimited).with_retry_after(Duration::from_secs(20))),
        );
        check(
            "limit-ra250ms",
            Step::error(Problem::new(Class::RateLimited).with_retry_after(Duration::from_millis(250))),
        );
        for (word, class) in [
            ("quota", Class::Quota),
            ("auth", Class::Auth),
            ("overloaded", Class::Overloaded),
            ("context-length", Class::ContextLength),
            ("content-filter", Class::ContentFilter),
        ] {
            check(word, Step::error(Problem::new(class)));
        }
        check("slow-250ms", Step { slow: Some(Duration::from_millis(250)), ..Step::default() });
        check("late-2s", Step { late: Some(Duration::from_secs(2)), ..Step::default() });
        check("stall-after-3", Step::fault(Fault::StallAfter(3)));
        check("pause-after-20-30s", Step::fault(Fault::PauseAfter { pieces: 20, pause: Duration::from_secs(30) }));
        check("no-prefill", Step { no_prefill: true, ..Step::default() });
        check("cut-after-0", Step::fault(Fault::CutAfter(0)));
        check("bad-chunk", Step::fault(Fault::BadChunk(1)));
        check("bad-chunk-after-4", Step::fault(Fault::BadChunk(4)));
        check("error-at-0", Step::fault(Fault::ErrorAtStart));
        check("error-after-0", Step::fault(Fault::ErrorAfter(0)));
        check("html-200", Step::fault(Fault::Html));
        check("words-60", Step { content: Content::Words(60), ..Step::default() });
        check("window-100", Step { window: Some(100), ..Step::default() });
    }

    #[test]
    fn words_combine_and_a_name_may_lead() {
        let expected = Step {
            content: Content::Tools(2),
            reason: true,
            pace: Some(Duration::from_millis(20)),
            fault: Some(Fault::CutAfter(3)),
            ..Step::default()
        };
        check("tools-x2+reason+pace-20ms+cut-after-3", &expected);
        check("claude-sonnet-5+cut-after-3+pace-20ms+reason+tools-x2", &expected);
    }

    #[test]
    fn extents_are_read() {
        let extents = |name| parse(name).unwrap().faults.into_iter().map(|(_, extent)| extent).collect::<Vec<_>>();
        assert_eq!(extents("fail-503-x2"), [Extent::First(2)]);
        assert_eq!(extents("limit-429-ra2-x1"), [Extent::First(1)]);
        assert_eq!(extents("cut-after-40-x1+reset-x2"), [Extent::First(1), Extent::First(2)]);
        assert_eq!(extents("reset-flap500ms"), [Extent::Flap(Duration::from_millis(500))]);
        assert_eq!(extents("no-end"), [Extent::Always]);
    }

    #[test]
    fn slips_of_the_pen_are_errors() {
        for name in [
            "fail-5o3",
            "fail-200",
            "fail-",
            "echo+gpt-4",
            "slow-250",
            "pace-fast",
            "tools+json",
            "words-60+tools",
            "stall-after-x",
            "pause-after-3",
            "pause-after-3-30",
            "split-0",
            "fail-503+reset",
            "limit-ra-5",
        ] {
            assert!(parse(name).is_err(), "{name}");
        }
    }
}
