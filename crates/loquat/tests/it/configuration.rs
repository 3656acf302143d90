//! Configuration from TOML, from the environment and from code, and what it says when it is wrong.

use std::sync::Arc;
use std::time::Duration;

use loquat::core::{BuildCx, Error, Provider, ProviderPlugin, Setting};
use loquat::{Client, Config, Environment, ErrorKind, ProviderConfig};
use serde_json::{Map, Value};

const SETTINGS: &[Setting] = &[
    Setting::key("api_key", "the key").with_env(&["ACME_API_KEY", "ACME_KEY"]),
    Setting::optional("base_url", "the address").with_env(&["ACME_BASE_URL"]),
];

/// Answers with its own configuration, so that tests see what reached it.
#[allow(clippy::unnecessary_wraps, reason = "the signature is the plugin interface's")]
fn build(config: Map<String, Value>, cx: &BuildCx) -> Result<Arc<dyn Provider>, Error> {
    let said = Value::Object(config).to_string();
    Ok(loquat::function(cx.id.clone(), move |_| {
        let said = said.clone();
        async move { Ok(said) }
    }))
}

static ACME: ProviderPlugin = ProviderPlugin::new("acme", "Acme", build, "acme", "0")
    .with_aliases(&["acme-ai"])
    .with_settings(SETTINGS)
    .with_default_model("acme-1");

fn client(config: &str, environment: &[(&str, &str)]) -> Result<Client, Error> {
    let environment: Environment = environment.iter().copied().collect();
    let config = Config::from_toml(config)?.with_environment(&environment)?;
    Client::builder().plugin(&ACME).config(config).environment(environment).build()
}

async fn said(client: &Client, model: &str) -> String {
    client.chat("hi").model(model).await.unwrap().text()
}

#[tokio::test]
async fn a_key_in_the_environment_configures_its_provider() {
    let client = client("", &[("ACME_KEY", "k-2"), ("ACME_BASE_URL", "http://acme.test")]).unwrap();
    assert_eq!(client.status().primary.unwrap().to_string(), "acme/acme-1");
    assert_eq!(said(&client, "acme/x").await, r#"{"api_key":"k-2","base_url":"http://acme.test"}"#);
}

#[tokio::test]
async fn the_canonical_variable_wins_and_blank_ones_do_not_count() {
    let client = client("", &[("ACME_KEY", "second"), ("ACME_API_KEY", "first"), ("ACME_BASE_URL", "  ")]).unwrap();
    assert_eq!(said(&client, "acme/x").await, r#"{"api_key":"first"}"#);
}

#[tokio::test]
async fn the_conventional_variables_name_primary_and_fallbacks() {
    let variables = [
        ("ACME_API_KEY", "k"),
        ("LLM_PRIMARY_PROVIDER", "acme-ai"),
        ("LLM_FALLBACK_PROVIDERS", " acme/acme-2 , acme/acme-3,"),
        ("LLM_TIMEOUT_SECONDS", "30"),
        ("LLM_MAX_RETRIES", "5"),
    ];
    let status = client("", &variables).unwrap().status();
    assert_eq!(status.primary.unwrap().to_string(), "acme/acme-1");
    assert_eq!(status.fallbacks.iter().map(ToString::to_string).collect::<Vec<_>>(), ["acme/acme-2", "acme/acme-3"]);
    let config = Config::from_environment(&variables.into_iter().collect()).unwrap();
    assert_eq!(config.defaults.attempt_timeout, Some(Duration::from_secs(30)));
    assert_eq!(config.defaults.retry.unwrap().max_retries, 5);
}

#[tokio::test]
async fn a_list_of_fallbacks_may_name_the_primary() {
    let variables =
        [("ACME_API_KEY", "k"), ("LLM_PRIMARY_PROVIDER", "acme"), ("LLM_FALLBACK_PROVIDERS", "acme/b,acme,acme/b")];
    let status = client("", &variables).unwrap().status();
    assert_eq!(status.primary.unwrap().to_string(), "acme/acme-1");
    assert_eq!(status.fallbacks.iter().map(ToString::to_string).collect::<Vec<_>>(), ["acme/b"]);
}

#[tokio::test]
async fn the_environment_goes_before_the_file_and_changes_nothing_else() {
    let file = r#"
        [[provider]]
        id = "acme"
        api_key = "from-the-file"

        [defaults]
        model = "acme/from-file"
        fallback = ["acme/second"]
        timeout = "77s"
        retry = { preset = "classic", max_retries = 1 }
    "#;
    let variables = [
        ("ACME_API_KEY", "from-the-environment"),
        ("LOQUAT_MODEL", "acme/from-variable"),
        ("LLM_MAX_RETRIES", "4"),
        ("LLM_TIMEOUT_SECONDS", " "),
    ];
    let config = Config::from_toml(file).unwrap().with_environment(&variables.into_iter().collect()).unwrap();
    let retry = config.defaults.retry.unwrap();
    assert_eq!((retry.max_retries, retry.base), (4, loquat::RetryPolicy::classic().base));
    assert_eq!((config.defaults.timeout, config.defaults.attempt_timeout), (Some(Duration::from_secs(77)), None));
    let client = client(file, &variables).unwrap();
    let status = client.status();
    assert_eq!(status.primary.unwrap().to_string(), "acme/from-variable");
    assert_eq!(status.fallbacks[0].to_string(), "acme/second");
    assert_eq!(said(&client, "acme/x").await, r#"{"api_key":"from-the-file"}"#, "a key in the file is meant");
}

#[tokio::test]
async fn a_file_names_instances_routes_and_secrets() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let secret = folder.join("acme-secret");
    std::fs::write(&secret, "from-a-file\n").unwrap();
    let text = format!(
        r#"
        [[provider]]
        id = "acme-eu"
        kind = "acme"
        api_key = "file:{}"

        [[provider]]
        id = "acme"
        api_key = "env:MY_OWN_NAME"

        [defaults]
        model = "fast"

        [[model]]
        name = "fast"
        aliases = ["gpt-4o"]
        targets = ["acme-eu/small", "acme"]
        "#,
        secret.display()
    );
    let client = client(&text, &[("MY_OWN_NAME", "from-a-variable"), ("ACME_BASE_URL", "http://acme.test")]).unwrap();
    let status = client.status();
    assert_eq!(status.primary.unwrap().to_string(), "acme-eu/small");
    assert_eq!(status.fallbacks[0].to_string(), "acme/acme-1");
    assert_eq!(
        said(&client, "gpt-4o").await,
        r#"{"api_key":"from-a-file"}"#,
        "another instance takes nothing of the default account"
    );
    assert_eq!(said(&client, "acme/x").await, r#"{"api_key":"from-a-variable","base_url":"http://acme.test"}"#);
}

#[test]
fn what_is_wrong_is_named_with_its_place_and_no_secret() {
    for (text, words) in [
        ("[defaults]\nmodle = \"x\"", &["line 2", "modle", "model"][..]),
        ("[defaults]\ntimeout = \"soon\"", &["line 2", "soon", "30s"]),
        ("[[provider]]\napi_key = \"sk-canary\"", &["line 1", "id"]),
        ("[[model]]\nname = \"fast\"\nstrategy = \"psychic\"\ntargets = []", &["line 3", "psychic", "priority"]),
        ("[defaults]\nretry = { preset = \"heroic\" }", &["line 2", "heroic"]),
        ("this is = = not toml", &["line 1"]),
        ("version = 2", &["version 2", "version 1"]),
        ("[defaults]\ntimeout = \"sk-canary-0123456789\"", &["line 2", "30s"]),
    ] {
        let error = Config::from_toml(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        for word in words {
            assert!(error.message().contains(word), "{:?} lacks {word:?}", error.message());
        }
        assert!(!error.to_string().contains("canary"), "{error}");
    }
}

#[test]
fn names_that_lead_nowhere_are_found_before_the_first_call() {
    let wrong = |text: &str, environment: &[(&str, &str)]| client(text, environment).unwrap_err().message().to_owned();
    let key = [("ACME_API_KEY", "k")];
    assert!(wrong("[defaults]\nmodel = \"acmee/x\"", &key).contains("did you mean \"acme\""));
    assert!(wrong("[[provider]]\nid = \"x\"\nkind = \"nobody\"", &[]).contains("no provider \"nobody\" is linked"));
    assert!(wrong("[[provider]]\nid = \"acme\"\napi_key = \"env:NOT_SET\"", &[]).contains("NOT_SET is not set"));
    assert!(wrong("[defaults]\nfallback = [\"acme/x\"]\n[[provider]]\nid = \"acme\"\n[[provider]]\nid = \"b\"\nkind = \"acme\"", &key).contains("no primary"));
    assert!(wrong("[[provider]]\nid = \"acme\"\n[[provider]]\nid = \"acme\"", &key).contains("two providers"));
    assert!(wrong("[defaults]\nattempt_timeout = 0", &key).contains("defaults.attempt_timeout"));
    assert!(wrong("", &[("LLM_TIMEOUT_SECONDS", "soon")]).contains("LLM_TIMEOUT_SECONDS"));
    assert!(wrong("", &[("LLM_TIMEOUT_SECONDS", "0")]).contains("LLM_TIMEOUT_SECONDS"));
    assert!(wrong("", &[("LLM_MAX_RETRIES", "-1")]).contains("LLM_MAX_RETRIES"));
}

#[test]
fn what_is_said_in_code_goes_before_the_file() {
    let config = Config::from_toml("[defaults]\nmodel = \"acme/from-file\"").unwrap();
    let builder = Client::builder().plugin(&ACME).environment(Environment::empty());
    let provider = ProviderConfig::new("acme").with("api_key", "k");
    let client = builder.config(config).provider(provider).model("acme/from-code").build().unwrap();
    assert_eq!(client.status().primary.unwrap().to_string(), "acme/from-code");
}

#[cfg(feature = "dotenv")]
#[test]
fn a_dotenv_file_fills_what_the_process_does_not_set() {
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("dotenv-test");
    std::fs::write(&file, "ACME_API_KEY=from-file\nexport OTHER=\"two words\"\n# a comment\n").unwrap();
    let environment: Environment = [("OTHER", "from-process")].into_iter().collect();
    let environment = environment.with_dotenv(&file).unwrap();
    assert_eq!(environment.value("ACME_API_KEY"), Some("from-file"));
    assert_eq!(environment.value("OTHER"), Some("from-process"));
    std::fs::write(&file, "ACME_API_KEY='canary-unclosed\n").unwrap();
    let error = Environment::empty().with_dotenv(&file).unwrap_err();
    assert!(!format!("{error:?} {error}").contains("canary"), "{error}");
}

#[test]
fn a_route_says_how_its_requests_are_driven() {
    let config = Config::from_toml(
        r#"
        [defaults]
        retry = "none"
        breaker = { failures = 3, open_for = "10s" }
        [[model]]
        name = "safe"
        timeout = "20m"
        first_token_timeout = "12s"
        stream = { commit = { window = { tokens = 20, time = "1s" } }, on_break = "resume" }
        hedge = { after = "800ms", budget = 0.1 }
        fall_over = { max_targets = 2, content_filter = true }
        canned_answer = "Back soon."
        fallback = ["local/echo"]
        [[model.target]]
        id = "local/slow"
        priority = 1
        "#,
    )
    .unwrap();
    let route = &config.routes[0];
    assert_eq!(route.targets.len(), 1);
    assert!(route.stream.is_some() && route.hedge.is_some() && route.retry.is_none());
    let primary = Config::from_toml("[defaults]\nmodel = \"safe\"").unwrap().or(config);
    let status = Client::builder().config(primary).environment(Environment::empty()).build().unwrap().status();
    assert_eq!(status.primary.unwrap().to_string(), "local/slow");
    assert_eq!(status.fallbacks.iter().map(ToString::to_string).collect::<Vec<_>>(), ["local/echo"]);

    let wrong = |text: &str| {
        let config = Config::from_toml(text)?;
        Client::builder().config(config).environment(Environment::empty()).build().map(|_| ())
    };
    let error = wrong("[[model]]\nname = \"r\"\ntargets = [\"local/echo\"]\ntimeout = \"0s\"").unwrap_err();
    assert!(error.message().contains("model.r.timeout"), "{error}");
    let error = wrong("[[model]]\nname = \"r\"\ntargets = [\"local/echo\"]\nstream = { comit = 1 }").unwrap_err();
    assert!(error.message().contains("line 4") && error.message().contains("comit"), "{error}");
}

#[tokio::test]
async fn routes_have_strategies_rules_and_regions() {
    let config = r#"
        [[provider]]
        id = "eu"
        kind = "acme"
        region = "eu"
        [[provider]]
        id = "us"
        kind = "acme"
        region = "us"
        [[model]]
        name = "cheap"
        strategy = "cost"
        targets = [{ id = "us/a", input_per_mtok = "2.00", output_per_mtok = "8.00" }, { id = "eu/b", input_per_mtok = "1", output_per_mtok = "2" }]
        [[model]]
        name = "tasks"
        tasks = { code = { target = "us/coder", fallback = "eu/b", why = "it calls tools well" } }
        targets = ["eu/b"]
        [[route]]
        when = { tag = "team", is = "a" }
        model = "tasks"
    "#;
    let config = Config::from_toml(config).unwrap();
    let client = Client::builder().plugin(&ACME).config(config).environment(Environment::empty()).build().unwrap();
    assert_eq!(client.chat("hi").model("cheap").await.unwrap().target(), "eu/b");
    let mut cx = client.cx(None);
    let mut hints = loquat::core::Hints::default();
    hints.region = Some("us".into());
    cx = cx.with_hints(hints);
    let request = |model: &str| loquat::ChatRequest::new(model).with_user("hi");
    let origin = client.send(&cx, request("cheap")).await.unwrap().origin;
    assert_eq!((&*origin.provider, &*origin.model), ("us", "a"));
    let mut hints = loquat::core::Hints::default();
    hints.task = Some("code".into());
    cx = client.cx(None).with_hints(hints);
    cx.tags = Some(Arc::new([("team".to_owned(), "a".to_owned())].into()));
    let origin = client.send(&cx, request("cheap")).await.unwrap().origin;
    assert_eq!((&*origin.provider, &*origin.model), ("us", "coder"));

    let text = "[[model]]\nname = \"r\"\ntargets = [\"local/echo\"]\nstrategy = \"cost\"\ntasks = {}";
    let built = Client::builder().config(Config::from_toml(text).unwrap()).environment(Environment::empty()).build();
    let error = built.map(|_| ()).unwrap_err();
    assert!(error.message().contains("model.r.strategy: settings for task stand beside cost"), "{error}");
}

#[tokio::test]
async fn an_answer_that_is_not_good_enough_goes_to_the_next_target() {
    let says = |id: &str, text: &'static str| loquat::function(id, move |_| async move { Ok(text.to_owned()) });
    let client = |gate: &str| {
        let text =
            format!("[[model]]\nname = \"good\"\ntargets = [\"short/m\", \"long/m\"]\n[model.quality_gate]\n{gate}");
        let builder = Client::builder().config(Config::from_toml(&text).unwrap()).environment(Environment::empty());
        builder.instance(says("short", "ok")).instance(says("long", "a whole sentence, at least")).build()
    };
    let picky = client("min_score = 0.5\nrules = { min_chars = 10 }").unwrap();
    let reply = picky.chat("hi").model("good").await.unwrap();
    assert_eq!((reply.target().as_str(), reply.attempts().len()), ("long/m", 2));
    assert_eq!(picky.chat("hi").model("short/m").await.unwrap().text(), "ok", "the gate is the route's");

    let judged = client("min_score = 0.5\njudge = { model = \"long/m\" }").unwrap();
    assert_eq!(judged.chat("hi").model("good").await.unwrap().text(), "ok", "a judge that fails condemns nobody");

    for (gate, what) in [("min_score = 2.0\njson_schema = true", "from 0 to 1"), ("min_score = 0.5", "add rules")] {
        let error = client(gate).map(|_| ()).unwrap_err();
        assert!(error.message().contains("model.good.quality_gate") && error.message().contains(what), "{error}");
    }
}

#[tokio::test]
async fn a_judge_whose_route_has_the_gate_is_not_judged_itself() {
    static CALLS: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let text = "[[model]]\nname = \"good\"\ntargets = [\"one/m\"]\n[model.quality_gate]\nmin_score = 0.5\n\
                judge = { model = \"good\" }";
    let one = loquat::function("one", |_| {
        // Without an end to it this test would have none.
        let many = CALLS.fetch_add(1, std::sync::atomic::Ordering::Relaxed) > 4;
        async move { if many { std::future::pending().await } else { Ok(r#"{"score": 0.9}"#.to_owned()) } }
    });
    let builder = Client::builder().config(Config::from_toml(text).unwrap()).environment(Environment::empty());
    builder.instance(one).build().unwrap().chat("hi").model("good").timeout(Duration::from_secs(1)).await.unwrap();
    assert_eq!(CALLS.load(std::sync::atomic::Ordering::Relaxed), 2, "the answer, and the judge's");
}

#[tokio::test(start_paused = true)]
async fn a_provider_has_a_breaker_and_cool_downs_of_its_own() {
    static BROKEN: ProviderPlugin = ProviderPlugin::new(
        "broken",
        "Broken",
        |_, cx| {
            let fails = |request: loquat::ChatRequest| async move {
                let kind = if request.model == "locked" { ErrorKind::Auth } else { ErrorKind::Server };
                Err(Error::new(kind, "no"))
            };
            Ok(loquat::function(cx.id.clone(), fails))
        },
        "broken",
        "0",
    );
    let config = "[[provider]]\nid = \"broken\"\nbreaker = { failures = 2 }\ncool_down = { auth = \"90s\" }\n\
                  [defaults]\nretry = \"none\"";
    let config = Config::from_toml(config).unwrap();
    let client = Client::builder().plugin(&BROKEN).config(config).environment(Environment::empty()).build().unwrap();
    for _ in 0..2 {
        client.chat("hi").model("broken/down").await.unwrap_err();
    }
    assert_eq!(client.targets()[0].gate.as_ref().unwrap().breaker.as_str(), "open");
    // The second is the one in a second that looks whether a target without a stand-in is well again.
    for _ in 0..2 {
        let error = client.chat("hi").model("broken/locked").await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Auth, None));
    }
    let error = client.chat("hi").model("broken/locked").await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(180)), "twice refused, twice as long: {error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_provider_has_a_time_for_each_attempt() {
    static SLOW: ProviderPlugin = ProviderPlugin::new(
        "slow",
        "Slow",
        |_, cx| {
            Ok(loquat::function(cx.id.clone(), |_| async {
                tokio::time::sleep(Duration::from_secs(20)).await;
                Ok("late".to_owned())
            }))
        },
        "slow",
        "0",
    );
    let text = "[[provider]]\nid = \"slow\"\ntimeout = \"5s\"\n[defaults]\nretry = \"none\"\n\
                [[model]]\nname = \"routed\"\ntargets = [\"slow/m\"]\n\
                [[model]]\nname = \"own\"\ntargets = [{ id = \"slow/m\", timeout = \"30s\" }]";
    let config = Config::from_toml(text).unwrap();
    let client = Client::builder().plugin(&SLOW).config(config).environment(Environment::empty()).build().unwrap();
    for model in ["slow/m", "routed"] {
        let before = tokio::time::Instant::now();
        let error = client.chat("hi").model(model).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Timeout(_)) && before.elapsed().as_secs() == 5, "{model}: {error}");
    }
    assert_eq!(client.chat("hi").model("own").await.unwrap().text(), "late");
    let error = Config::from_toml("[[provider]]\nid = \"slow\"\ntimeout = 0").unwrap_err();
    assert!(error.message().contains("timeout of the provider \"slow\": 0 leaves no time"), "{error}");
}

#[tokio::test]
async fn variables_that_other_services_read_too_never_compete_with_a_vendors_own() {
    static HUB: ProviderPlugin = ProviderPlugin::new("hub", "Hub", build, "hub", "0")
        .with_settings(&[
            Setting::optional("id", "half").with_env(&["CLOUD_ID"]).with_shared_env(&["CLOUD_ID"]),
            Setting::optional("secret", "half").with_env(&["CLOUD_SECRET"]).with_shared_env(&["CLOUD_SECRET"]).secret(),
            Setting::optional("profile", "a name").with_env(&["CLOUD_PROFILE"]).ambient(),
        ])
        .with_ways(&[&["id", "secret"], &["profile"]])
        .with_default_model("hub-1");
    let status = |variables: &[(&str, &str)]| {
        let environment: Environment = variables.iter().copied().collect();
        let client = Client::builder().plugin(&ACME).plugin(&HUB).config(Config::default()).environment(environment);
        let status = client.build().unwrap().status();
        (status.primary.map(|primary| primary.to_string()).unwrap_or_default(), status.providers.join(" "))
    };
    let (key, id, secret) = (("ACME_API_KEY", "k"), ("CLOUD_ID", "i"), ("CLOUD_SECRET", "s"));
    assert_eq!(status(&[key, id]), ("acme/acme-1".to_owned(), "acme".to_owned()), "half of a pair is nothing");
    assert_eq!(status(&[key, id, secret]), ("acme/acme-1".to_owned(), "acme hub".to_owned()));
    assert_eq!(status(&[id, secret]), ("hub/hub-1".to_owned(), "hub".to_owned()));
    assert_eq!(status(&[key, ("CLOUD_PROFILE", "p")]), ("acme/acme-1".to_owned(), "acme".to_owned()));
    assert_eq!(status(&[("CLOUD_PROFILE", "p")]), (String::new(), String::new()));
}

#[tokio::test]
async fn a_key_under_a_name_that_nobody_reads_is_said() {
    let client = client("", &[("ACME_TOKEN", "k-canary")]).unwrap();
    let error = client.chat("hi").await.unwrap_err();
    assert!(error.message().contains("ACME_TOKEN is set but not read, did you mean ACME_API_KEY?"), "{error}");
    assert!(!error.to_string().contains("canary"), "{error}");
}

#[tokio::test]
async fn a_list_that_is_not_there_is_an_error_of_its_provider() {
    struct NoList(&'static str);
    #[loquat::core::async_trait]
    impl Provider for NoList {
        fn id(&self) -> &str {
            self.0
        }
        fn api(&self) -> &'static str {
            "none"
        }
        fn capabilities(&self, _model: &str) -> loquat::core::Capabilities {
            loquat::core::Capabilities::default()
        }
        async fn call(
            &self,
            _cx: &loquat::core::Cx,
            _request: loquat::core::Request,
        ) -> Result<loquat::core::Response, Error> {
            Err(Error::new(ErrorKind::Server, "down"))
        }
    }
    let lists = loquat::function("lists", |_| async { Ok("ok".to_owned()) });
    let text = "[[model]]\nname = \"good\"\ntargets = [\"lists/m\"]";
    let builder = Client::builder().config(Config::from_toml(text).unwrap()).environment(Environment::empty());
    let builder = builder.instance(lists).instance(Arc::new(NoList("broken")));
    let listing = builder.build().unwrap().listing().await;
    let failed: Vec<_> = listing.failures.iter().map(ToString::to_string).collect();
    assert_eq!(failed, ["broken: down"]);
    assert_eq!(listing.models.iter().map(|model| model.name.as_str()).collect::<Vec<_>>(), ["good"]);
}
