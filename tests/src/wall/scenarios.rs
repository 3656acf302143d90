//! The sixteen scenarios: what fails how, and what must hold. One table for all who run them.

use std::time::Duration;

use super::Mode;
use super::check::Check;

/// One way to fail, and what a gateway must make of it.
#[derive(Debug)]
pub struct Scenario {
    /// `S01` to `S16`.
    pub id: &'static str,
    /// What goes wrong.
    pub title: &'static str,
    /// Who is asked, the primary first.
    pub targets: &'static [Target],
    /// How often it is asked.
    pub load: Load,
    /// What takes longer hangs.
    pub limit: Duration,
    /// What must hold, streamed and whole.
    pub checks: &'static [Check],
    /// What must hold of a stream beside that.
    pub of_streams: &'static [Check],
}

/// One target: the words of its model's name in the emulator, and its context window where the route says it.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The words.
    pub words: &'static str,
    /// The window.
    pub context_window: Option<u32>,
}

/// How often a scenario asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// Once.
    Once,
    /// So many times, one each time this has passed.
    Every(Duration, u32),
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const fn target(words: &'static str) -> Target {
    Target { words, context_window: None }
}

const HEALTHY: Target = target("words-60");
/// How long the primary of S15 is down, and when it must be used again at the latest.
const DOWN: Duration = seconds(60);
const BACK: Duration = seconds(30);

/// All of them, in order.
pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        checks: &[
            Check::Served,
            Check::Burst(Duration::from_millis(1500), 2),
            Check::SecondAfter(Duration::from_millis(1800)),
        ],
        ..of("S01", "429 with Retry-After: 2, once", &[target("limit-429-ra2-x1+words-60"), HEALTHY])
    },
    Scenario {
        checks: &[Check::Served, Check::By(1), Check::Burst(seconds(3), 4), Check::Attempts(0, 1..=6)],
        ..of("S02", "429 without Retry-After, always", &[target("limit-429"), HEALTHY])
    },
    Scenario {
        checks: &[Check::Served, Check::By(0), Check::Attempts(0, 2..=2), Check::Attempts(1, 0..=0)],
        ..of("S03", "500 once", &[target("fail-500-x1+words-60"), HEALTHY])
    },
    Scenario {
        checks: &[Check::Served, Check::By(1), Check::Attempts(0, 1..=6)],
        ..of("S04", "503, always", &[target("fail-503"), HEALTHY])
    },
    Scenario {
        checks: &[Check::Served, Check::Attempts(0, 1..=2)],
        ..of("S05", "connection reset before any byte, once", &[target("reset-x1+words-60"), HEALTHY])
    },
    Scenario {
        limit: seconds(130),
        checks: &[Check::Served, Check::By(1), Check::Attempts(0, 1..=1), Check::Within(seconds(100))],
        ..of("S06", "no byte ever comes", &[target("hang"), HEALTHY])
    },
    Scenario {
        limit: seconds(60),
        checks: &[Check::Served, Check::Within(seconds(15))],
        ..of("S07", "first token after 20 s", &[target("late-20s+words-60"), HEALTHY])
    },
    Scenario {
        checks: &[Check::Served],
        ..of("S08", "cut after 40 of 60 tokens", &[target("words-60+cut-after-40"), HEALTHY])
    },
    Scenario {
        limit: seconds(70),
        checks: &[Check::Served, Check::Within(seconds(45))],
        ..of("S09", "silent for 30 s in mid-stream", &[target("words-60+pause-after-20-30s"), HEALTHY])
    },
    Scenario {
        checks: &[Check::Served],
        of_streams: &[Check::By(0), Check::Attempts(0, 1..=1)],
        ..of("S10", "a malformed chunk in mid-stream", &[target("words-60+bad-chunk-after-10"), HEALTHY])
    },
    Scenario {
        checks: &[Check::Served, Check::By(0), Check::Attempts(0, 1..=1), Check::Within(seconds(8)), Check::Usage],
        ..of("S11", "no [DONE] at the end", &[target("words-60+no-end"), HEALTHY])
    },
    Scenario {
        checks: &[Check::Served, Check::By(2), Check::Attempts(0, 1..=1), Check::Attempts(1, 0..=0)],
        ..of(
            "S12",
            "the prompt is too long; only the third window is larger",
            &[
                Target { words: "context-length", context_window: Some(8_000) },
                Target { words: "words-60", context_window: Some(8_000) },
                Target { words: "words-60", context_window: Some(128_000) },
            ],
        )
    },
    Scenario {
        checks: &[
            Check::Refused { status: 400, code: "content_policy_violation" },
            Check::Attempts(0, 1..=1),
            Check::Attempts(1, 0..=0),
        ],
        ..of("S13", "the content filter refuses", &[target("content-filter"), HEALTHY])
    },
    Scenario {
        checks: &[Check::Served],
        ..of(
            "S14",
            "cut after 40 tokens, and the fallback takes no prefill",
            &[target("words-60+cut-after-40"), target("words-60+no-prefill")],
        )
    },
    Scenario {
        load: Load::Every(seconds(4), 20),
        limit: seconds(30),
        checks: &[Check::Served, Check::Recovers(DOWN, BACK)],
        ..of("S15", "503 for 60 s, then healthy", &[target("fail-503-flap60s+words-60"), HEALTHY])
    },
    Scenario {
        checks: &[Check::Served, Check::By(1), Check::Usage, Check::Attempts(0, 1..=6)],
        ..of("S16", "503, always: whose model, whose tokens", &[target("fail-503"), HEALTHY])
    },
];

const fn of(id: &'static str, title: &'static str, targets: &'static [Target]) -> Scenario {
    Scenario { id, title, targets, load: Load::Once, limit: seconds(45), checks: &[], of_streams: &[] }
}

impl Scenario {
    /// The name of the route by which clients ask for it.
    pub fn route(&self, mode: Mode) -> String {
        format!("{}-{}", self.id.to_lowercase(), mode.name())
    }

    /// The name of a target's model: its words behind a name of its own, so that the emulator counts it apart.
    pub fn model(&self, mode: Mode, target: usize) -> String {
        let words = self.targets.get(target).map_or("", |target| target.words);
        // Tokens come one by one, as from a vendor, so that a break is one in the middle.
        format!("{}-{target}+{words}+pace-5ms", self.route(mode))
    }

    /// The names of all its models.
    pub fn models(&self, mode: Mode) -> Vec<String> {
        (0..self.targets.len()).map(|target| self.model(mode, target)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_sixteen_and_the_emulator_knows_their_words() {
        let ids: Vec<&str> = SCENARIOS.iter().map(|scenario| scenario.id).collect();
        assert_eq!(ids, (1..=16).map(|nth| format!("S{nth:02}")).collect::<Vec<_>>());
        for scenario in SCENARIOS {
            assert!(!scenario.checks.is_empty(), "{} asserts nothing", scenario.id);
            for model in Mode::ALL.into_iter().flat_map(|mode| scenario.models(mode)) {
                let known = llm_testkit::emulator::Behaviour::words(&model);
                assert!(known.is_ok(), "{}: {known:?}", scenario.id);
            }
        }
    }
}
