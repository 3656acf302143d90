//! Where prices come from: names, dates, tiers, classes, and who counts more.

use llm_catalog::{Call, Catalog, ModelOverlay, Overlay, Terms};
use llm_core::{Component, CostSource, Usage, Usd};

const UNIX: u64 = 1_795_176_000; // 2026-11-20

fn usd(text: &str) -> Usd {
    text.parse().unwrap()
}

fn input(catalog: &Catalog, provider: &str, model: &str) -> Option<String> {
    catalog.price(provider, model, &Terms::at(UNIX)).ok()?.input().map(|price| price.to_string())
}

#[test]
fn a_model_is_found_by_all_its_names() {
    let catalog = Catalog::embedded();
    for (provider, model, price) in [
        ("openai", "gpt-4o", "2.5"),
        ("openai", "GPT-4o", "2.5"),
        ("openai", "gpt-5.4-2026-03-05", "2.5"),
        ("openai", "gpt-5.4-20260305", "2.5"),
        ("anthropic", "claude-haiku-4-5-20251001", "1"),
        ("claude", "claude-haiku-4-5", "1"),
        ("gemini", "gemini-2.5-flash-lite", "0.1"),
        ("google", "gemini-2.5-flash-lite", "0.1"),
        ("vertex", "claude-haiku-4-5@20251001", "1"),
        ("azure", "gpt-4o", "2.5"),
        ("bedrock", "us.anthropic.claude-haiku-4-5-20251001-v1:0", "1.1"),
        ("openrouter", "openai/gpt-4o", "2.5"),
        ("huggingface", "Qwen/Qwen3-32B:groq", "0.29"),
    ] {
        assert_eq!(input(&catalog, provider, model).as_deref(), Some(price), "{provider}/{model}");
    }
    assert_eq!(input(&catalog, "openai", "gpt-4o-of-somebody"), None);
    assert_eq!(input(&catalog, "huggingface", "Qwen/Qwen3-32B"), None, "it depends on who serves it");
    assert_eq!(catalog.canonical("anthropic", "claude-haiku-4-5-20251001"), Some("claude-haiku-4-5"));
    assert_eq!(input(&Catalog::empty(), "openai", "gpt-4o"), None);
}

#[test]
fn what_runs_at_home_sends_no_bill() {
    let catalog = Catalog::embedded();
    for (provider, model, price) in
        [("ollama", "llama4", Some("0")), ("local", "echo", Some("0")), ("ollama", "gpt-oss:120b-cloud", None)]
    {
        assert_eq!(input(&catalog, provider, model).as_deref(), price, "{provider}/{model}");
    }
}

#[test]
fn a_price_depends_on_the_day_the_length_and_the_class() {
    let catalog = Catalog::embedded();
    let of = |terms: &Terms<'_>, tokens| {
        let price = catalog.price("anthropic", "claude-opus-4-6", terms).unwrap();
        price.rate(Component::Input).unwrap().at(tokens).to_string()
    };
    let (march_12, march_13) = (1_773_273_600 + 86_399, 1_773_360_000);
    assert_eq!([of(&Terms::at(march_12), 200_000), of(&Terms::at(march_12), 200_001)], ["5", "10"]);
    assert_eq!([of(&Terms::at(march_13), 200_000), of(&Terms::at(march_13), 200_001)], ["5", "5"]);
    assert_eq!(of(&Terms::at(UNIX).as_batch(), 0), "2.5");
    assert_eq!(of(&Terms::at(march_13).as_batch(), 0), "5", "before the list has batches");
}

#[test]
fn the_nearer_source_counts_more_key_by_key() {
    let fetched = [
        r#"{"schema":1,"source":"x","version":"2","date":"2026-12-01","url":"u","license":"MIT","copyright":"c"}"#,
        r#"{"provider":"openai"}"#,
        r#"{"id":"gpt-4o","p":[{"p":{"in":2000000,"cr":900000}}]}"#,
        r#"{"id":"gpt-new","p":[{"p":{"in":7000000,"out":8000000}}]}"#,
    ];
    let user = ModelOverlay::new("openai", "gpt-4o").with_price(Component::Input, usd("1"));
    let base = ModelOverlay::new("azure", "our-name").with_base_model("openai/gpt-4o");
    let tuned =
        ModelOverlay::new("openai", "ft:ours*").with_base_model("gpt-4o").with_price(Component::Output, usd("12"));
    let catalog = Catalog::embedded()
        .with_fetched(fetched.join("\n"))
        .unwrap()
        .with_overlay(Overlay::default().with(user).with(base).with(tuned));
    let request = ModelOverlay::new("openai", "gpt-4o").with_price(Component::CacheRead, usd("0.5"));
    let price = catalog.price_with("openai", "gpt-4o", &Terms::at(UNIX), Some(&request)).unwrap();
    let rates: Vec<_> = price.rates().map(|(of, rate, source)| (of, rate.at(0).to_string(), source)).collect();
    for (component, price, source) in [
        (Component::Input, "1", CostSource::User),
        (Component::CacheRead, "0.5", CostSource::Request),
        (Component::Output, "10", CostSource::Embedded),
    ] {
        assert!(rates.contains(&(component, price.to_owned(), source)), "{rates:?}");
    }
    let plain = catalog.price("openai", "gpt-4o", &Terms::at(UNIX)).unwrap();
    assert_eq!(plain.rate(Component::CacheRead).unwrap().at(0), usd("0.9"), "fetched over embedded");
    assert_eq!(input(&catalog, "openai", "gpt-new").as_deref(), Some("7"));
    assert_eq!(input(&catalog, "azure", "our-name").as_deref(), Some("1"), "all that is known of its base");
    let list = |provider, model, source| catalog.price_list(provider, model, source).map(|list| list.source.as_str());
    assert_eq!(list("azure", "our-name", CostSource::Fetched), Some("x"));
    assert_eq!(list("openai", "gpt-4o", CostSource::Embedded), Some("genai-prices"));
    assert_eq!(list("openai", "gpt-new", CostSource::Embedded), None);
    assert_eq!(list("openai", "gpt-4o", CostSource::User), None, "an operator is no list");
    let tuned = catalog.price("openai", "ft:ours-7", &Terms::at(UNIX)).unwrap();
    assert_eq!((tuned.input(), tuned.output()), (Some(usd("1")), Some(usd("12"))));
    let usage = Usage::new(1_000_000, 0);
    let call = Call::new("openai", "gpt-4o", &usage, Terms::at(UNIX)).with_prices(Some(&request));
    assert_eq!(catalog.cost(&call).unwrap().source, CostSource::Request);
}

#[test]
fn models_that_stand_for_each_other_in_a_ring_are_no_endless_loop() {
    let ring = Overlay::default()
        .with(ModelOverlay::new("lab", "a").with_base_model("b"))
        .with(ModelOverlay::new("lab", "b").with_base_model("a"));
    let catalog = Catalog::embedded().with_overlay(ring);
    assert!(catalog.price("lab", "a", &Terms::at(UNIX)).is_err());
    let chain = Overlay::default()
        .with(ModelOverlay::new("lab", "a").with_base_model("b"))
        .with(ModelOverlay::new("lab", "b").with_base_model("openai/gpt-4o"));
    assert_eq!(input(&Catalog::embedded().with_overlay(chain), "lab", "a").as_deref(), Some("2.5"));
}

#[test]
fn a_fetched_list_with_a_fault_is_refused_as_a_whole() {
    let head = r#"{"schema":1,"source":"x","version":"2","date":"d","url":"u","license":"l","copyright":"c"}"#;
    for rows in
        ["{\"provider\":\"a\"}\n{\"id\":1}", "{\"provider\":\"a\"}\n{\"id\":\"m\",\"p\":[{\"p\":{\"x\":1}}]}", "{}"]
    {
        let error = Catalog::embedded().with_fetched(format!("{head}\n{rows}")).unwrap_err().to_string();
        assert!(error.starts_with("reading a price list: "), "{error}");
    }
}

#[test]
fn models_are_listed_and_searched() {
    let catalog = Catalog::embedded().with_overlay(Overlay::default().with(ModelOverlay::new("openai", "zz-ours")));
    let models = catalog.models("openai");
    assert!(models.contains(&"gpt-4o") && models.last() == Some(&"zz-ours") && models.is_sorted());
    assert!(catalog.models("acme").is_empty());
    let found = catalog.search("haiku 4-5");
    assert!(found.contains(&("anthropic".to_owned(), "claude-haiku-4-5".to_owned())), "{found:?}");
    assert!(found.iter().all(|(provider, model)| format!("{provider}/{model}").to_lowercase().contains("haiku")));
    assert!(catalog.search("no such model anywhere").is_empty());
}

#[test]
fn an_instance_has_its_plugins_prices_and_its_own_before_them() {
    let said =
        |provider: &str, price: &str| ModelOverlay::new(provider, "gpt-4o").with_price(Component::Input, usd(price));
    let catalog = Catalog::embedded().with_instances([("openai-eu", "openai"), ("corp", "openai")]);
    assert_eq!(
        catalog.price("openai-eu", "gpt-4o", &Terms::at(UNIX)),
        catalog.price("openai", "gpt-4o", &Terms::at(UNIX))
    );
    assert_eq!(catalog.facts("openai-eu", "gpt-4o"), catalog.facts("openai", "gpt-4o"));
    let catalog = catalog.with_overlay(Overlay::default().with(said("openai", "3")).with(said("corp", "1")));
    let input = |id: &str| catalog.price(id, "gpt-4o", &Terms::at(UNIX)).unwrap().input();
    assert_eq!((input("openai-eu"), input("corp")), (Some(usd("3")), Some(usd("1"))));
    let usage = Usage::new(1_000_000, 0);
    let cost = catalog.cost(&Call::new("corp", "gpt-4o", &usage, Terms::at(UNIX))).unwrap();
    assert_eq!((cost.total, cost.source), (usd("1"), CostSource::User));
}
