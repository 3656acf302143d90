//! The committed data: all of it can be read, and it says whose it is.

use llm_catalog::{Catalog, Terms};

const FILES: [&str; 2] = [include_str!("../../data/prices.jsonl"), include_str!("../../data/prices_more.jsonl")];

#[test]
fn all_of_the_data_is_read_and_priced() {
    for file in FILES {
        // What is fetched is read as a whole, and refused when anything in it is wrong.
        Catalog::empty().with_fetched(file.to_owned()).unwrap();
    }
    let catalog = Catalog::embedded();
    let all = catalog.search("");
    assert!(all.len() > 2500, "{}", all.len());
    let priced = all.iter().filter(|(provider, model)| {
        catalog.price(provider, model, &Terms::at(1_795_176_000)).is_ok_and(|price| !price.is_empty())
    });
    let priced = priced.count();
    println!("{priced} of {} models have a price of today", all.len());
    // Some are known by patterns only (`regional.…`), some are part of subscriptions.
    assert!(priced * 100 > all.len() * 95, "{priced} of {}", all.len());
}

#[test]
fn the_capabilities_are_read() {
    let text = include_str!("../../data/capabilities.jsonl");
    let catalog = Catalog::embedded();
    let (mut provider, mut read, mut known) = (String::new(), 0, 0);
    for line in text.lines().skip(1) {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        if let Some(name) = row["provider"].as_str() {
            provider = name.to_owned();
            continue;
        }
        read += 1;
        let facts = catalog.facts(&provider, row["id"].as_str().unwrap());
        known += usize::from(facts != llm_catalog::ModelFacts::default());
    }
    println!("{known} of {read} models can be asked for by the list's own name of their provider");
    assert!(known * 2 > read, "{known} of {read}");
}

#[test]
fn the_data_says_whose_it_is_and_the_licences_are_there() {
    let sources = Catalog::embedded().sources();
    assert_eq!(sources.len(), 3);
    for source in sources {
        let name = source.source.to_lowercase();
        let file = format!("{}/../../LICENSES/{name}-MIT.txt", env!("CARGO_MANIFEST_DIR"));
        let licence = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(licence.contains(&source.copyright), "{name}");
        assert_eq!((source.license.as_str(), source.date.len()), ("MIT", 10));
        assert!(!source.version.is_empty() && source.url.starts_with("https://"));
    }
}
