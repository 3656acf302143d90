//! Runs a corpus: every answer read, or every request sent again.

use std::path::Path;

use anyhow::{Context as _, Result};
use llm_core::Registry;
use serde_json::Value;

use super::replay::plugin_for;
use super::{Case, Outcome, Status, compare, load, replay, same_request};

/// What of the recorded exchanges is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What the plugins read in the answers, with what the vendors' own clients read.
    Answers,
    /// The recorded requests, with what is sent to the same vendor after they went through Loquat's own form.
    Requests,
}

/// What came of each case of a corpus, or of one vendor's.
pub async fn run(corpus: &Path, provider: Option<&str>, side: Side) -> Result<Vec<Outcome>> {
    let registry = loquat::registry()?;
    let mut outcomes = Vec::new();
    for case in load(corpus, provider)? {
        let name = format!("{}/{}", case.provider, case.name);
        let outcome = match side {
            Side::Answers => Some(answer(case, &registry).await.context(name)?),
            Side::Requests => request(case, &registry).await.context(name)?,
        };
        outcomes.extend(outcome);
    }
    Ok(outcomes)
}

async fn answer(case: Case, registry: &Registry) -> Result<Outcome> {
    let plugin = plugin_for(&case, registry);
    let actual = replay(&case, registry).await?;
    let expected = case.expected.unwrap_or(Value::Null);
    let (status, why) = match &actual {
        None => (Status::Unsupported, "the provider or the operation is not built yet".to_owned()),
        Some(actual) => {
            let problems = compare(&expected, actual);
            (if problems.is_empty() { Status::Pass } else { Status::Fail }, problems.join("; "))
        }
    };
    let actual = actual.unwrap_or(Value::Null);
    Ok(Outcome { provider: case.provider, plugin, case: case.name, kind: case.kind, actual, expected, status, why })
}

/// What came of one recorded request; `None` where there is none to compare.
async fn request(case: Case, registry: &Registry) -> Result<Option<Outcome>> {
    let plugin = plugin_for(&case, registry);
    let compared = same_request(&case, registry).await?;
    Ok(compared.map(|problems| Outcome {
        provider: case.provider,
        plugin,
        case: case.name,
        kind: case.kind,
        actual: Value::Null,
        expected: Value::Null,
        status: if problems.is_empty() { Status::Pass } else { Status::Fail },
        why: problems.join("; "),
    }))
}
