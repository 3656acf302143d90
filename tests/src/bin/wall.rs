//! Runs the wall against `loquat serve`; `cargo xtask wall` starts it.
//!
//! `wall --loquat PATH [--only S01,S08] [--print-config]`

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use lexopt::prelude::*;
use llm_testkit::emulator::Emulator;
use tokio::task::JoinSet;
use workspace_tests::wall::{Client, Mode, Pace, SCENARIOS, Scenario, Served, Verdict, config, run, table};

/// How long the gateway is watched for idleness when all is over, and the most that it may compute then.
const REST: Duration = Duration::from_secs(2);
const MOST_CPU: Duration = Duration::from_millis(20);

fn main() -> Result<ExitCode> {
    let (mut loquat, mut only) = (None, Vec::new());
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("loquat") => loquat = Some(PathBuf::from(arguments.value()?)),
            Long("only") => only = arguments.value()?.string()?.split(',').map(str::to_uppercase).collect(),
            Long("print-config") => {
                write!(std::io::stdout(), "{}", config(Pace::Real, "http://127.0.0.1:8000/v1"))?;
                return Ok(ExitCode::SUCCESS);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    let loquat = loquat.context("which gateway? pass --loquat PATH")?;
    let scenarios: Vec<&'static Scenario> =
        SCENARIOS.iter().filter(|scenario| only.is_empty() || only.iter().any(|id| id == scenario.id)).collect();
    ensure!(!scenarios.is_empty(), "no scenario is named {}: they are S01 to S16", only.join(","));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(wall(&loquat, scenarios))
}

async fn wall(loquat: &std::path::Path, scenarios: Vec<&'static Scenario>) -> Result<ExitCode> {
    let emulator = std::sync::Arc::new(Emulator::start().await?);
    let folder = std::env::temp_dir().join(format!("loquat-wall-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let (file, log) = (folder.join("loquat.toml"), folder.join("gateway.log"));
    std::fs::write(&file, config(Pace::Real, &emulator.openai_url()))?;
    let gateway = Served::start(loquat, &file, &log)
        .with_context(|| format!("the configuration and the log are in {}", folder.display()))?;
    let client = Client::new(gateway.base_url())?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "gateway {} · configuration and log in {}", gateway.base_url(), folder.display())?;
    let mut running = JoinSet::new();
    for (place, scenario) in
        scenarios.into_iter().flat_map(|scenario| Mode::ALL.map(|mode| (scenario, mode))).enumerate()
    {
        let (scenario, mode) = scenario;
        let (client, emulator) = (client.clone(), emulator.clone());
        running.spawn(async move { (place, run(scenario, mode, &client, &emulator).await) });
    }
    let mut verdicts = Vec::new();
    while let Some(verdict) = running.join_next().await {
        verdicts.push(verdict?);
    }
    verdicts.sort_by_key(|(place, _)| *place);
    let verdicts: Vec<Verdict> = verdicts.into_iter().map(|(_, verdict)| verdict).collect();
    write!(stdout, "{}", table(&verdicts))?;
    let rests = rests(&gateway, &emulator).await?;
    let passed = rests && verdicts.iter().all(|verdict| verdict.failures.is_empty());
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether the gateway is at rest when all is over: no call at a vendor, no computing.
async fn rests(gateway: &Served, emulator: &Emulator) -> Result<bool> {
    let before = gateway.cpu();
    tokio::time::sleep(REST).await;
    let used = gateway.cpu().zip(before).map(|(after, before)| after.saturating_sub(before));
    let open = emulator.open();
    let idle = used.is_none_or(|used| used <= MOST_CPU);
    let used = used.map_or("an unknown time".to_owned(), |used| format!("{} ms", used.as_millis()));
    writeln!(
        std::io::stdout(),
        "afterwards: {used} of CPU in {} s, {open} open calls at the vendors: {}",
        REST.as_secs(),
        if idle && open == 0 { "pass" } else { "FAIL" }
    )?;
    Ok(idle && open == 0)
}
