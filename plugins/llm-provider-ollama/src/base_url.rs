//! The server's address, in every form that people give it.
//!
//! `OLLAMA_HOST` may lack scheme and port, and is often the address the server listens on rather than one to call
//! (ollama `envconfig/config.go`, `Host`, 2026-05). `OLLAMA_BASE_URL` often carries the path of the OpenAI-shaped API,
//! because other clients want it there.

use llm_core::{Error, ErrorKind};

/// The server on this machine.
pub(crate) const DEFAULT: &str = "http://localhost:11434";

/// Scheme, host, port and path without a slash at the end; `/api` and `/v1` are left out of the path.
pub(crate) fn normalize(text: &str) -> Result<String, Error> {
    let text = text.trim().trim_matches(['"', '\'']).trim();
    let (scheme, rest, port) = match text.split_once("://") {
        // The one address that the server's own commands take without a scheme and call with one.
        None if text == "ollama.com" => ("https", text, None),
        None => ("http", text, Some("11434")),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => ("http", rest, None),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => ("https", rest, None),
        Some(_) => return Err(wrong("it must begin with http:// or https://, or with the host")),
    };
    if rest.contains(['?', '#', '@']) || rest.contains(char::is_whitespace) || rest.contains(char::is_control) {
        return Err(wrong("it must be a host with a port and a path, and nothing else"));
    }
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (host, given) = split_port(authority);
    if given.is_some_and(|port| port.parse::<u16>().is_err()) {
        return Err(wrong("the port must be a number up to 65535"));
    }
    // Addresses to listen on are not addresses to call.
    let host = match host {
        "" | "0.0.0.0" => "127.0.0.1",
        "[::]" | "::" => "[::1]",
        host => host,
    };
    let (open, close) = if host.contains(':') && !host.starts_with('[') { ("[", "]") } else { ("", "") };
    let path = path.trim_end_matches('/');
    let path = path.strip_suffix("/api").or_else(|| path.strip_suffix("/v1")).unwrap_or(path).trim_end_matches('/');
    let port = given.or(port).map_or_else(String::new, |port| format!(":{port}"));
    Ok(format!("{scheme}://{open}{host}{close}{port}{path}"))
}

/// Host and port; an IPv6 address without brackets has no port.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, _)) if host.contains(':') && !host.ends_with(']') => (authority, None),
        Some((host, "")) => (host, None),
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

fn wrong(what: &str) -> Error {
    Error::new(ErrorKind::Config, format!("reading the address of ollama (base_url, OLLAMA_HOST): {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(normalize(text).unwrap(), expected, "{text}");
    }

    #[test]
    fn scheme_and_port_may_be_missing() {
        check("localhost", "http://localhost:11434");
        check("gpu-box:8080", "http://gpu-box:8080");
        check(":8080", "http://127.0.0.1:8080");
        check("", "http://127.0.0.1:11434");
        check(" \"10.0.0.2\" ", "http://10.0.0.2:11434");
        check("::1", "http://[::1]:11434");
        check("[::1]:8080", "http://[::1]:8080");
        check("[2001:db8::1]", "http://[2001:db8::1]:11434");
        check("gpu-box:", "http://gpu-box:11434");
        check("ollama.com", "https://ollama.com");
    }

    #[test]
    fn a_url_is_taken_as_it_is() {
        check("https://ollama.com", "https://ollama.com");
        check("HTTPS://ollama.com/", "https://ollama.com");
        check("http://gpu-box", "http://gpu-box");
        check("http://localhost:11434/", "http://localhost:11434");
        check("https://proxy.test/ollama/", "https://proxy.test/ollama");
        check("http://replay.invalid", "http://replay.invalid");
    }

    #[test]
    fn paths_of_the_api_are_left_out() {
        check("http://localhost:11434/v1", "http://localhost:11434");
        check("http://localhost:11434/api/", "http://localhost:11434");
        check("localhost:11434/proxy/v1/", "http://localhost:11434/proxy");
    }

    #[test]
    fn an_address_to_listen_on_becomes_one_to_call() {
        check("0.0.0.0", "http://127.0.0.1:11434");
        check("http://0.0.0.0:8080", "http://127.0.0.1:8080");
        check("[::]:8080", "http://[::1]:8080");
    }

    #[test]
    fn what_is_no_address_is_refused_without_being_repeated() {
        for text in ["ftp://host", "http://user:secret@host", "host:99999", "host:secret", "host name", "host?x=secret"]
        {
            let error = normalize(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(!error.message().contains("secret"), "{error}");
        }
    }
}
