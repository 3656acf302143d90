//! What can be set about the transport. Values only: the host reads files and the environment.

use std::borrow::Cow;
use std::time::Duration;

use llm_core::Secret;

/// Settings of an [`HttpTransport`](crate::HttpTransport).
///
/// ```
/// use std::time::Duration;
/// use llm_http::{HttpConfig, Proxy};
///
/// let config = HttpConfig::default()
///     .with_connect_timeout(Duration::from_secs(2))
///     .with_proxy(Proxy::Url("http://user:password@proxy.test:3128".into()));
/// assert!(!format!("{config:?}").contains("password"));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HttpConfig {
    /// Longest time for name look-up, TCP and TLS together. Default 5 s.
    pub connect_timeout: Duration,
    /// How long an unused connection is kept. Default 90 s.
    pub pool_idle_timeout: Duration,
    /// How many unused connections are kept for each host. Default 64.
    pub pool_max_idle_per_host: usize,
    /// The proxy. Default none: variables of the environment change nothing unless they are given here.
    pub proxy: Proxy,
    /// Refuses addresses without TLS. Default off, for servers on this machine.
    pub https_only: bool,
    /// Most bytes of one response's headers, names and values. Default 64 KiB.
    pub max_header_bytes: u32,
    /// Most bytes of one response's body, streams included. Default 256 MiB.
    pub max_body_bytes: u64,
    /// What the transport calls itself. Default `loquat/` and the version.
    pub user_agent: Cow<'static, str>,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            pool_idle_timeout: Duration::from_secs(90),
            pool_max_idle_per_host: 64,
            proxy: Proxy::None,
            https_only: false,
            max_header_bytes: 64 << 10,
            max_body_bytes: 256 << 20,
            user_agent: Cow::Borrowed(concat!("loquat/", env!("CARGO_PKG_VERSION"))),
        }
    }
}

impl HttpConfig {
    /// With another time for connecting.
    pub fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// With other limits on unused connections.
    pub fn with_pool(mut self, idle_timeout: Duration, max_idle_per_host: usize) -> Self {
        (self.pool_idle_timeout, self.pool_max_idle_per_host) = (idle_timeout, max_idle_per_host);
        self
    }

    /// With a proxy.
    pub fn with_proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = proxy;
        self
    }

    /// With addresses without TLS refused, or not.
    pub fn with_https_only(mut self, https_only: bool) -> Self {
        self.https_only = https_only;
        self
    }

    /// With other limits on the bytes of a response's headers and body.
    pub fn with_limits(mut self, header_bytes: u32, body_bytes: u64) -> Self {
        (self.max_header_bytes, self.max_body_bytes) = (header_bytes, body_bytes);
        self
    }

    /// With another name for itself.
    pub fn with_user_agent(mut self, user_agent: impl Into<Cow<'static, str>>) -> Self {
        self.user_agent = user_agent.into();
        self
    }
}

/// Through which proxy requests go. Addresses are secrets: they may hold a password.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Proxy {
    /// None, whatever the environment says.
    #[default]
    None,
    /// This one, for every address.
    Url(Secret),
    /// The ones that the environment names, as values.
    Environment(ProxyEnvironment),
}

/// The values of the conventional proxy variables.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ProxyEnvironment {
    /// `https_proxy`.
    pub https: Option<Secret>,
    /// `http_proxy`.
    pub http: Option<Secret>,
    /// `all_proxy`.
    pub all: Option<Secret>,
    /// `no_proxy`: hosts that are reached without one.
    pub none: Option<String>,
}

impl ProxyEnvironment {
    /// Asks `lookup` for each variable, in lower case and then in upper case; blank ones count as not set.
    ///
    /// `HTTP_PROXY` is not asked for: in CGI-like surroundings a request header can set it.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let first =
            |names: &[&str]| names.iter().filter_map(|name| lookup(name)).find(|value| !value.trim().is_empty());
        Self {
            https: first(&["https_proxy", "HTTPS_PROXY"]).map(Secret::from),
            http: first(&["http_proxy"]).map(Secret::from),
            all: first(&["all_proxy", "ALL_PROXY"]).map(Secret::from),
            none: first(&["no_proxy", "NO_PROXY"]),
        }
    }
}
