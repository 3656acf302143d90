//! Costs against a table that another program computed from the same list, with exact fractions.

use llm_catalog::{Call, Catalog, Terms};
use llm_core::{Component, Usage};
use serde_json::{Map, Value};

const TABLE: &str = include_str!("../data/parity.tsv");
const COLUMNS: [&str; 9] = [
    "input",
    "cache_read",
    "cache_write",
    "cache_write_1h",
    "input_audio",
    "input_image",
    "output",
    "reasoning",
    "output_audio",
];

#[test]
fn costs_are_equal_to_the_nano_dollar() {
    let catalog = Catalog::embedded();
    let (mut rows, mut providers) = (0, std::collections::BTreeSet::new());
    for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<_> = line.split('\t').collect();
        let [provider, model, unix, class, counts @ .., searches, expected] = fields.as_slice() else {
            panic!("{line}")
        };
        let number = |text: &str| text.parse::<u64>().ok();
        let counts = COLUMNS.iter().zip(counts).filter_map(|(name, count)| Some(((*name).to_owned(), number(count)?)));
        let usage: Map<String, Value> = counts.map(|(name, count)| (name, count.into())).collect();
        let usage: Usage = serde_json::from_value(usage.into()).unwrap();
        let mut terms = Terms::at(number(unix).unwrap());
        for (key, value) in class.split(',').filter_map(|condition| condition.split_once('=')) {
            terms = match key {
                "processing" => terms.as_batch(),
                "speed" => terms.as_fast(),
                "service_tier" => terms.with_service_tier(Some(value)),
                _ => panic!("{line}"),
            };
        }
        let counted: Vec<_> = number(searches).map(|count| (Component::WebSearch, count)).into_iter().collect();
        let cost = catalog.cost(&Call::new(provider, model, &usage, terms).with_counted(&counted));
        let cost = cost.unwrap_or_else(|why| panic!("{line}: {why}"));
        assert_eq!(cost.total.nanos(), number(expected).unwrap(), "{line}\n{cost:?}");
        assert!(cost.complete && !cost.estimated, "{line}\n{cost:?}");
        (rows, _) = (rows + 1, providers.insert(*provider));
    }
    println!("{rows} costs of {} providers are equal to the nano-dollar", providers.len());
    assert!(rows >= 500 && providers.len() >= 13, "{rows} rows of {} providers", providers.len());
}
