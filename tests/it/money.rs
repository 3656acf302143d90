//! Recorded usage of real vendors, priced.
//!
//! The recordings are other projects' and are not part of this repository: without them the tests are skipped aloud.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what was measured, and that nothing was")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use llm_catalog::{Call, Catalog, Terms, Unpriced};
use llm_core::{Component, Cost, CostSource, Usage, Usd};
use serde_json::Value;
use workspace_tests::corpus::{Case, load};

/// When the recordings are priced: they do not say their day.
const UNIX: u64 = 1_795_176_000;

pub(crate) fn corpus() -> Option<PathBuf> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus/dev");
    if !corpus.is_dir() {
        eprintln!("SKIPPED: no recordings at {}", corpus.display());
    }
    corpus.is_dir().then_some(corpus)
}

/// The model as the answer names it, else as the request does.
pub(crate) fn models(case: &Case) -> Vec<String> {
    let answered = case.expected.as_ref().and_then(|expected| expected["model"].as_str());
    let request = case.request.as_ref();
    let in_body = request.and_then(|request| request.body["model"].as_str());
    let in_path = request.and_then(|request| {
        let after = ["models/", "model/", "deployments/"].iter().find_map(|part| request.path.split_once(part))?.1;
        after.split(['/', ':', '?']).next()
    });
    [answered, in_body, in_path].into_iter().flatten().map(|model| model.replace("%3A", ":")).collect()
}

/// The usage as it was recorded: the corpus's reading of the tokens, and the vendor's own words beside them.
pub(crate) fn usage(case: &Case) -> Option<Usage> {
    let known = case.expected.as_ref()?.get("usage").filter(|usage| !usage.is_null())?;
    let count = |name: &str| known[name].as_u64();
    let mut usage = Usage::default();
    (usage.input, usage.output) = (count("input_tokens"), count("output_tokens"));
    (usage.cache_read, usage.cache_write) = (count("cached_input_tokens"), count("cache_write_input_tokens"));
    usage.reasoning = count("reasoning_tokens");
    let lines = case.response.body.lines().map(|line| line.strip_prefix("data: ").unwrap_or(line));
    let raw = serde_json::from_str::<Value>(&case.response.body).ok().into_iter();
    let raw = raw.chain(lines.filter_map(|line| serde_json::from_str(line).ok())).filter_map(|body: Value| {
        let usage = body.get("usage").or_else(|| body.get("response")?.get("usage"))?;
        usage.as_object().cloned()
    });
    let words = ["cost", "cost_details", "is_byok", "cost_in_usd_ticks", "server_tool_use", "speed"];
    usage.extra.extend(raw.flatten().filter(|(name, _)| words.contains(&name.as_str())));
    Some(usage)
}

#[test]
fn every_recorded_usage_has_a_price_or_a_reason() {
    let Some(corpus) = corpus() else { return };
    let catalog = Catalog::embedded();
    let mut table: BTreeMap<String, [usize; 4]> = BTreeMap::new();
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let (mut reported, mut equal) = (0, 0);
    for case in load(&corpus, None).unwrap() {
        let Some(usage) = usage(&case) else { continue };
        let models = models(&case);
        let price = |model: &String| catalog.cost(&Call::new(&case.provider, model, &usage, Terms::at(UNIX)));
        let mut costs: Vec<Result<Cost, Unpriced>> = models.iter().map(price).collect();
        let best = costs.iter().position(Result::is_ok).unwrap_or(0);
        let row = table.entry(case.provider.clone()).or_default();
        if costs.is_empty() {
            row[3] += 1;
            *reasons.entry("the recording names no model".to_owned()).or_default() += 1;
            continue;
        }
        match costs.swap_remove(best) {
            Ok(cost) => {
                row[usize::from(cost.source == CostSource::Vendor)] += 1;
                let sum = |of: fn(Component) -> bool| -> u64 {
                    cost.lines.iter().filter(|line| of(line.component)).map(|line| line.quantity).sum()
                };
                assert_eq!(sum(Component::is_input_token), usage.input.unwrap_or(0), "{}", case.name);
                assert_eq!(sum(Component::is_output_token), usage.output.unwrap_or(0), "{}", case.name);
                let lines: Option<Usd> = cost.lines.iter().map(|line| line.amount).sum();
                if let Some(lines) = lines.filter(|_| cost.source == CostSource::Vendor) {
                    reported += 1;
                    equal += usize::from(lines.rounded() == cost.total);
                }
            }
            Err(why) => {
                row[2] += 1;
                *reasons.entry(why.to_string()).or_default() += 1;
            }
        }
    }
    println!("{:<16}{:>8}{:>10}{:>10}{:>10}", "provider", "priced", "reported", "unknown", "nameless");
    for (provider, [priced, vendor, unknown, nameless]) in &table {
        println!("{provider:<16}{priced:>8}{vendor:>10}{unknown:>10}{nameless:>10}");
    }
    for (why, count) in &reasons {
        println!("{count:>5}  {why}");
    }
    println!(
        "of {reported} costs that a vendor reported and the catalogue knows, {equal} are the same to the nano-dollar"
    );
    let all: usize = table.values().flatten().sum();
    let known: usize = table.values().map(|row| row[0] + row[1]).sum();
    println!("{known} of {all} recorded usages have a cost");
    assert!(known * 100 >= all * 80, "{known} of {all}");
}
