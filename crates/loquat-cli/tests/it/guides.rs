//! What the guides show is what the program takes.

use std::path::PathBuf;

use loquat::{Client, Config, Environment};

use crate::run::run;

const CREDENTIALS: &str = include_str!("../../../../docs/guides/credentials.md");
const MONEY: &str = include_str!("../../../../docs/guides/money.md");
const PROVIDERS: &str = include_str!("../../../../docs/guides/providers.md");

/// The blocks of a guide in this language.
fn shown<'g>(guide: &'g str, language: &str) -> Vec<&'g str> {
    guide.split(&format!("```{language}\n")).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

#[tokio::test]
async fn every_configuration_of_the_guide_to_money_is_taken() {
    let blocks = shown(MONEY, "toml");
    assert!(blocks.len() >= 8, "the guide shows configurations");
    for (number, text) in blocks.into_iter().enumerate() {
        let read = Config::from_toml(text);
        assert!(read.is_ok(), "{read:?}\n{text}");
        let mut config = read.unwrap();
        // A machine has neither this list nor this folder.
        config.prices.file = None;
        let folder = || PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("guide-money-{number}"));
        config.state_dir = config.state_dir.map(|_| folder());
        let environment: Environment =
            [("OPENAI_API_KEY", "sk-none"), ("CACHE_SECRET", "sixteen bytes or more")].into_iter().collect();
        let built = Client::builder().config(config).environment(environment).build();
        assert!(built.is_ok(), "{built:?}\n{text}");
    }
}

#[test]
fn every_configuration_of_the_guide_to_credentials_is_taken() {
    let blocks = shown(CREDENTIALS, "toml");
    assert!(blocks.len() >= 4, "the guide shows configurations");
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("guide-credentials");
    std::fs::write(&file, "sk-none\n").unwrap();
    for text in blocks {
        // A machine has none of these files.
        let text = text.replace("/run/secrets/anthropic", "FILE").replace("/run/secrets/gemini-3", "FILE");
        let text = text.replace("FILE", &file.display().to_string());
        let environment: Environment = ["OPENAI_API_KEY", "GEMINI_KEY_1", "GEMINI_KEY_2", "PROXY_AUTH"]
            .map(|name| (name, "sk-none"))
            .into_iter()
            .collect();
        let config = Config::from_toml(&text).unwrap();
        let built = Client::builder().config(config).environment(environment).build();
        assert!(built.is_ok(), "{built:?}\n{text}");
    }
}

#[test]
fn every_configuration_of_the_guide_to_providers_is_taken() {
    let blocks = shown(PROVIDERS, "toml");
    assert!(blocks.len() >= 5, "the guide shows configurations");
    for text in blocks {
        let variables = ["OPENAI_API_KEY", "OPENAI_STAGING_KEY", "AZURE_OPENAI_KEY"];
        let environment: Environment = variables.into_iter().map(|name| (name, "sk-none")).collect();
        let built = Client::builder().config(Config::from_toml(text).unwrap()).environment(environment).build();
        assert!(built.is_ok(), "{built:?}\n{text}");
    }
}

#[tokio::test]
async fn every_command_of_the_guide_to_money_is_taken() {
    let blocks = shown(MONEY, "console");
    let commands: Vec<&str> =
        blocks.iter().flat_map(|block| block.lines()).filter_map(|line| line.strip_prefix("$ loquat ")).collect();
    assert!(commands.len() >= 5, "{commands:?}");
    for command in commands {
        // What is wrong with the arguments is told before any help is.
        let arguments: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        let run = run(&arguments, &[], "").await;
        assert_eq!(run.code, Some(0), "{command}: {}", run.stderr);
    }
}
