//! What the machine gives: without certificates only addresses that need TLS fail, and its proxy variables change nothing.

use std::process::Command;

use llm_core::{ErrorKind, HttpRequest, Progress, Transport as _};

use crate::upstream::{Act, Upstream, transport};

#[test]
fn without_certificates_only_tls_fails_and_proxy_variables_change_nothing() {
    let test = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "machine::run_by_the_test_above", "--ignored"])
        .env("SSL_CERT_FILE", "/nonexistent")
        .env("SSL_CERT_DIR", "/nonexistent")
        .envs(["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"].map(|name| (name, "http://127.0.0.1:9")))
        .env_remove("no_proxy")
        .env_remove("NO_PROXY")
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&test.stdout);
    assert!(test.status.success() && output.contains("1 passed"), "{output}");
}

#[tokio::test]
#[ignore = "needs the variables that the test above sets"]
async fn run_by_the_test_above() {
    let upstream = Upstream::new(vec![Act::Write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")]).await;
    let (transport, cx) = transport();
    let response = transport.send(&cx, upstream.request()).await.unwrap();
    assert_eq!(response.body.collect(10).await.unwrap(), "ok");

    let error = transport.send(&cx, HttpRequest::get("https://127.0.0.1/")).await.unwrap_err();
    assert_eq!((error.kind(), error.progress()), (ErrorKind::Config, Progress::NotSent));
    assert!(error.message().contains("ca-certificates"), "{error}");
    assert_eq!(transport.prepare_tls().unwrap_err().kind(), ErrorKind::Config);
}
