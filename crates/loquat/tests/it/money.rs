//! Prices, costs and budgets of a client, as an application and an operator see them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use loquat::budget::Alert;
use loquat::core::{CostSource, Target, TokenEstimate, Usage, Usd};
use loquat::{ChatRequest, Client, ClientBuilder, Config, EngineState, Environment, ErrorKind, Money, Piece};

/// 2026-11-20 09:33:20 UTC.
const NOW: u64 = 1_795_167_200_000;

fn usd(text: &str) -> Usd {
    text.parse().unwrap()
}

/// Three words that are answered by at most so many.
fn three_words(model: &str, max_output: u32) -> ChatRequest {
    let mut request = ChatRequest::new(model).with_user("one two three");
    request.sampling.max_output_tokens = Some(max_output);
    request
}

/// `local/echo` for a cent a word, in and out, and `own/m` for two.
fn builder(config: &str) -> ClientBuilder {
    let prices = "
        [[provider]]
        id = \"local\"
        [[provider]]
        id = \"own\"
        kind = \"local\"
        [[prices.model]]
        provider = \"local\"
        model = \"*\"
        price = { input = 10000, output = 10000 }
        [[prices.model]]
        provider = \"own\"
        model = \"echo\"
        price = { input = 20000, output = 20000 }
    ";
    let config = Config::from_toml(&format!("{config}\n{prices}")).unwrap();
    let state = EngineState::with_money(Money::at(|| NOW));
    Client::builder().config(config).environment(Environment::empty()).state(state)
}

#[tokio::test]
async fn an_answer_says_what_it_cost_by_the_operators_prices() {
    let client = builder("defaults.model = \"local/echo\"").build().unwrap();
    let reply = client.chat("three short words").await.unwrap();
    let cost = reply.cost.as_ref().unwrap();
    assert_eq!((cost.total, cost.source, cost.complete), (usd("0.06"), CostSource::User, true));

    let mut stream = client.chat("three short words").stream().await.unwrap();
    let mut last = None;
    while let Some(piece) = stream.next().await {
        last = Some(piece.unwrap());
    }
    let Some(Piece::Done(summary)) = last else { panic!("{last:?}") };
    assert_eq!(summary.cost.unwrap().total, usd("0.06"));
    let spent = &client.spending()["local"];
    assert_eq!((spent.requests, spent.succeeded, spent.cost), (2, 2, usd("0.12")));
    assert_eq!(spent.per_success(), Some(usd("0.06")));
}

#[tokio::test]
async fn a_stream_that_is_given_up_costs_what_came() {
    let client = builder("defaults.model = \"local/echo\"").build().unwrap();
    let mut stream = client.chat("one two three four five six seven eight").stream().await.unwrap();
    stream.next().await.unwrap().unwrap();
    drop(stream);
    let spent = &client.spending()["local"];
    assert_eq!((spent.requests, spent.succeeded, spent.estimated), (1, 0, 1));
    assert!(spent.cost > usd("0.08") && spent.cost < usd("0.25"), "its input and a part of the answer: {}", spent.cost);
}

#[tokio::test]
async fn what_is_not_priced_is_unknown_and_refused_where_a_budget_depends_on_it() {
    let shout = || loquat::function("shout", |request| async move { Ok(request.messages[0].text()) });
    let client = builder("").instance(shout()).model("shout/v1").build().unwrap();
    assert_eq!(client.chat("hi").await.unwrap().cost, None);
    assert_eq!(client.spending()["shout"].unknown, 1);
    let why = client.price(&Target::new("shout", "v1")).unwrap_err().to_string();
    assert!(why.contains("shout"), "{why}");

    let daily = "budget = [{ name = \"all\", limit = \"1\", window = \"1d\" }]";
    let client = builder(daily).instance(shout()).model("shout/v1").build().unwrap();
    let error = client.chat("hi").await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::BudgetExceeded, Some("budget_price_unknown")));
    let lenient = format!("{daily}\n[prices]\nstrict = false");
    let client = builder(&lenient).instance(shout()).model("shout/v1").build().unwrap();
    assert_eq!(client.chat("hi").await.unwrap().text(), "hi");
}

#[tokio::test]
async fn a_daily_budget_refuses_tells_and_renews_and_a_rebuild_forgets_nothing() {
    let clock = Arc::new(AtomicU64::new(NOW));
    let state = EngineState::with_money(Money::at({
        let clock = clock.clone();
        move || clock.load(Ordering::Relaxed)
    }));
    let told = Arc::new(Mutex::new(Vec::new()));
    let build = |limit: &str, state: EngineState| {
        let told = told.clone();
        let budget = format!(
            "defaults.model = \"local/echo\"\nbudget = [{{ name = \"day\", limit = \"{limit}\", window = \"1d\", \
             alert_at = [0.4] }}]"
        );
        let sink = move |alert: &Alert| told.lock().unwrap().push(alert.budget.to_string());
        builder(&budget).state(state).on_budget_alert(sink).build().unwrap()
    };
    let client = build("0.3", state.clone());
    let call = || three_words("local/echo", 3);
    client.request(call()).await.unwrap();
    assert_eq!(*told.lock().unwrap(), Vec::<String>::new());
    client.request(call()).await.unwrap();
    assert_eq!(*told.lock().unwrap(), ["day"], "0.12 of 0.30 is the part to tell at");
    let utilisation = client.budgets().await.unwrap();
    assert_eq!((utilisation[0].spent, utilisation[0].reserved), (usd("0.12"), Usd::ZERO));

    let error = client.request(three_words("local/echo", 30)).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::BudgetExceeded, Some("budget_exceeded")), "{error}");
    assert!(error.message().contains("0.18 left of $0.3"), "{error}");
    assert_eq!(error.retry_after().unwrap().as_secs(), 14 * 3600 + 26 * 60 + 40, "midnight, UTC");

    let rebuilt = build("0.2", client.state());
    assert_eq!(rebuilt.budgets().await.unwrap()[0].spent, usd("0.12"));
    assert_eq!(rebuilt.request(call()).await.unwrap_err().kind(), ErrorKind::BudgetExceeded);
    clock.fetch_add(24 * 3600 * 1000, Ordering::Relaxed);
    assert_eq!(rebuilt.request(call()).await.unwrap().text(), "one two three");
    assert_eq!(rebuilt.spending()["local"].succeeded, 3);
}

#[tokio::test]
async fn a_providers_budget_sends_requests_to_the_next_and_the_cheapest_is_asked_when_told() {
    let route = "
        defaults.model = \"r\"
        model = [{ name = \"r\", targets = [\"own/echo\", \"local/echo\"] }]
    ";
    let budget =
        "budget = [{ name = \"own\", limit = \"0.4\", scope = { provider = \"own\" }, on_exceed = \"fallback\" }]";
    let client = builder(&format!("{route}\n{budget}")).build().unwrap();
    let call = || three_words("", 3);
    assert_eq!(client.request(call()).await.unwrap().target(), "own/echo");
    let reply = client.request(call()).await.unwrap();
    assert_eq!((reply.target(), reply.attempts().len()), ("local/echo".to_owned(), 2));
    let other = client.targets().into_iter().find(|report| &*report.target.provider == "own").unwrap();
    assert_eq!(other.gate.unwrap().breaker.as_str(), "closed", "a budget is no failure of the provider");

    let budget = "budget = [{ name = \"all\", limit = \"0.1\", on_exceed = \"cheapest\" }]";
    let client = builder(&format!("{route}\n{budget}")).build().unwrap();
    assert_eq!(client.request(call()).await.unwrap().target(), "own/echo");
    assert_eq!(client.request(call()).await.unwrap().target(), "local/echo");
}

#[tokio::test]
async fn a_team_and_a_key_have_accounts_of_their_own() {
    let budgets = "
        defaults.model = \"local/echo\"
        budget = [
            { name = \"teams\", limit = \"0.2\", scope = { team = \"*\" } },
            { name = \"key\", limit = \"0.2\", scope = { key = \"k-1\" } },
        ]
    ";
    let client = builder(budgets).build().unwrap();
    let call = async |team: Option<&str>, tenant: Option<&str>| {
        let mut cx = client.cx(None);
        cx.tenant = tenant.map(Into::into);
        cx.tags = team.map(|team| Arc::new([("team".to_owned(), team.to_owned())].into()));
        let request = three_words("", 3);
        client.send(&cx, request).await.map(|_| ()).map_err(|error| error.kind())
    };
    assert_eq!(call(Some("a"), None).await, Ok(()));
    assert_eq!(call(Some("a"), None).await, Err(ErrorKind::BudgetExceeded));
    assert_eq!(call(Some("b"), None).await, Ok(()));
    assert_eq!(call(None, Some("k-1")).await, Ok(()));
    assert_eq!(call(None, Some("k-1")).await, Err(ErrorKind::BudgetExceeded));
    assert_eq!(call(None, Some("k-2")).await, Ok(()));
}

#[tokio::test]
async fn prices_costs_and_forecasts_are_calls_of_the_library() {
    let client = builder("defaults.model = \"r\"\nmodel = [{ name = \"r\", targets = [\"own/echo\", \"local/echo\"], strategy = \"cost\" }]")
        .build()
        .unwrap();
    let gpt: Target = "openai/gpt-4o".parse().unwrap();
    assert_eq!(client.price(&gpt).unwrap().input(), Some(usd("2.5")));
    assert_eq!(client.cost(&gpt, &Usage::new(1000, 100)).unwrap().total, usd("0.0035"));
    let targets = [gpt.clone(), "anthropic/claude-haiku-4-5".parse().unwrap()];
    let (cheapest, _) = client.cheapest(&targets, TokenEstimate::new(1000, Some(100))).unwrap();
    assert_eq!(cheapest, targets[1]);

    let request = three_words("", 10);
    let forecasts = client.estimate(&client.cx(None), request).unwrap();
    let first = &forecasts[0];
    assert_eq!((first.target.to_string(), first.rank, first.longest), ("local/echo".to_owned(), Some(1), Some(10)));
    assert!(first.most.unwrap() > usd("0.1") && forecasts[1].most > first.most, "{forecasts:?}");
    assert_eq!(client.model_facts(&gpt).capabilities.context_window, Some(128_000));
}

#[test]
fn the_environment_sets_a_daily_budget_and_when_to_tell() {
    let read = |variables: &[(&str, &str)]| Config::from_environment(&variables.iter().copied().collect());
    let config = read(&[("LLM_DAILY_BUDGET", "25"), ("LLM_ALERT_THRESHOLD", "0.9")]).unwrap();
    assert_eq!((config.budgets[0].limit, &*config.budgets[0].alert_at), (usd("25"), &[0.9][..]));
    for (name, value) in [("LLM_DAILY_BUDGET", "much"), ("LLM_ALERT_THRESHOLD", "80")] {
        let error = read(&[(name, value)]).unwrap_err();
        assert!(error.kind() == ErrorKind::Config && error.message().contains(name), "{error}");
    }
}

#[test]
fn an_accounts_own_name_of_a_model_has_the_models_price() {
    use loquat::catalog::Terms;
    use loquat::core::{ErrorKind, ProviderPlugin, Registry, Setting};
    static CLOUD: ProviderPlugin =
        ProviderPlugin::new("cloud", "Cloud", |_, _| Err(loquat::Error::new(ErrorKind::Config, "unused")), "x", "0")
            .with_settings(&[Setting::optional("deployments", "names").of_models()]);
    let config = Config::from_toml(
        "
        [[provider]]
        id = \"cloud\"
        deployments = { ours = \"openai/gpt-4o\", dear = \"openai/gpt-4o\" }
        [[provider]]
        id = \"cloud-eu\"
        kind = \"cloud\"
        deployments = { ours = \"openai/gpt-4o-mini\" }
        [[prices.model]]
        provider = \"cloud\"
        model = \"dear\"
        price = { input = 7 }
        ",
    )
    .unwrap();
    let catalog = config.catalog(&Registry::empty().with(&CLOUD).unwrap()).unwrap();
    let input = |provider, model| catalog.price(provider, model, &Terms::at(NOW / 1000)).unwrap().input();
    assert_eq!(input("cloud", "ours"), input("openai", "gpt-4o"));
    assert_eq!(input("cloud-eu", "ours"), input("openai", "gpt-4o-mini"));
    assert_eq!(input("cloud", "dear"), Some(usd("7")));
    assert_eq!(catalog.capabilities("cloud", "dear").context_window, Some(128_000));
}
