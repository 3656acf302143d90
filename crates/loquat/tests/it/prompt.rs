//! Prompts that get shorter before anybody else sees them.

use loquat::prompts::optimise::Savings;
use loquat::{Client, ClientBuilder, Config, Environment, ErrorKind, Message, Piece};

/// A client whose model says what it was asked.
fn echo(config: &str) -> ClientBuilder {
    let provider = loquat::function("echo", |request| async move {
        Ok(request.messages.iter().map(|message| message.text()).collect::<Vec<_>>().join("|"))
    });
    let config = Config::from_toml(config).unwrap();
    Client::builder().instance(provider).config(config).model("echo/m").environment(Environment::empty())
}

const PROMPT: &str =
    "Sort  these names, in order to print them with `sort(a,  b)`.\n\n\n\nAnd so on, until nothing is left to do.";
const TIDY: &str =
    "Sort these names, in order to print them with `sort(a,  b)`.\n\nAnd so on, until nothing is left to do.";
const TERSE: &str = "Sort these names, to print them with `sort(a,  b)`.\n\nEtc., until nothing is left to do.";

#[tokio::test]
async fn prompts_get_shorter_where_the_configuration_says_so() {
    let client = echo("[prompt]\noptimise = [\"whitespace\"]").build().unwrap();
    let reply = client.chat(PROMPT).system("Be  brief.\n\n\n\n").await.unwrap();
    assert_eq!(reply.text(), format!("Be  brief.\n\n\n\n|{TIDY}"));
    assert_eq!(reply.prompt_savings.unwrap().bytes, 3);
    let mut stream = client.chat(PROMPT).stream().await.unwrap();
    let mut saved = None;
    while let Some(piece) = stream.next().await {
        if let Piece::Done(summary) = piece.unwrap() {
            saved = summary.prompt_savings;
        }
    }
    assert_eq!(saved, reply.prompt_savings);
    let kept = client.chat(PROMPT).keep_prompt().await.unwrap();
    assert_eq!((kept.text().as_str(), kept.prompt_savings), (PROMPT, None));
    let Savings { requests, shortened, saved, .. } = client.state().prompt_savings.savings();
    assert_eq!((requests, shortened, saved.bytes), (3, 2, 6));

    let silent = echo("").state(client.state()).build().unwrap();
    assert_eq!(silent.chat(PROMPT).await.unwrap().text(), PROMPT, "nothing happens unless it is asked for");
    assert_eq!(silent.state().prompt_savings.savings().shortened, 2, "and what was counted stays");
}

#[tokio::test]
async fn a_route_has_its_own_word() {
    let client = echo(
        r#"
        [prompt]
        optimise = ["whitespace"]
        [[model]]
        name = "terse"
        aliases = ["short"]
        targets = ["echo/m"]
        prompt = { optimise = { rules = ["whitespace", "phrases"], roles = ["user", "system"] } }
        [[model]]
        name = "verbatim"
        targets = ["echo/m"]
        prompt = { optimise = [] }
        "#,
    )
    .build()
    .unwrap();
    for (model, expected) in [("echo/m", TIDY), ("terse", TERSE), ("short", TERSE), ("verbatim", PROMPT)] {
        assert_eq!(client.chat(PROMPT).model(model).await.unwrap().text(), expected, "{model}");
    }
    let history = client.chat(PROMPT).model("terse").message(Message::assistant(PROMPT)).await.unwrap();
    assert_eq!(history.text(), format!("{TERSE}|{PROMPT}"), "what the model said goes back as it came");
}

#[test]
fn wrong_settings_are_found_before_the_first_call() {
    for (config, hint) in [
        ("[prompt]\noptimise = { roles = [\"assistant\"] }", "never changed"),
        ("[prompt]\noptimise = { rules = [\"phrases\"], phrases = { \"at hand\" = \"within reach\" } }", "shorter"),
    ] {
        let error = echo(config).build().unwrap_err();
        assert!(error.kind() == ErrorKind::Config && error.message().contains(hint), "{error}");
    }
    assert!(Config::from_toml("[prompt]\noptimize = []").is_err());
}
