//! `ask`, `providers`, `demo`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::process::Stdio;

use llm_testkit::emulator::Emulator;
use serde_json::Value;

use crate::run::{command, file, run};

#[tokio::test]
async fn ask_answers_without_any_key_and_says_that_it_is_no_llm() {
    let run = run(&["ask", "name", "a", "pelican"], &[], "").await;
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), "name a pelican\n"), "{}", run.stderr);
    assert!(run.stderr.contains("not an LLM") && run.stderr.contains("OPENAI_API_KEY"), "{}", run.stderr);
}

#[tokio::test]
async fn ask_reads_standard_input_and_waits_when_told_to() {
    let run = run(&["ask", "--no-stream", "--usage", "-m", "local/echo", "summarise"], &[], "the text\n").await;
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), "summarise\n\nthe text\n\n"), "{}", run.stderr);
    assert!(run.stderr.starts_with("local/echo · ") && run.stderr.contains(" tokens · $0\n"), "{}", run.stderr);
}

#[tokio::test]
async fn ask_with_a_wrong_model_says_what_there_is() {
    let run = run(&["ask", "-m", "opnai/gpt-4.1", "hi"], &[], "").await;
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    assert!(run.stderr.contains("error: ") && run.stderr.contains("did you mean \"openai\""), "{}", run.stderr);
    assert!(run.stdout.is_empty());
}

#[tokio::test]
async fn a_missing_key_is_exit_4_and_names_the_variable() {
    let run = run(&["ask", "-m", "openai/gpt-4.1", "hi"], &[], "").await;
    assert_eq!(run.code, Some(4), "{}", run.stderr);
    assert!(run.stderr.contains("OPENAI_API_KEY"), "{}", run.stderr);
}

#[tokio::test]
async fn providers_lists_what_is_linked_and_shows_no_key() {
    let environment = [("ANTHROPIC_API_KEY", "sk-ant-canary-0123456789")];
    let table = run(&["providers"], &environment, "").await;
    let line = |id: &str| table.stdout.lines().find(|line| line.starts_with(id)).unwrap().to_owned();
    assert!(
        line("anthropic").contains("configured") && !line("anthropic").contains("not configured"),
        "{}",
        table.stdout
    );
    assert!(
        line("openai ").contains("not configured") && line("openai ").contains("OPENAI_API_KEY"),
        "{}",
        table.stdout
    );
    assert!(line("local").contains("no LLM"), "{}", table.stdout);
    let json = run(&["providers", "--json"], &environment, "").await;
    let rows: Vec<Value> = serde_json::from_str(&json.stdout).unwrap();
    let ids: Vec<&str> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert!(ids.is_sorted(), "{ids:?}");
    for id in ["anthropic", "gemini", "local", "ollama", "openai", "openai-compatible"] {
        assert!(ids.contains(&id), "no {id} in {ids:?}");
    }
    assert!(!table.stdout.contains("canary") && !json.stdout.contains("canary"));
}

const ACCOUNTS: &str = r#"
[[provider]]
id = "eu"
kind = "openai"
api_key = "env:EU_KEY"
base_url = "https://eu.api.openai.com/v1"
[[provider]]
id = "us"
kind = "openai"
api_key = "sk-canary-0123456789"
[[provider]]
id = "anthropic"
api_key = "file:/no/such/file"
[[provider]]
id = "mistral"
api_key = ["env:NO_SUCH_VARIABLE", "sk-canary-0123456789", "cmd:op read canary-vault"]
"#;

#[tokio::test]
async fn providers_says_where_each_key_comes_from_and_what_the_account_can_be_asked() {
    let config = file("providers.toml", ACCOUNTS);
    let environment = [("CO_API_KEY", "canary-0123456789"), ("EU_KEY", "canary-0123456789")];
    let json = run(&["providers", "--json", "--config", &config], &environment, "").await;
    assert_eq!(json.code, Some(0), "{}", json.stderr);
    let rows: Vec<Value> = serde_json::from_str(&json.stdout).unwrap();
    let row = |id: &str| rows.iter().find(|row| row["id"] == id).unwrap();
    for (id, plugin, state, from, set) in [
        ("eu", "openai", "configured", "env:EU_KEY", true),
        ("us", "openai", "configured", "configuration", true),
        ("anthropic", "anthropic", "not configured", "file:/no/such/file", false),
        ("cohere", "cohere", "configured", "CO_API_KEY", true),
        ("mistral", "mistral", "not configured", "env:NO_SUCH_VARIABLE, configuration, cmd:op (not allowed)", false),
        ("groq", "groq", "not configured", "GROQ_API_KEY", false),
    ] {
        let row = row(id);
        assert_eq!((&row["plugin"], &row["state"]), (&plugin.into(), &state.into()), "{row}");
        assert_eq!((&row["keys"][0]["from"], &row["keys"][0]["set"]), (&from.into(), &set.into()), "{row}");
    }
    assert_eq!(row("eu")["base_url"], "https://eu.api.openai.com/v1");
    assert_eq!(row("us")["base_url"], "https://api.openai.com/v1");
    let can = |id: &str| row(id)["operations"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    let (us, cohere): (Vec<&str>, Vec<&str>) = (can("us"), can("cohere"));
    assert!(us.contains(&"moderation") && !us.contains(&"rerank"), "{us:?}");
    assert!(cohere.contains(&"rerank") && !cohere.contains(&"moderation"), "{cohere:?}");
    let table = run(&["providers", "--config", &config], &environment, "").await;
    let mut lines = table.stdout.lines().skip_while(|line| !line.starts_with("anthropic "));
    let (line, more) = (lines.next().unwrap(), lines.next().unwrap());
    assert!(line.contains("not configured") && line.contains("needs file:/no/such/file"), "{line}");
    assert!(more.contains("https://api.anthropic.com") && more.contains("count_tokens"), "{more}");
    assert!(!table.stdout.contains("canary") && !json.stdout.contains("canary"));
}

const WAYS: &str = r#"
[[provider]]
id = "server"
kind = "openai-compatible"
preset = "vllm"
[[provider]]
id = "google"
kind = "vertex"
metadata = true
project = "p"
[[provider]]
id = "google-off"
kind = "vertex"
metadata = false
project = "p"
[[provider]]
id = "aws"
kind = "bedrock"
profile = "work"
[[provider]]
id = "claude-code"
kind = "anthropic"
auth_token = "canary"
[[provider]]
id = "ibm-cloud"
kind = "watsonx"
token = "canary"
[[provider]]
id = "azure-open"
kind = "azure"
base_url = "https://r.openai.azure.com"
[[provider]]
id = "printed"
kind = "openai"
api_key = "cmd:pass show canary"
"#;

#[tokio::test]
async fn one_of_several_ways_to_configure_a_provider_is_enough() {
    let (config, environment) = (file("ways.toml", WAYS), [("OPENAI_API_KEY", "canary"), ("AWS_PROFILE", "work")]);
    let json = run(&["providers", "--json", "--config", &config], &environment, "").await;
    let rows: Vec<Value> = serde_json::from_str(&json.stdout).unwrap();
    let row = |id: &str| rows.iter().find(|row| row["id"] == id).unwrap();
    for (id, state, missing) in [
        ("server", "configured", &[][..]),
        ("google", "configured", &[]),
        ("google-off", "not configured", &["credentials_file"]),
        ("aws", "configured", &[]),
        ("claude-code", "configured", &[]),
        ("ibm-cloud", "configured", &[]),
        ("azure-open", "not configured", &["api_key"]),
        ("printed", "not configured", &["cmd:pass (not allowed)"]),
        ("azure", "not configured", &["AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_KEY"]),
        ("anthropic", "not configured", &["ANTHROPIC_API_KEY"]),
        ("bedrock", "if named", &[]),
    ] {
        assert_eq!((row(id)["state"].as_str(), &row(id)["missing"]), (Some(state), &missing.into()), "{id}");
    }
    let can = row("local")["operations"].as_array().unwrap();
    assert!(can.contains(&"embeddings".into()) && !can.contains(&"rerank".into()), "{can:?}");
    let allowed = file("ways-allowed.toml", &format!("[credentials]\ncommands = true\n{WAYS}"));
    let json = run(&["providers", "--json", "--config", &allowed], &[], "").await;
    let rows: Vec<Value> = serde_json::from_str(&json.stdout).unwrap();
    assert!(rows.iter().any(|row| row["id"] == "printed" && row["state"] == "configured"), "{}", json.stdout);
    assert!(!json.stdout.contains("canary"), "{}", json.stdout);
}

#[tokio::test]
async fn what_can_be_used_stands_first_and_lines_fit_a_screen() {
    let environment = [("OPENAI_API_KEY", "k"), ("AWS_ACCESS_KEY_ID", "k"), ("XAI_API_KEY", "k")];
    let table = run(&["providers"], &environment, "").await.stdout;
    let ids: Vec<&str> = table.lines().skip(1).step_by(2).filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(ids[..3], ["openai", "xai", "local"], "{table}");
    assert!(ids[3..].is_sorted() && ids.len() > 30, "{ids:?}");
    let bedrock = table.lines().find(|line| line.starts_with("bedrock ")).unwrap();
    assert!(bedrock.contains("needs AWS_SECRET_ACCESS_KEY"), "{bedrock}");
    let widest = table.lines().max_by_key(|line| line.chars().count()).unwrap();
    assert!(widest.chars().count() <= 120, "{widest}");
}

#[tokio::test]
async fn a_key_under_another_name_is_noticed_where_nothing_is_configured() {
    let run = run(&["ask", "hi"], &[("OPENAI_KEY", "canary"), ("GH_TOKEN", "canary")], "").await;
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), "hi\n"), "{}", run.stderr);
    assert!(run.stderr.contains("OPENAI_KEY is set but not read, did you mean OPENAI_API_KEY?"), "{}", run.stderr);
    assert!(!run.stderr.contains("GH_TOKEN") && !run.stderr.contains("canary"), "{}", run.stderr);
}

#[tokio::test]
async fn a_budget_and_a_cache_of_the_environment_are_taken_without_a_word() {
    let environment = [("LLM_DAILY_BUDGET", "25"), ("LLM_ALERT_THRESHOLD", "0.5"), ("LLM_CACHE_ENABLED", "true")];
    let run = run(&["ask", "-m", "local/echo", "hi"], &environment, "").await;
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (Some(0), "hi\n", ""));
}

#[tokio::test]
async fn demo_shows_five_scenes_and_ends_well() {
    let run = run(&["demo"], &[], "").await;
    assert_eq!(run.code, Some(0), "{}\n{}", run.stdout, run.stderr);
    for scene in 1..=5 {
        assert!(run.stdout.contains(&format!("[{scene}/5]")), "{}", run.stdout);
    }
    for words in ["anthropic/echo ok", "attempt 3", "pieces", "quota", "overloaded", "auth"] {
        assert!(run.stdout.contains(words), "no {words:?} in {}", run.stdout);
    }
    assert!(run.stdout.lines().count() <= 45, "one screen: {}", run.stdout);
}

#[tokio::test]
async fn wrong_usage_is_exit_2() {
    assert_eq!(run(&["serve", "--no-such-flag"], &[], "").await.code, Some(2));
    assert_eq!(run(&["call"], &[], "").await.code, Some(2));
}

#[tokio::test]
async fn a_question_must_be_there() {
    for arguments in [&["ask", " "][..], &["ask", "-"], &["ask"]] {
        let run = run(arguments, &[], "\n").await;
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{}", run.stderr);
    }
    let run = run(&["ask", "-"], &[], "from the pipe").await;
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), "from the pipe\n"), "{}", run.stderr);
}

#[tokio::test]
async fn a_reader_that_leaves_is_no_failure() {
    for arguments in [&["providers"][..], &["providers", "--json"], &["demo"], &["ask", "hi"], &["models"], &["prices"]]
    {
        let mut child =
            command(arguments, &[]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && !said.contains("panicked"), "{arguments:?}: {said}");
    }
}

#[tokio::test]
async fn a_variable_that_is_no_text_is_not_ours() {
    let mut command = command(&["providers"], &[]);
    command.env(OsStr::from_bytes(b"ODD_\xff"), "x").env("OPENAI_API_KEY", OsStr::from_bytes(b"\xff\xfe"));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("not configured"));
}

#[tokio::test]
async fn the_model_comes_from_the_argument_or_the_variable_and_blank_ones_do_not_count() {
    let shown = async |arguments: &[&str], environment: &[(&str, &str)]| {
        let run = run(&[&["ask", "--usage", "hi"], arguments].concat(), environment, "").await;
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        run.stderr
    };
    let variable = [("LOQUAT_MODEL", "local/embed"), ("LLM_PRIMARY_PROVIDER", "local")];
    assert!(shown(&["-m", "local/echo"], &variable).await.starts_with("local/echo"), "the argument goes first");
    assert!(shown(&[], &[("LOQUAT_MODEL", "local")]).await.starts_with("local/echo"));
    assert!(
        shown(&[], &[("LOQUAT_MODEL", ""), ("LOQUAT_CONFIG", "")]).await.contains("not an LLM"),
        "the demonstration"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ask_says_when_another_than_the_primary_answered() {
    let emulator = Emulator::start().await.unwrap();
    let (openai, base) = (emulator.openai_url(), emulator.base_url());
    let environment = [
        ("OPENAI_API_KEY", "sk-canary-0123456789"),
        ("OPENAI_BASE_URL", &*openai),
        ("ANTHROPIC_API_KEY", "sk-ant-canary-0123456789"),
        ("ANTHROPIC_BASE_URL", &*base),
        ("LOQUAT_MODEL", "openai/quota"),
        ("LLM_FALLBACK_PROVIDERS", "anthropic/echo"),
    ];
    for more in [&[][..], &["--no-stream"]] {
        let run = run(&[&["ask", "hi"], more].concat(), &environment, "").await;
        assert_eq!((run.code, run.stdout.as_str()), (Some(0), "echo: hi\n"), "{}", run.stderr);
        assert!(run.stderr.contains("note: openai/quota failed (quota), anthropic/echo answered"), "{}", run.stderr);
    }
    let cut = run(&["ask", "-m", "anthropic/words-60+cut-after-3", "hi"], &environment, "").await;
    assert_eq!(cut.code, Some(1), "{}", cut.stderr);
    assert!(cut.stdout.starts_with("word1 ") && cut.stdout.ends_with('\n'), "{:?}", cut.stdout);
    assert!(!cut.stderr.contains("canary"), "{}", cut.stderr);
}

#[tokio::test]
async fn ctrl_c_ends_a_question_that_waits_for_its_input() {
    use std::io::{BufRead as _, BufReader};
    use std::process::Command;

    let mut child =
        command(&["ask", "-"], &[]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let open = child.stdin.take();
    // Its first words come before it reads; the handler of the signal is set by the time it waits.
    let mut said = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut said).unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130), "{said}");
    drop(open);
}
