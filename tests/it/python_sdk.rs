//! The official OpenAI Python SDK talks to the gateway over real HTTP.
//!
//! The SDK lives in a virtual environment under the target folder. Without Python, or without a way to install the SDK,
//! the test is skipped aloud; where `CI` is set that is a failure.

use std::path::{Path, PathBuf};
use std::process::Command;

use llm_gateway::{Gateway, ServerConfig};
use llm_testkit::emulator::Emulator;
use loquat::{Client, Config, Environment, ProviderConfig};
use tokio::net::TcpListener;

/// The newest release when the test was written; pinned so that the test says the same everywhere.
const SDK: &str = "openai==3.51.0";

#[tokio::test(flavor = "multi_thread")]
async fn the_openai_sdk_talks_to_the_gateway() {
    let Some(python) = python_with_sdk() else { return };
    let emulator = Emulator::start().await.unwrap();
    let client = Client::builder()
        .config(Config::default())
        .environment(Environment::empty())
        .provider(ProviderConfig::new("local"))
        .provider(
            ProviderConfig::new("openai").with("api_key", "sk-upstream-canary").with("base_url", emulator.openai_url()),
        )
        .build()
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let server = tokio::spawn(Gateway::new(client, ServerConfig::default()).serve(listener, std::future::pending()));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/openai_sdk.py");
    let output =
        tokio::task::spawn_blocking(move || Command::new(python).arg(script).arg(url).output().unwrap()).await.unwrap();
    server.abort();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.ends_with("all passed\n"),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A Python that has the SDK; `None` after saying aloud why there is none.
fn python_with_sdk() -> Option<PathBuf> {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python-sdk");
    let python = home.join("bin/python");
    let has_sdk =
        || Command::new(&python).args(["-c", "import openai"]).output().is_ok_and(|output| output.status.success());
    if has_sdk() {
        return Some(python);
    }
    let run = |command: &mut Command| match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default().to_owned()),
        Err(error) => Err(error.to_string()),
    };
    let installed = run(Command::new("python3").args(["-m", "venv"]).arg(&home)).and_then(|()| {
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", SDK]))
    });
    match installed {
        Ok(()) if has_sdk() => Some(python),
        why => {
            let why = why.err().unwrap_or_default();
            #[expect(clippy::disallowed_methods, reason = "whether this is CI is a question to the process")]
            let is_ci = std::env::var("CI").is_ok();
            assert!(!is_ci, "the OpenAI SDK is needed in CI: {why}");
            #[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
            {
                eprintln!("SKIPPED: the OpenAI SDK cannot be installed here ({why})");
            }
            None
        }
    }
}
