//! What the emulator does with a request: one [`Step`], given by a script or by the words of a model's name.
//! Pure: which request it is and how long the model has been used come in as arguments.

use std::fmt;
use std::time::Duration;

use llm_core::duration_text;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::problem::Problem;

/// What is done with one request. In JSON an object of these fields, or the words of a model's name as a string.
///
/// ```
/// use llm_testkit::emulator::{Content, Step};
///
/// let words: Step = serde_json::from_str(r#""tools-x2+slow-250ms""#)?;
/// let fields: Step = serde_json::from_str(r#"{"content": {"tools": 2}, "slow": "250ms"}"#)?;
/// assert_eq!(words, fields);
/// assert_eq!(words.content, Content::Tools(2));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", default, deny_unknown_fields)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "each is one word of a model's name, independent of the others")]
pub struct Step {
    /// What is answered.
    pub content: Content,
    /// The answer begins with readable reasoning, also where the request did not ask for it.
    pub reason: bool,
    /// Half of the prompt came from the vendor's cache.
    pub cached: bool,
    /// A request whose last message begins the answer is refused.
    pub no_prefill: bool,
    /// Longer prompts, in tokens, are refused as too long for the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<u64>,
    /// Wait before the headers.
    #[serde(with = "duration_text::option", skip_serializing_if = "Option::is_none")]
    pub slow: Option<Duration>,
    /// Wait between the headers and the body.
    #[serde(with = "duration_text::option", skip_serializing_if = "Option::is_none")]
    pub late: Option<Duration>,
    /// Wait before every further piece of a stream's content.
    #[serde(with = "duration_text::option", skip_serializing_if = "Option::is_none")]
    pub pace: Option<Duration>,
    /// A sign of life of the vendor's kind before every piece of a stream's content.
    pub pings: bool,
    /// The body leaves in writes of so many bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split: Option<usize>,
    /// What goes wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
}

/// What is answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Content {
    /// `echo: ` and the last words of the user or of a tool; JSON where the request asks for JSON, a tool call where it
    /// demands one.
    #[default]
    Echo,
    /// This text, whatever was asked for.
    Text(String),
    /// `word1 word2 …`, so many of them.
    Words(u32),
    /// So many calls of the offered tools, with the smallest arguments that their schemas allow. The answer to tool
    /// results is text.
    Tools(u32),
    /// The smallest JSON that the requested schema allows; `{"echo": …}` without a schema.
    Json,
    /// The model declines.
    Refuse,
}

/// What goes wrong with one request. Pieces are counted as content: words of text or reasoning, or pieces of a tool
/// call's arguments; what frames them does not count. In an answer that is not streamed, the places within a stream
/// mean the middle of the body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Fault {
    /// An error answer in the vendor's form.
    Error(Problem),
    /// No byte ever comes.
    Hang,
    /// The connection is reset before any byte.
    Reset,
    /// Status 200 with a page of HTML, as a proxy in the way would send.
    Html,
    /// Status 200 with an empty body.
    Empty,
    /// Nothing comes any more after so many pieces.
    StallAfter(u32),
    /// Nothing comes for this time after so many pieces, then the rest.
    PauseAfter {
        /// After so many pieces.
        pieces: u32,
        /// For so long.
        #[serde(with = "duration_text")]
        pause: Duration,
    },
    /// The connection is closed after so many pieces.
    CutAfter(u32),
    /// The connection is reset after so many pieces.
    ResetAfter(u32),
    /// The body ends properly, but without the end marker. At Gemini and Ollama the marker carries the finish reason.
    NoEnd,
    /// The body ends properly after the content: no finish reason, no usage, no end marker.
    NoFinish,
    /// All but the end marker comes, then nothing more.
    StallAtEnd,
    /// A chunk that is not valid JSON follows after so many pieces, then the stream goes on.
    BadChunk(u32),
    /// An error object within the 200, after so many pieces, ends the stream.
    ErrorAfter(u32),
    /// The same as the very first event, before anything that frames the content.
    ErrorAtStart,
    /// The vendor's filter ends the answer after so many pieces.
    Filtered(u32),
}

/// For which requests to a model a fault holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Extent {
    /// For all.
    Always,
    /// For the first so many.
    First(u64),
    /// For all in this time since the model's first request, then for none in the same time, and so on.
    Flap(Duration),
}

/// What a model's name says: what is always so, and faults with the requests for which they hold.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Behaviour {
    /// What holds for every request.
    pub base: Step,
    /// Faults one after another: the first one that holds is taken, and those bounded in number follow each other.
    pub faults: Vec<(Fault, Extent)>,
}

impl Behaviour {
    /// What is done with the model's request number `nth`, counted from 0, `age` after its first one.
    pub fn step(&self, nth: u64, age: Duration) -> Step {
        let mut used = 0;
        let holds = |extent: &Extent| match *extent {
            Extent::Always => true,
            Extent::First(count) => {
                used += count;
                nth < used
            }
            Extent::Flap(period) => {
                let periods = age.as_nanos().checked_div(period.as_nanos()).unwrap_or_default();
                periods.is_multiple_of(2)
            }
        };
        let mut holds = holds;
        let fault = self.faults.iter().find(|(_, extent)| holds(extent)).map(|(fault, _)| fault.clone());
        Step { fault, ..self.base.clone() }
    }
}

impl Behaviour {
    /// What these words of a model's name say.
    pub fn words(words: &str) -> Result<Self, String> {
        super::grammar::parse(words)
    }
}

impl Step {
    /// A step by the words of a model's name, for one request: `limit-429-ra20`, `tools+pace-20ms`.
    pub fn words(words: &str) -> Result<Self, String> {
        let behaviour = super::grammar::parse(words)?;
        let mut faults = behaviour.faults.into_iter();
        match (faults.next(), faults.next()) {
            (None, _) => Ok(behaviour.base),
            (Some((fault, Extent::Always)), None) => Ok(Self { fault: Some(fault), ..behaviour.base }),
            _ => Err(format!("{words:?} is more than one step: a script repeats a step by naming it again")),
        }
    }

    /// An answer of this text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { content: Content::Text(text.into()), ..Self::default() }
    }

    /// A fault.
    pub fn fault(fault: Fault) -> Self {
        Self { fault: Some(fault), ..Self::default() }
    }

    /// An error answer in the vendor's form.
    pub fn error(problem: Problem) -> Self {
        Self::fault(Fault::Error(problem))
    }
}

impl From<Fault> for Step {
    fn from(fault: Fault) -> Self {
        Self::fault(fault)
    }
}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WordsOrFields;

        impl<'de> Visitor<'de> for WordsOrFields {
            type Value = Step;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the words of a step, or an object of its fields")
            }

            fn visit_str<E: Error>(self, words: &str) -> Result<Step, E> {
                Step::words(words).map_err(E::custom)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Step, A::Error> {
                Step::deserialize(MapAccessDeserializer::new(map))
            }
        }

        deserializer.deserialize_any(WordsOrFields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::problem::Class;

    fn faults(words: &str, at: &[(u64, u64)]) -> Vec<bool> {
        let behaviour = crate::emulator::grammar::parse(words).unwrap();
        at.iter().map(|&(nth, age)| behaviour.step(nth, Duration::from_secs(age)).fault.is_some()).collect()
    }

    #[test]
    fn a_fault_holds_for_its_requests_only() {
        assert_eq!(faults("fail-503", &[(0, 0), (9, 9)]), [true, true]);
        assert_eq!(faults("fail-503-x2", &[(0, 0), (1, 0), (2, 0)]), [true, true, false]);
        assert_eq!(
            faults("fail-503-flap5s", &[(0, 0), (1, 4), (2, 5), (3, 9), (4, 10)]),
            [true, true, false, false, true]
        );
    }

    #[test]
    fn bounded_faults_follow_each_other() {
        let behaviour = crate::emulator::grammar::parse("fail-500-x1+limit-429-x2+tools").unwrap();
        let class = |nth| match behaviour.step(nth, Duration::ZERO).fault {
            Some(Fault::Error(problem)) => Some(problem.class),
            _ => None,
        };
        assert_eq!(
            [0, 1, 2, 3].map(class),
            [Some(Class::Server), Some(Class::RateLimited), Some(Class::RateLimited), None]
        );
        assert_eq!(behaviour.step(3, Duration::ZERO).content, Content::Tools(1));
    }

    #[test]
    fn a_step_survives_json() {
        for words in [
            "echo",
            "limit-429-ra20+slow-250ms",
            "tools-x2+reason+split-7",
            "cut-after-3",
            "error-at-0",
            "pause-after-2-30s",
        ] {
            let step = Step::words(words).unwrap();
            let json = serde_json::to_string(&step).unwrap();
            assert_eq!(serde_json::from_str::<Step>(&json).unwrap(), step, "{json}");
            assert_eq!(serde_json::from_value::<Step>(words.into()).unwrap(), step);
        }
    }

    #[test]
    fn a_step_that_makes_no_sense_is_refused() {
        for json in [r#"{"fault": "explode"}"#, r#"{"slov": "1s"}"#, r#""fail-503-x2""#, r#""tools+fail-5o3""#, "3"] {
            assert!(serde_json::from_str::<Step>(json).is_err(), "{json}");
        }
    }
}
