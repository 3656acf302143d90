//! Replays a corpus of recorded exchanges through the linked plugins; `cargo xtask conformance` starts it.
//!
//! `conformance --corpus DIR [--provider P] [--json OUT] [--requests]`: with `--requests` it is the recorded requests that
//! are compared, with what is sent to the same vendor after they went through Loquat's own form.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context, Result};
use lexopt::prelude::*;
use serde_json::Value;
use workspace_tests::corpus::{Case, Outcome, Status, compare, load, replay, same_request, table};

fn main() -> Result<()> {
    let (mut corpus, mut provider, mut json, mut requests) = (None, None, None, false);
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("corpus") => corpus = Some(PathBuf::from(arguments.value()?)),
            Long("provider") => provider = Some(arguments.value()?.string()?),
            Long("json") => json = Some(PathBuf::from(arguments.value()?)),
            Long("requests") => requests = true,
            other => return Err(other.unexpected().into()),
        }
    }
    let corpus = corpus.context("which corpus? pass --corpus DIR")?;
    let cases = load(&corpus, provider.as_deref())?;
    let registry = loquat::registry()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut outcomes = Vec::with_capacity(cases.len());
    for case in cases {
        if requests {
            outcomes.extend(runtime.block_on(request_outcome(case, &registry))?);
            continue;
        }
        let actual =
            runtime.block_on(replay(&case, &registry)).with_context(|| format!("{}/{}", case.provider, case.name))?;
        let expected = case.expected.unwrap_or(Value::Null);
        let (status, why) = match &actual {
            None => (Status::Unsupported, "the provider or the operation is not built yet".to_owned()),
            Some(actual) => {
                let problems = compare(&expected, actual);
                (if problems.is_empty() { Status::Pass } else { Status::Fail }, problems.join("; "))
            }
        };
        let actual = actual.unwrap_or(Value::Null);
        outcomes.push(Outcome {
            provider: case.provider,
            case: case.name,
            kind: case.kind,
            actual,
            expected,
            status,
            why,
        });
    }
    let mut stdout = std::io::stdout().lock();
    for outcome in outcomes.iter().filter(|outcome| outcome.status == Status::Fail) {
        writeln!(stdout, "{}/{}: {}", outcome.provider, outcome.case, outcome.why)?;
    }
    writeln!(stdout, "{}", table(&outcomes))?;
    if let Some(path) = json {
        let text = serde_json::to_vec_pretty(&outcomes)?;
        std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}

/// What came of one recorded request; `None` where there is none to compare.
async fn request_outcome(case: Case, registry: &llm_core::Registry) -> Result<Option<Outcome>> {
    let compared = same_request(&case, registry).await.with_context(|| format!("{}/{}", case.provider, case.name))?;
    Ok(compared.map(|problems| Outcome {
        provider: case.provider,
        case: case.name,
        kind: case.kind,
        actual: Value::Null,
        expected: Value::Null,
        status: if problems.is_empty() { Status::Pass } else { Status::Fail },
        why: problems.join("; "),
    }))
}
