//! AWS Signature Version 4 ("Signing AWS API requests", read 2026-11): pure functions, the time is an argument.

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use hmac_sha256::{HMAC, Hash};

/// What is signed of a request. Header names are in lower case and sorted.
pub(crate) struct Signed<'a> {
    pub(crate) method: &'a str,
    /// The path as it stands in the URL, percent-encoded once.
    pub(crate) path: &'a str,
    /// The query as it stands in the URL, percent-encoded, without `?`.
    pub(crate) query: &'a str,
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: &'a [u8],
}

/// For whom and where it is signed.
pub(crate) struct Scope<'a> {
    pub(crate) access_key_id: &'a str,
    pub(crate) secret_access_key: &'a str,
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
}

/// The value of the header `authorization`; `date` is [`timestamp`]'s.
pub(crate) fn authorization(request: &Signed<'_>, scope: &Scope<'_>, date: &str) -> String {
    let day = date.get(..8).unwrap_or(date);
    let credential = format!("{day}/{}/{}/aws4_request", scope.region, scope.service);
    let names: Vec<&str> = request.headers.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let canonical = canonical(request, &names);
    let to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{credential}\n{}", hex(&Hash::hash(canonical.as_bytes())));
    let mut key = HMAC::mac(day, format!("AWS4{}", scope.secret_access_key));
    for part in [scope.region, scope.service, "aws4_request", &to_sign] {
        key = HMAC::mac(part, key);
    }
    let (id, signature) = (scope.access_key_id, hex(&key));
    format!("AWS4-HMAC-SHA256 Credential={id}/{credential}, SignedHeaders={names}, Signature={signature}")
}

/// The request in the one form that is hashed.
fn canonical(request: &Signed<'_>, names: &str) -> String {
    let mut out = String::with_capacity(512);
    let _ = writeln!(out, "{}\n{}\n{}", request.method, canonical_path(request.path), canonical_query(request.query));
    for (name, value) in request.headers {
        let _ = writeln!(out, "{name}:{}", value.split_ascii_whitespace().collect::<Vec<_>>().join(" "));
    }
    let _ = write!(out, "\n{names}\n{}", hex(&Hash::hash(request.body)));
    out
}

/// Every service but S3 encodes the path a second time.
fn canonical_path(path: &str) -> String {
    let mut out = String::with_capacity(path.len() + 16);
    for byte in path.bytes() {
        push_encoded(byte, b'/', &mut out);
    }
    if out.is_empty() { "/".to_owned() } else { out }
}

/// The query's parts in order; a name without a value has an empty one.
fn canonical_query(query: &str) -> String {
    let mut parts: Vec<(&str, &str)> = query
        .split('&')
        .filter(|part| !part.is_empty())
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .collect();
    parts.sort_unstable();
    let parts: Vec<String> = parts.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    parts.join("&")
}

/// A text as one segment of a path or one value of a query.
pub(crate) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for byte in text.bytes() {
        push_encoded(byte, b'~', &mut out);
    }
    out
}

fn push_encoded(byte: u8, also: u8, out: &mut String) {
    if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') || byte == also {
        out.push(char::from(byte));
    } else {
        let _ = write!(out, "%{byte:02X}");
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// A time as AWS writes it: `20150830T123600Z`.
pub(crate) fn timestamp(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let [year, month, day, hour, minute, second] = llm_wire::utc(seconds);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const DATE: &str = "20150830T123600Z";
    const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
    const JSON: (&str, &str) = ("content-type", "application/json");

    struct Case<'a> {
        service: &'a str,
        method: &'a str,
        host: &'a str,
        path: &'a str,
        query: &'a str,
        more: &'a [(&'a str, &'a str)],
        body: &'a str,
    }

    /// The key, the date and the region of AWS's own test suite for this signature.
    fn check(case: &Case<'_>, signature: &str) {
        let mut headers = vec![("host", case.host), ("x-amz-date", DATE)];
        headers.extend(case.more);
        headers.sort_unstable();
        let request = Signed {
            method: case.method,
            path: case.path,
            query: case.query,
            headers: &headers,
            body: case.body.as_bytes(),
        };
        let scope = Scope {
            access_key_id: "AKIDEXAMPLE",
            secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            region: "us-east-1",
            service: case.service,
        };
        let authorization = authorization(&request, &scope, DATE);
        let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        let expected = format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/{}/aws4_request, SignedHeaders={}, Signature={signature}",
            case.service,
            names.join(";")
        );
        assert_eq!(authorization, expected);
    }

    #[test]
    fn the_published_test_vectors_hold() {
        let get = Case {
            service: "service",
            method: "GET",
            host: "example.amazonaws.com",
            path: "/",
            query: "",
            more: &[],
            body: "",
        };
        // get-vanilla, get-vanilla-query-order-key-case, post-vanilla, post-x-www-form-urlencoded
        check(&get, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
        let query = Case { query: "Param2=value2&Param1=value1", ..get };
        check(&query, "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
        let post = Case { method: "POST", ..get };
        check(&post, "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
        let form = Case { more: &[FORM], body: "Param1=value1", ..post };
        check(&form, "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a");
    }

    /// As botocore 1.44 signs them.
    #[test]
    fn paths_of_models_are_encoded_twice() {
        let model = Case {
            service: "bedrock",
            method: "POST",
            host: "bedrock-runtime.us-east-1.amazonaws.com",
            path: "/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse",
            query: "",
            more: &[JSON],
            body: r#"{"messages":[]}"#,
        };
        check(&model, "dba7f2f77cc33808be655f27b8ebf1d1b1d77751fc96dad0bd71e020cb07c442");
        let arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc";
        let path = format!("/model/{}/converse", encoded(arn));
        let more = [JSON, ("x-amz-security-token", "token/with+signs==")];
        let profile = Case { path: &path, more: &more, body: "{}", ..model };
        check(&profile, "c47658d55d83e8fc72d9c8c7f99339f14cd26ab4628338eb04a05827fef5da7d");
        let list = Case {
            method: "GET",
            host: "bedrock.us-east-1.amazonaws.com",
            path: "/inference-profiles",
            query: "nextToken=a%2Fb%3D&maxResults=1000",
            more: &[],
            body: "",
            ..model
        };
        check(&list, "a407c3502ceeb50f2a2bb7ff06eadd2b038792bba1fbba9a327896c245563b34");
    }

    #[test]
    fn times_are_written_as_aws_does() {
        let check = |seconds, expected| assert_eq!(timestamp(UNIX_EPOCH + Duration::from_secs(seconds)), expected);
        check(0, "19700101T000000Z");
        check(1_440_938_160, DATE);
        check(951_782_399, "20000228T235959Z");
        check(951_868_800, "20000301T000000Z");
        check(1_709_164_800, "20240229T000000Z");
        check(4_102_444_799, "20991231T235959Z");
    }
}
