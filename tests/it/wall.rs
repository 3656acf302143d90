//! The wall with short times, through a gateway in this process: what needs no long wait.

use std::sync::Arc;

use llm_gateway::{Gateway, ServerConfig};
use llm_testkit::emulator::Emulator;
use loquat::{Config, Environment};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use workspace_tests::wall::{Client, Load, Mode, Pace, SCENARIOS, config, run, table};

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_at_the_vendors_does_not_reach_the_client() {
    let emulator = Arc::new(Emulator::start().await.unwrap());
    let config = Config::from_toml(&config(Pace::Quick, &emulator.openai_url())).unwrap();
    let server = ServerConfig::from_section(&config.server).unwrap();
    let client = loquat::Client::builder().config(config).environment(Environment::empty()).build().unwrap();
    let listener = TcpListener::bind(server.listen).await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let gateway = tokio::spawn(Gateway::new(client, server).serve(listener, std::future::pending()));
    let client = Client::new(&url).unwrap();
    let mut running = JoinSet::new();
    for scenario in SCENARIOS.iter().filter(|scenario| scenario.load == Load::Once) {
        for mode in Mode::ALL {
            let (client, emulator) = (client.clone(), emulator.clone());
            running.spawn(async move { run(scenario, mode, &client, &emulator).await });
        }
    }
    let mut verdicts = running.join_all().await;
    gateway.abort();
    verdicts.sort_by_key(|verdict| (verdict.scenario.id, verdict.mode.name()));
    assert!(verdicts.iter().all(|verdict| verdict.failures.is_empty()), "\n{}", table(&verdicts));
}
