//! The clients of reqwest, and every decision that is made when one is built.

use std::sync::OnceLock;

use llm_core::{Error, ErrorKind, Progress, Secret};

use crate::config::{HttpConfig, Proxy};

/// One client without certificates and one with, both with the same settings.
///
/// Reading the machine's certificates takes milliseconds, and fails where there are none: only an address that needs
/// TLS pays for it, so that a server on this machine is reached from a bare container too.
pub(crate) struct Clients {
    plain: reqwest::Client,
    tls: OnceLock<Result<reqwest::Client, Error>>,
    config: HttpConfig,
}

impl Clients {
    pub(crate) fn new(config: &HttpConfig) -> Result<Self, Error> {
        let plain = builder(config)?.tls_certs_only([]).build().map_err(|error| {
            let message = "setting up the http client: the user agent or the proxy is not usable";
            Error::new(ErrorKind::Config, message).with_progress(Progress::NotSent).with_source(error.without_url())
        })?;
        Ok(Self { plain, tls: OnceLock::new(), config: config.clone() })
    }

    /// The client for an address with this scheme.
    pub(crate) fn of(&self, scheme: &str) -> Result<&reqwest::Client, Error> {
        // A proxy may itself be spoken to over TLS.
        if scheme == "http" && matches!(self.config.proxy, Proxy::None) { Ok(&self.plain) } else { self.tls() }
    }

    /// The client with the machine's certificates.
    pub(crate) fn tls(&self) -> Result<&reqwest::Client, Error> {
        let client = self.tls.get_or_init(|| {
            builder(&self.config)?.build().map_err(|error| {
                let message = "setting up TLS: the machine's certificates cannot be read; install ca-certificates or set \
                               SSL_CERT_FILE";
                Error::new(ErrorKind::Config, message).with_progress(Progress::NotSent).with_source(error.without_url())
            })
        });
        client.as_ref().map_err(Clone::clone)
    }
}

fn builder(config: &HttpConfig) -> Result<reqwest::ClientBuilder, Error> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one constructor: redirects, proxies and limits are decided here"
    )]
    let builder = reqwest::Client::builder();
    let mut builder = builder
        // A redirect would carry headers with keys to another address.
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        // The driver owns all attempts. With 0 the client also makes no copy of every request.
        .retry(reqwest::retry::never().max_retries_per_request(0))
        .no_proxy()
        .tcp_nodelay(true)
        .connect_timeout(config.connect_timeout)
        .pool_idle_timeout(config.pool_idle_timeout)
        .pool_max_idle_per_host(config.pool_max_idle_per_host)
        .http2_max_header_list_size(config.max_header_bytes)
        .user_agent(&*config.user_agent);
    for proxy in proxies(&config.proxy)? {
        builder = builder.proxy(proxy);
    }
    Ok(builder)
}

fn proxies(proxy: &Proxy) -> Result<Vec<reqwest::Proxy>, Error> {
    type Make = fn(&str) -> reqwest::Result<reqwest::Proxy>;
    let one = |what: &str, url: &Secret, make: Make| {
        // The cause may repeat the address, and that a password.
        make(url.expose()).map_err(|_| {
            let message = format!("reading {what}: it is not the address of a proxy, as in http://proxy.example:3128");
            Error::new(ErrorKind::Config, message).with_progress(Progress::NotSent)
        })
    };
    match proxy {
        Proxy::None => Ok(Vec::new()),
        Proxy::Url(url) => Ok(vec![one("the proxy", url, |url| reqwest::Proxy::all(url))?]),
        Proxy::Environment(environment) => {
            let all: [(&str, &Option<Secret>, Make); 3] = [
                ("https_proxy", &environment.https, |url| reqwest::Proxy::https(url)),
                ("http_proxy", &environment.http, |url| reqwest::Proxy::http(url)),
                ("all_proxy", &environment.all, |url| reqwest::Proxy::all(url)),
            ];
            let none = environment.none.as_deref().and_then(reqwest::NoProxy::from_string);
            let given = all.into_iter().filter_map(|(what, url, make)| Some((what, url.as_ref()?, make)));
            given.map(|(what, url, make)| Ok(one(what, url, make)?.no_proxy(none.clone()))).collect()
        }
    }
}
