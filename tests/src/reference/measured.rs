//! How a corpus came out, in numbers and names: nothing of what the recordings say.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

use crate::corpus::{Outcome, Side, Status, run};

/// Both sides of a corpus.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measured {
    /// What was read in the answers.
    pub answers: Counts,
    /// What was sent again.
    pub requests: Counts,
}

/// One side of a corpus.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Vendor → kind → cases and how many of them are equal.
    pub vendors: BTreeMap<String, BTreeMap<String, [usize; 2]>>,
    /// Plugin → cases that it was asked about, and how many of them are equal.
    pub plugins: BTreeMap<String, [usize; 2]>,
    /// The cases that are not.
    pub misses: Vec<Miss>,
}

/// A case that did not come out equal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Miss {
    /// `vendor/name`.
    pub case: String,
    /// Its kind.
    pub kind: String,
    /// There is no plugin or no operation for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unsupported: bool,
}

impl Measured {
    /// Runs a corpus.
    pub async fn of(corpus: &Path) -> Result<Self> {
        Ok(Self {
            answers: Counts::of(&run(corpus, None, Side::Answers).await?),
            requests: Counts::of(&run(corpus, None, Side::Requests).await?),
        })
    }
}

impl Counts {
    fn of(outcomes: &[Outcome]) -> Self {
        let mut counts = Self::default();
        for outcome in outcomes {
            let kinds = counts.vendors.entry(outcome.provider.clone()).or_default();
            let [cases, equal] = kinds.entry(outcome.kind.clone()).or_default();
            *cases += 1;
            if let Some(plugin) = outcome.plugin {
                let [cases, right] = counts.plugins.entry(plugin.to_owned()).or_default();
                *cases += 1;
                *right += usize::from(outcome.status == Status::Pass);
            }
            if outcome.status == Status::Pass {
                *equal += 1;
                continue;
            }
            counts.misses.push(Miss {
                case: format!("{}/{}", outcome.provider, outcome.case),
                kind: outcome.kind.clone(),
                unsupported: outcome.status == Status::Unsupported,
            });
        }
        counts
    }

    /// Cases and equal ones of a kind, or of all.
    pub(super) fn total(&self, kind: Option<&str>) -> [usize; 2] {
        let kinds = self.vendors.values().flatten().filter(|(name, _)| kind.is_none_or(|kind| kind == *name));
        kinds.fold([0, 0], |[cases, equal], (_, [more, right])| [cases + more, equal + right])
    }
}

/// Why cases are not equal, as written by hand.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Explanations {
    miss: Vec<Explanation>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Explanation {
    side: Written,
    /// All cases of this kind that no plugin takes.
    kind: Option<String>,
    #[serde(default)]
    cases: Vec<String>,
    why: String,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Written {
    Answers,
    Requests,
}

/// One explanation with the cases it is for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Explained<'a> {
    pub(super) why: String,
    pub(super) misses: Vec<&'a Miss>,
}

/// The misses of both sides by their explanations; an error names those without one, and words for cases that are equal.
pub(super) fn explained<'a>(text: &str, measured: &'a Measured) -> Result<[Vec<Explained<'a>>; 2]> {
    let Explanations { miss } = toml::from_str(text)?;
    let mut left: BTreeSet<&str> = miss.iter().flat_map(|miss| &miss.cases).map(String::as_str).collect();
    let mut unexplained = Vec::new();
    let mut of = |side: Written, counts: &'a Counts| {
        let mut all: Vec<Explained<'a>> = Vec::new();
        for missed in &counts.misses {
            let fits = |entry: &&Explanation| {
                let kind = missed.unsupported && entry.kind.as_deref() == Some(&missed.kind);
                entry.side == side && (kind || entry.cases.contains(&missed.case))
            };
            let Some(entry) = miss.iter().find(fits) else {
                unexplained.push(missed.case.as_str());
                continue;
            };
            left.remove(missed.case.as_str());
            match all.iter_mut().find(|explained| explained.why == entry.why) {
                Some(explained) => explained.misses.push(missed),
                None => all.push(Explained { why: entry.why.clone(), misses: vec![missed] }),
            }
        }
        all
    };
    let both = [of(Written::Answers, &measured.answers), of(Written::Requests, &measured.requests)];
    if !unexplained.is_empty() {
        bail!("{} cases are not equal and not explained:\n{}", unexplained.len(), unexplained.join("\n"));
    }
    if !left.is_empty() {
        bail!("explained, but equal or not there: {}", Vec::from_iter(left).join(", "));
    }
    Ok(both)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured() -> Measured {
        let miss = |case: &str, unsupported| Miss { case: case.to_owned(), kind: "ocr".to_owned(), unsupported };
        Measured {
            answers: Counts { misses: vec![miss("a/1", true), miss("b/2", false)], ..Counts::default() },
            ..Measured::default()
        }
    }

    #[test]
    fn every_miss_has_an_explanation_and_no_explanation_is_idle() {
        let kind = "[[miss]]\nside = \"answers\"\nkind = \"ocr\"\nwhy = \"no such operation\"\n";
        let case = "[[miss]]\nside = \"answers\"\ncases = [\"b/2\"]\nwhy = \"cut off\"\n";
        let measured = measured();
        let [answers, requests] = explained(&format!("{kind}{case}"), &measured).unwrap();
        assert_eq!((answers.len(), requests.len()), (2, 0));
        assert_eq!((answers[1].why.as_str(), answers[1].misses[0].case.as_str()), ("cut off", "b/2"));
        assert!(explained(kind, &measured).unwrap_err().to_string().ends_with("not explained:\nb/2"));
        let idle = format!("{kind}{case}").replace("[\"b/2\"]", "[\"b/2\", \"c/3\"]");
        assert!(explained(&idle, &measured).unwrap_err().to_string().ends_with("c/3"));
    }
}
