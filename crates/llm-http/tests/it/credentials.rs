//! Keys stay with the address they are for, and out of everything that is shown.

use http::HeaderValue;
use llm_core::{Error, ErrorKind, HttpRequest, Transport as _};
use llm_http::{HttpConfig, Proxy, ProxyEnvironment};

use crate::upstream::{Act, Upstream, transport, transport_with};

const KEY: &str = "canary-key-0123456789";

fn with_key(mut request: HttpRequest) -> HttpRequest {
    let mut value = HeaderValue::from_static(KEY);
    value.set_sensitive(true);
    request.headers.insert("x-api-key", value);
    request
}

/// Neither key, query, path nor prompt stands in anything that a log could show of an error.
fn shows_nothing(error: &Error) {
    let mut all = format!("{error} {error:?} {error:#?}");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        all = format!("{all} {cause} {cause:?}");
        source = cause.source();
    }
    for secret in [KEY, "query-mark", "/v1/chat", "prompt-mark", "x-api-key"] {
        assert!(!all.contains(secret), "{secret} stands in {all}");
    }
}

#[tokio::test]
async fn no_credential_crosses_a_redirect() {
    let other = Upstream::new(vec![Act::Write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")]).await;
    for status in
        ["301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"]
    {
        let answer = format!("HTTP/1.1 {status}\r\nlocation: http://{}/\r\ncontent-length: 0\r\n\r\n", other.address);
        let upstream = Upstream::new(vec![Act::Write(answer.leak())]).await;
        let (transport, cx) = transport();
        let response = transport.send(&cx, with_key(upstream.request())).await.unwrap();
        assert_eq!(response.status.as_str(), &status[..3]);
        assert!(upstream.requests.lock().unwrap()[0].contains(KEY));
    }
    assert_eq!(*other.connections.lock().unwrap(), 0);
}

#[tokio::test]
async fn errors_show_the_host_and_nothing_else() {
    let refused = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let (transport, cx) = transport();
    let url = format!("http://{refused}/v1/chat?q=query-mark");
    let error = transport.send(&cx, with_key(HttpRequest::post_json(url, "prompt-mark"))).await.unwrap_err();
    assert!(error.message().contains(&refused.to_string()), "{error}");
    shows_nothing(&error);

    for answer in ["", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\ncut", "no http at all query-mark\r\n\r\n"] {
        let upstream = Upstream::new(vec![Act::Write(answer), Act::Close]).await;
        let error = match transport.send(&cx, with_key(upstream.request())).await {
            Ok(response) => response.body.collect(100).await.unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(error.kind(), ErrorKind::Network);
        assert!(error.message().contains("127.0.0.1"), "{error}");
        shows_nothing(&error);
    }
}

#[tokio::test]
async fn refuses_addresses_that_hold_a_password_or_are_none() {
    let (transport, cx) = transport();
    for url in ["http://user:canary-key-0123456789@127.0.0.1/v1/chat", "ftp://127.0.0.1/v1/chat", "/v1/chat", "http://"]
    {
        let error = transport.send(&cx, HttpRequest::get(url)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{url}");
        assert!(error.message().contains("base url"), "{error}");
        shows_nothing(&error);
    }
}

#[tokio::test]
async fn refuses_http_where_only_https_is_allowed() {
    let upstream = Upstream::new(vec![]).await;
    let (transport, cx) = transport_with(&HttpConfig::default().with_https_only(true));
    let error = transport.send(&cx, upstream.request()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(*upstream.connections.lock().unwrap(), 0);
}

#[tokio::test]
async fn goes_through_a_proxy_only_when_told() {
    let proxy = Upstream::new(vec![Act::Write("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nproxy")]).await;
    let direct = Upstream::new(vec![Act::Write("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\ndirect")]).await;
    let address = format!("http://user:secret-word@{}", proxy.address);
    let environment = |none: Option<&str>| {
        let none = none.map(str::to_owned);
        Proxy::Environment(ProxyEnvironment::from_lookup(move |name| match name {
            "http_proxy" => Some(address.clone()),
            "no_proxy" => none.clone(),
            _ => None,
        }))
    };
    let cases = [
        (Proxy::None, "direct"),
        (Proxy::Url(format!("http://{}", proxy.address).into()), "proxy"),
        (environment.clone()(None), "proxy"),
        (environment(Some("127.0.0.1")), "direct"),
    ];
    for (proxy, expected) in cases {
        let config = HttpConfig::default().with_proxy(proxy);
        assert!(!format!("{config:?}").contains("secret-word"));
        let (transport, cx) = transport_with(&config);
        let response = transport.send(&cx, direct.request()).await.unwrap();
        assert_eq!(response.body.collect(100).await.unwrap(), expected);
    }
}

#[test]
fn a_proxy_that_is_none_is_an_error_that_does_not_show_it() {
    let config = HttpConfig::default().with_proxy(Proxy::Url("http://canary-key-0123456789:x@".into()));
    let error = llm_http::HttpTransport::new(&config).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    shows_nothing(&error);
}

#[test]
fn proxy_variables_are_read_in_lower_case_first_and_blank_ones_are_not_set() {
    let environment = ProxyEnvironment::from_lookup(|name| match name {
        "https_proxy" => Some(" ".to_owned()),
        "HTTPS_PROXY" | "HTTP_PROXY" | "ALL_PROXY" => Some(format!("http://{name}")),
        _ => None,
    });
    assert_eq!(environment.https.unwrap().expose(), "http://HTTPS_PROXY");
    assert_eq!(environment.all.unwrap().expose(), "http://ALL_PROXY");
    assert!(environment.http.is_none() && environment.none.is_none());
}
